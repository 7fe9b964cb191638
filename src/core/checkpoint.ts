// What kinds of checkpoints there are, and what a backup remembers of those in its log.
import type { Timestamp } from './backup.ts';
import type { CheckpointId, LogPosition } from './ids.ts';

/**
 * What a checkpoint is made for. Both are the same cut. At a `backup` each partition takes its backup; a `marker` is a
 * point to restore to and uploads nothing: the log of a later backup holds it. Absent, in what was written before there
 * were markers, reads as `backup`.
 */
export type CheckpointType = 'backup' | 'marker';

/** A checkpoint whose record is in the log of a backup, above the backup's snapshot. */
export interface RecordedCheckpoint {
  readonly checkpointId: CheckpointId;
  /** The position of its record in this partition's log. */
  readonly position: LogPosition;
  readonly type: CheckpointType;
  /** When its record was appended, by the clock of the partition's leader. */
  readonly timestamp: Timestamp;
}
