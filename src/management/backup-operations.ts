// What the management API is mounted on. `ClusterBackups` fits as it is; so does anything else with these
// methods.
import type { ResultAsync } from 'neverthrow';
import type { BackupError } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { RestorableRanges } from '../core/restorable-ranges.ts';
import type { ClusterBackupPage, ClusterBackupStatus } from '../core/status.ts';

/** What can be asked of a cluster's backups. Each ends by itself within some limit. */
export interface BackupOperations {
  /** Gives the id. Without one it is made; who makes none ends with an InvalidInput. */
  trigger(id?: CheckpointId, options?: OperationOptions): ResultAsync<CheckpointId, BackupError>;
  /** A backup that no partition has is DOES_NOT_EXIST, not an error. */
  status(id: CheckpointId, options?: OperationOptions): ResultAsync<ClusterBackupStatus, BackupError>;
  /** Newest first, below `before`, at most `limit`. */
  list(query?: BackupListQuery, options?: OperationOptions): ResultAsync<ClusterBackupPage, BackupError>;
  /** Deleting what is not there succeeds. */
  delete(id: CheckpointId, options?: OperationOptions): ResultAsync<void, BackupError>;
  /** From when to when the cluster can be restored. Absent: the API has no such route. */
  ranges?(options?: OperationOptions): ResultAsync<RestorableRanges, BackupError>;
}

export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface BackupListQuery {
  readonly before?: CheckpointId | undefined;
  readonly limit?: number | undefined;
}
