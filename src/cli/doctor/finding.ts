// What one check of the doctor found, and what a check is given. Plain shapes.
import type { StoreError } from '../../core/errors.ts';
import type { Clock } from '../../ports/environment.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';

/** `warning`: backups work, and something is not as good as it could be. */
export type FindingState = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  readonly check: string;
  readonly state: FindingState;
  /** What was seen. */
  readonly found: string;
  /** What it means and what to do next; absent when nothing is to be done. */
  readonly advice?: string;
  /** What the store ended with, when that is why. */
  readonly error?: StoreError;
}

/** What every check works with. */
export interface CheckTools {
  /** The place of the backups, below its base path. Nothing is sent twice but what failed in a way that passes. */
  readonly storage: ObjectStorage;
  /** All keys that a check writes lie under it. Ends in `/`. */
  readonly scratch: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The size of a chunk in the configured layout, in bytes. */
  readonly chunkSizeBytes: number;
  readonly layout: 'tidemark' | 'zeebe';
  /** Whether it is a bucket: then what is denied is told by the names of S3's actions. */
  readonly isBucket: boolean;
}

/** One or more findings about one question. May throw the error that a call ended with: that is a failed finding. */
export interface Check {
  readonly name: string;
  run(tools: CheckTools): Promise<readonly Omit<Finding, 'check'>[]>;
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
