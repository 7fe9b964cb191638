// How far a restore has come, as it is told.
import type { PartitionId } from './ids.ts';

/** Files and bytes, done and to do. */
export interface RestoreCounts {
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Of `bytesDone`, those that were there already and were not fetched. */
  readonly bytesKept: number;
}

/** How far a restore has come: overall, and per partition in ascending order. */
export interface RestoreProgress extends RestoreCounts {
  readonly partitions: readonly PartitionRestoreProgress[];
}

export interface PartitionRestoreProgress extends RestoreCounts {
  readonly partitionId: PartitionId;
}
