// What a scheduler needs of the cluster and of the retention. `ClusterBackups` and `RetentionManager` fit as they are.
import type { ResultAsync } from 'neverthrow';
import type { BackupError } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { ClusterBackupPage, ClusterBackupStatus } from '../core/status.ts';

export interface ScheduledBackups {
  /** Triggering an id again is safe. An id that is used up is a CheckpointNotNewer. */
  trigger(id: CheckpointId, options: ScheduledCallOptions): ResultAsync<unknown, BackupError>;
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

/** What a scheduler does, as it happens. Slots are milliseconds since 1970. */
export type SchedulerEvent =
  /** The slot's backup is triggered on every partition. Its state tells what becomes of it. */
  | { readonly type: 'triggered'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  /** There has been a backup since the slot: of another scheduler, of an earlier life, or by hand. */
  | { readonly type: 'already'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  /** The slot's backup waits for this one, which has not ended. Told once for each slot. */
  | { readonly type: 'waiting'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  /** The next slot has come, and this one had no backup. */
  | { readonly type: 'skipped'; readonly slotMs: number }
  | { readonly type: 'cleaned'; readonly slotMs: number; readonly deleted: readonly CheckpointId[] }
  /** It is tried again. */
  | {
      readonly type: 'failed';
      readonly job: 'backup' | 'cleanup';
      readonly slotMs: number;
      readonly error: BackupError;
      readonly retryInMs: number;
    };
