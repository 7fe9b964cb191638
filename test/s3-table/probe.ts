// What a probe is given: one bucket, reached by our storage and by the plain SDK, and a prefix of its own.
import type { S3Client } from '@aws-sdk/client-s3';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import type { S3Place } from '../contract/s3-subjects.ts';

export interface ProbeTools {
  readonly place: S3Place;
  readonly storage: ObjectStorage;
  /** Attempts everything once, and adds no checksum that was not asked for. */
  readonly client: S3Client;
  /** Ends in `/`. */
  readonly prefix: string;
}

/** One question to a server, and the answer as a cell of the table. */
export interface Probe {
  readonly question: string;
  run(tools: ProbeTools): Promise<string>;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** `refused (400 BadDigest)`, or undefined when the request went well. */
export async function refusal(request: Promise<unknown>): Promise<string | undefined> {
  try {
    await request;
    return undefined;
  } catch (cause) {
    const { name, $metadata } = cause as Error & { $metadata?: { httpStatusCode?: number } };
    return `refused (${$metadata?.httpStatusCode ?? 'no answer'} ${name})`;
  }
}
