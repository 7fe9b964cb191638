// What a scheduler needs of the cluster and of the retention. `ClusterBackups` and `RetentionManager` fit as they are.
import type { ResultAsync } from 'neverthrow';
import type { BackupError } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { ClusterBackupPage, ClusterBackupStatus } from '../core/status.ts';

export interface ScheduledBackups {
  /** Triggering an id again is safe. An id that is used up is a CheckpointNotNewer. */
  trigger(id: CheckpointId, options: ScheduledCallOptions): ResultAsync<unknown, BackupError>;
  /** As `trigger`, of a checkpoint without a backup. Asked for where there is a `checkpointSchedule`. */
  mark(id: CheckpointId, options: ScheduledCallOptions): ResultAsync<unknown, BackupError>;
  /** A backup that no partition has is DOES_NOT_EXIST, not an error. */
  status(id: CheckpointId, options: ScheduledCallOptions): ResultAsync<ClusterBackupStatus, BackupError>;
  /** Newest first, below `before`, at most `limit`. */
  list(
    query: { readonly before?: CheckpointId | undefined; readonly limit?: number | undefined },
    options: ScheduledCallOptions,
  ): ResultAsync<ClusterBackupPage, BackupError>;
}

export interface ScheduledCallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ScheduledRetention {
  /** Deletes what no rule keeps. Never the newest COMPLETED backup. */
  prune(options: {
    readonly sweep: boolean;
    readonly signal: AbortSignal;
  }): ResultAsync<{ readonly deleted: readonly CheckpointId[] }, BackupError>;
}
