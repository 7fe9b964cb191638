// What every operation of Zeebe's layout works with. Passed along as one thing; holds no state.
import type { Clock, Random } from '../../ports/environment.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { Logger } from '../../ports/telemetry.ts';

/** The settings of the store with every default filled in. */
export interface ZeebeLayoutValues {
  readonly compression: 'zstd' | 'none';
  readonly chunkSizeBytes: number;
  readonly chunksInFlight: number;
}

export interface ZeebeLayout {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly values: ZeebeLayoutValues;
}
