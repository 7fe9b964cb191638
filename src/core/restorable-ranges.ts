// From when to when a cluster can be brought back, as it is told. Shapes only.
import type { Timestamp } from './backup.ts';
import type { CheckpointType } from './checkpoint.ts';
import type { CheckpointId, PartitionId } from './ids.ts';

/** A checkpoint that every partition of one completed backup can be restored to. */
export interface RestorablePoint {
  readonly checkpointId: CheckpointId;
  readonly type: CheckpointType;
  /**
   * The latest of its partitions' times, each by the clock of that partition's leader; never earlier than that of a
   * point before it in the same backup. Nothing in it was appended later, by those clocks.
   */
  readonly timestamp: Timestamp;
  /** By how much the partitions' own times differ: the way of the trigger and the skew of the clocks. */
  readonly spreadMs: number;
  /** The backup that it is restored from. */
  readonly backupId: CheckpointId;
}

/** Points without a gap between them: no marker was made in between that is in no backup. */
export interface RestorableRange {
  readonly from: RestorablePoint;
  readonly to: RestorablePoint;
  readonly points: number;
  /** The backups that hold them, oldest first. */
  readonly backups: readonly CheckpointId[];
}

/**
 * Why nothing between two ranges can be restored.
 * - `reach`: on these partitions the later backup begins with a snapshot that is newer than the earlier backup.
 * - `unrecorded`: on these partitions the later backup does not tell which points its log has.
 * - `history`: the later backup does not follow the earlier one: the cluster was restored in between.
 */
export type GapReason = 'reach' | 'unrecorded' | 'history';

export interface RestorableGap {
  /** The end of the range before it. */
  readonly after: RestorablePoint;
  /** The beginning of the range behind it. */
  readonly before: RestorablePoint;
  readonly reason: GapReason;
  /** In ascending order; all of them where the reason is `history`. */
  readonly partitions: readonly PartitionId[];
}

/** Oldest first; between two ranges there is one gap. Both empty where no backup is COMPLETED. */
export interface RestorableRanges {
  readonly ranges: readonly RestorableRange[];
  readonly gaps: readonly RestorableGap[];
}
