// The objects and the unfinished uploads of one bucket, in memory. Tests look into it behind the client's back.
import { createHash } from 'node:crypto';
import { compareKeys } from '../../objects/object-key.ts';
import type { Clock } from '../../ports/environment.ts';

/** An object as the server has it. */
export interface S3StoredObject {
  readonly bytes: Uint8Array;
  /** With its quotes. */
  readonly etag: string;
  /** Milliseconds since 1970. */
  readonly lastModified: number;
}

export interface S3StoredUpload {
  readonly key: string;
  /** By part number, from 1 on. */
  readonly parts: Map<number, Uint8Array>;
}

/** A bucket that does what it is told. */
export class S3Bucket {
  readonly name: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #objects = new Map<string, S3StoredObject>();
  /** By upload id: what was begun, and neither completed nor aborted. */
  readonly uploads = new Map<string, S3StoredUpload>();
  #begun = 0;

  constructor(name: string, clock: Pick<Clock, 'now'>) {
    this.name = name;
    this.#clock = clock;
  }

  get(key: string): S3StoredObject | undefined {
    return this.#objects.get(key);
  }

  put(key: string, bytes: Uint8Array): S3StoredObject {
    const object = {
      bytes: Uint8Array.from(bytes),
      etag: etagOf(bytes),
      lastModified: this.#clock.now(),
    };
    this.#objects.set(key, object);
    return object;
  }

  delete(key: string): void {
    this.#objects.delete(key);
  }

  /** In the order of their UTF-8 bytes. */
  keys(): string[] {
    return [...this.#objects.keys()].sort(compareKeys);
  }

  /** Gives the id of the upload. */
  startUpload(key: string): string {
    this.#begun += 1;
    const id = `upload-${this.#begun}`;
    this.uploads.set(id, { key, parts: new Map() });
    return id;
  }
}

/** The MD5 in quotes, as S3 has it for what was sent in one piece. */
export function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
