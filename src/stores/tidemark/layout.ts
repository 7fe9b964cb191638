// What every operation of the native layout works with: an object storage, the environment, and settings that
// have their values. Passed along as one thing; holds no state.
import type { Clock, LoadProbe, Random } from '../../ports/environment.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { Logger } from '../../ports/telemetry.ts';
import type { ByteRate } from '../byte-rate.ts';
import type { ChunkMemories } from '../chunk-memory.ts';
import type { MasterKey, PlaceKeys } from './place-keys.ts';

/** The settings of a native store with every default filled in. */
export interface LayoutValues {
  readonly clusterId: string | undefined;
  readonly chunkSizeBytes: number;
  readonly chunksInFlight: number;
  readonly maxBytesPerSecond: number | undefined;
  readonly compression: 'auto' | 'none';
  /** Versions of files are written down and not believed. */
  readonly readEverything: boolean;
  readonly heartbeatMs: number;
  readonly staleAfterMs: number;
  /** The first wraps and all open. Empty: nothing is encrypted. */
  readonly encryptionKeys: readonly MasterKey[];
}

export interface Layout {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly values: LayoutValues;
  /** What saves are encrypted with, and what opens those that are. */
  readonly keys: PlaceKeys;
  /** Where chunks are while they are sent and received. */
  readonly memories: ChunkMemories;
  /** What the chunks of all saves and reads wait for, where there is a limit. */
  readonly rate?: ByteRate | undefined;
  /** What saves give way to, where there is a probe. */
  readonly load?: LoadProbe | undefined;
}

/** The full name of an object, for errors and logs. */
export function objectName(storage: ObjectStorage, key: string): string {
  return `${storage.location}/${key}`;
}
