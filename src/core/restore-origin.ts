// What restored data came from, as a restore notes it beside the data. A shape only.
import type { Timestamp } from './backup.ts';
import type { CheckpointId, LogPosition, NodeId, PartitionId } from './ids.ts';

/** What a place was restored from. The broker may have written since: it tells the beginning, not what is there. */
export interface RestoreOrigin {
  readonly backupId: CheckpointId;
  /** Where the partitions end: the backup, or a point within it. */
  readonly checkpointId: CheckpointId;
  /** The time that was asked for, when it was restored to a time. */
  readonly time?: Timestamp | undefined;
  /** The cluster, where the restore was told its name. */
  readonly clusterId?: string | undefined;
  readonly restoredAt: Timestamp;
  /** In ascending order. Empty on a node that holds none. */
  readonly partitions: readonly OriginPartition[];
}

export interface OriginPartition {
  readonly partitionId: PartitionId;
  /** Whose copy was taken. */
  readonly nodeId: NodeId;
  /** The last record of its log. */
  readonly position: LogPosition;
}
