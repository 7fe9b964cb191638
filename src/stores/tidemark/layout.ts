// What every operation of the native layout works with: an object storage, the environment, and settings that
// have their values. Passed along as one thing; holds no state.
import type { Clock, Random } from '../../ports/environment.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { Logger } from '../../ports/telemetry.ts';

/** The settings of a native store with every default filled in. */
export interface LayoutValues {
  readonly clusterId: string | undefined;
  readonly chunkSizeBytes: number;
  readonly chunksInFlight: number;
  readonly compression: 'auto' | 'none';
  readonly heartbeatMs: number;
  readonly staleAfterMs: number;
}

export interface Layout {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly values: LayoutValues;
}

/** The full name of an object, for errors and logs. */
export function objectName(storage: ObjectStorage, key: string): string {
  return `${storage.location}/${key}`;
}
