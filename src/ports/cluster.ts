// How the coordinator and the aggregator reach the partitions. A broker implements it once per cluster.
// Plain promises that may throw: a rejection means that the partition could not be asked.
import type { CheckpointType } from '../core/checkpoint.ts';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import type { BackupStatus } from '../core/status.ts';

/** Which partitions there are. */
export interface Topology {
  /** The number of partitions the cluster is configured with, and those whose leader is known now. */
  partitions(): Promise<{ readonly expected: number; readonly known: readonly PartitionId[] }>;
}

/** A partition's answer to a CREATE: whether this command made the checkpoint, and the latest checkpoint after it. */
export interface TakeBackupResponse {
  readonly created: boolean;
  readonly checkpointId: CheckpointId;
  /** The type of that latest checkpoint. Absent reads as `backup`. */
  readonly type?: CheckpointType | undefined;
}

/** Which backups to list: newest first, below `before` if given, at most `limit` checkpoints (not rows). */
export interface ListBackupsQuery {
  readonly before?: CheckpointId | undefined;
  readonly limit?: number | undefined;
}

/** Carries the requests to the current leader of a partition, wherever it runs. */
export interface PartitionBackupClient {
  /** Appends the CREATE command to the partition's log and answers once it is processed. */
  take(
    partitionId: PartitionId,
    checkpointId: CheckpointId,
    signal: AbortSignal,
  ): Promise<TakeBackupResponse>;
  /** As `take`, with a CREATE of type `marker`. Absent where the broker makes no markers. */
  mark?(
    partitionId: PartitionId,
    checkpointId: CheckpointId,
    signal: AbortSignal,
  ): Promise<TakeBackupResponse>;
  /** The best copy's status; DOES_NOT_EXIST when there is none. */
  status(partitionId: PartitionId, checkpointId: CheckpointId, signal: AbortSignal): Promise<BackupStatus>;
  /** The partition's backups, newest first, one row per copy. */
  list(
    partitionId: PartitionId,
    query: ListBackupsQuery,
    signal: AbortSignal,
  ): Promise<readonly BackupStatus[]>;
  /** Deletes every copy. Deleting what is not there succeeds. */
  delete(partitionId: PartitionId, checkpointId: CheckpointId, signal: AbortSignal): Promise<void>;
}
