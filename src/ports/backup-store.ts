// A whole backup store: what keeps partition backups. Everything above it speaks only this.
import type { ResultAsync } from 'neverthrow';
import type { BackupId, PartitionBackup, StoredBackup } from '../core/backup.ts';
import type {
  AttemptFenced,
  BackupAlreadyExists,
  BackupCorrupt,
  BackupNotFound,
  BrokerFailure,
  ForeignCluster,
  InvalidBackupState,
  StoreError,
} from '../core/errors.ts';
import type { CheckpointId, NodeId, PartitionId } from '../core/ids.ts';
import type { BackupProgress, BackupStatus, BackupStatusCode } from '../core/status.ts';

/**
 * Keeps partition backups outside the cluster.
 *
 * An implementation must guarantee:
 * 1. A backup is COMPLETED only once every byte of it is stored.
 * 2. COMPLETED never becomes anything else, except deleted.
 * 3. A failed save leaves the backup FAILED with a reason, unless the store itself could not be reached.
 * 4. An id that is used, in whatever state, cannot be saved again by the same node.
 * 5. Copies of one partition backup by different nodes do not disturb each other.
 * 6. An opened backup gives back the descriptor and every file byte for byte.
 * 7. Only a COMPLETED backup can be opened.
 * 8. Deleting what is not there succeeds; deleting what is IN_PROGRESS is refused.
 * 9. After a delete nothing of the backup is listed, and it cannot be opened.
 * 10. A listing gives exactly the backups that match, newest first, in pages.
 * 11. Marking as failed what is IN_PROGRESS or not there makes it FAILED with that reason.
 * 12. Marking as failed what is COMPLETED or FAILED changes nothing and answers with that state.
 * 13. An attempt that was marked failed or deleted while it ran ends with AttemptFenced and never COMPLETED.
 * 14. Damage to stored bytes is a BackupCorrupt that names the object, never wrong bytes.
 * 15. A call whose signal fires ends soon, as Aborted.
 * 16. `close` may be called twice.
 */
export interface BackupStore {
  readonly capabilities: BackupStoreCapabilities;

  /** Stores a partition backup and publishes it as COMPLETED. */
  save(backup: PartitionBackup, options?: SaveOptions): ResultAsync<void, SaveBackupError>;

  /** The backups that match, newest checkpoint first, one row per copy. */
  list(query: BackupQuery, options?: CallOptions): ResultAsync<BackupPage, ListBackupsError>;

  /** The attempts of a partition that have not ended yet, alive or orphaned. Costs as much as there are of them. */
  unsettled(
    partitionId: PartitionId,
    options?: CallOptions,
  ): ResultAsync<readonly UnsettledAttempt[], ListBackupsError>;

  /** Opens a COMPLETED copy for reading. */
  open(id: BackupId, options?: CallOptions): ResultAsync<StoredBackup, OpenBackupError>;

  /** Ends what is unsettled of a copy, up to `term`, as FAILED. Answers with the state after it. */
  markFailed(
    id: BackupId,
    reason: string,
    options: CallOptions & { readonly term: bigint },
  ): ResultAsync<BackupStatusCode, MarkFailedError>;

  /** Deletes one copy. */
  delete(id: BackupId, options?: CallOptions): ResultAsync<void, DeleteBackupError>;

  /** Frees sockets and timers. Calls in flight end as Aborted. */
  close(): Promise<void>;
}

/** What a store can do beyond the promises above. */
export interface BackupStoreCapabilities {
  /** Unchanged bytes of the partition's last completed backup are not sent again. */
  readonly incremental: boolean;
  /** An attempt whose writer died reads as FAILED by itself after a while. */
  readonly liveness: boolean;
  /** Reading checks a digest of every byte. */
  readonly checksums: boolean;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface SaveOptions extends CallOptions {
  /** Called after each step forward. Must not throw. */
  readonly onProgress?: (progress: BackupProgress) => void;
}

/** Open fields match everything. Results are newest first; `before` is exclusive and continues a listing. */
export interface BackupQuery {
  readonly checkpointId?: CheckpointId | undefined;
  readonly partitionId?: PartitionId | undefined;
  readonly nodeId?: NodeId | undefined;
  readonly before?: CheckpointId | undefined;
  /** At most this many checkpoints (not rows). */
  readonly limit?: number | undefined;
  /** Also read descriptors, failure reasons and times: at most one more request per row. */
  readonly details?: boolean | undefined;
}

export interface BackupPage {
  readonly backups: readonly BackupStatus[];
  /** Where the next page starts: pass it as `before`. Absent on the last page. */
  readonly next?: CheckpointId;
}

export interface UnsettledAttempt {
  readonly id: BackupId;
  readonly term: bigint;
}

export type SaveBackupError =
  | StoreError
  | BackupAlreadyExists
  | AttemptFenced
  | BrokerFailure
  | ForeignCluster;
export type ListBackupsError = StoreError | BackupCorrupt;
export type OpenBackupError = StoreError | BackupNotFound | InvalidBackupState | BackupCorrupt;
export type MarkFailedError = StoreError | BackupCorrupt | ForeignCluster;
export type DeleteBackupError = StoreError | InvalidBackupState | BackupCorrupt | ForeignCluster;
