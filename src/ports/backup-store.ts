// A whole backup store: what keeps partition backups. Everything above it speaks only this.
import type { ResultAsync } from 'neverthrow';
import type { BackupId, PartitionBackup, StoredBackup, Timestamp } from '../core/backup.ts';
import type {
  AttemptFenced,
  BackupAlreadyExists,
  BackupCorrupt,
  BackupNotFound,
  BrokerFailure,
  ForeignCluster,
  InvalidBackupState,
  InvalidInput,
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
 * 17. Every file has its own bytes, also where their version lets the store take what an earlier backup holds.
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
  open(id: BackupId, options?: OpenOptions): ResultAsync<StoredBackup, OpenBackupError>;

  /** Ends what is unsettled of a copy, up to `term`, as FAILED. Answers with the state after it. */
  markFailed(
    id: BackupId,
    reason: string,
    options: CallOptions & { readonly term: bigint },
  ): ResultAsync<BackupStatusCode, MarkFailedError>;

  /** Deletes one copy. */
  delete(id: BackupId, options?: CallOptions): ResultAsync<void, DeleteBackupError>;

  /** Frees what no backup uses. Absent where deleting a backup leaves nothing behind. */
  sweep?(options?: SweepOptions): ResultAsync<SweepReport, SweepError>;
  /**
   * Puts right what digests prove, and names what is lost. Deletes nothing that a COMPLETED backup needs. Absent where
   * there are no digests.
   */
  repair?(options?: RepairOptions): ResultAsync<RepairReport, StoreError | ForeignCluster>;

  /**
   * Lets the first of the configured keys open all that is encrypted here, and moves no backup. Absent where the layout
   * does not encrypt.
   */
  rotateKeys?(options?: RotateKeysOptions): ResultAsync<KeyRotation, StoreError | ForeignCluster>;

  /** Keeps backups from being pruned. Absent where the layout has no place for that. */
  readonly holds?: BackupHolds;

  /** What operators call backups. Absent where the layout has no place for that. */
  readonly labels?: BackupLabels;

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

export interface OpenOptions extends CallOptions {
  /**
   * Open it also where objects of files are known to be missing or damaged; reading such a file throws what is wrong.
   * For whoever wants to know all the damage. A store that only finds it while reading has nothing to do.
   */
  readonly evenIfDamaged?: boolean;
}

export interface SaveOptions extends CallOptions {
  /** Called after each step forward. Must not throw. */
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Called once, when every byte is stored and only publishing is left. Optional to call. Must not throw. */
  readonly onStored?: () => void;
  /**
   * How long the caller means to wait, in milliseconds; `signal` is what ends the save. A store that gives way to
   * load keeps its pauses to half of it. Default one hour.
   */
  readonly deadlineMs?: number;
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
  /**
   * Also copies of which files are left and nothing that describes them, as FAILED: for whoever deletes a backup.
   * Counts with a `checkpointId` alone. A store that leaves no such files has nothing to do.
   */
  readonly withLeftovers?: boolean | undefined;
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

/**
 * Backups that somebody wants kept, whatever the retention says. A hold is of the whole backup, on every partition. It
 * does not keep anybody from deleting a backup by its id.
 */
export interface BackupHolds {
  /** Holds the backup. One that is held already keeps the reason it has. */
  hold(
    checkpointId: CheckpointId,
    reason: string,
    options?: CallOptions,
  ): ResultAsync<void, StoreError | ForeignCluster>;
  /** Lets go of the backup. One that is not held is fine. */
  release(checkpointId: CheckpointId, options?: CallOptions): ResultAsync<void, StoreError | ForeignCluster>;
  /** Which backups are held, newest first. Costs as much as there are of them. */
  list(options?: CallOptions): ResultAsync<readonly CheckpointId[], StoreError>;
  /** Why and since when the backup is held; undefined when it is not. */
  get(
    checkpointId: CheckpointId,
    options?: CallOptions,
  ): ResultAsync<BackupHold | undefined, ListBackupsError>;
}

export interface BackupHold {
  readonly reason: string;
  readonly heldAt: Timestamp;
}

/**
 * Words on backups, for people and scripts; tidemark itself does not look at them. A name has up to 63 characters of
 * `a-z 0-9 . _ -`, a value up to 127 of letters, digits and `. _ : + @ -`.
 */
export interface BackupLabels {
  /** Sets a label, in place of one with the same name. */
  set(
    checkpointId: CheckpointId,
    name: string,
    value: string,
    options?: CallOptions,
  ): ResultAsync<void, LabelError>;
  /** Removes a label. One that is not there is fine. */
  remove(checkpointId: CheckpointId, name: string, options?: CallOptions): ResultAsync<void, LabelError>;
  /** The labels of one backup, or of all, newest first. Costs as much as there are of them. */
  list(
    checkpointId?: CheckpointId,
    options?: CallOptions,
  ): ResultAsync<readonly LabelledBackup[], StoreError>;
}

export interface LabelledBackup {
  readonly checkpointId: CheckpointId;
  readonly labels: Readonly<Record<string, string>>;
}

export type LabelError = StoreError | ForeignCluster | InvalidInput;

export interface SweepOptions extends CallOptions {
  /** Which partitions. Absent: all that the store knows. */
  readonly partitionIds?: readonly PartitionId[] | undefined;
  /**
   * What is younger than this stays, in milliseconds. Longer than the time after which a save counts as dead. Default
   * two hours: twice the longest backup.
   */
  readonly gracePeriodMs?: number | undefined;
  /** Look and tell, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface RotateKeysOptions extends CallOptions {
  /** Take away from the store what the other keys open: afterwards the first alone does. Default false. */
  readonly removeOthers?: boolean | undefined;
}

/** What a change of keys did. */
export interface KeyRotation {
  /** The key that opens everything now. */
  readonly keyId: string;
  readonly dataKeys: number;
  /** So many data keys it did not open before. */
  readonly wrapped: number;
  /** What other keys opened: gone, and left. */
  readonly removed: number;
  readonly left: number;
}

export interface RepairOptions extends CallOptions {
  /** Look and tell, and change nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface RepairReport {
  readonly dryRun: boolean;
  /** How many stored chunks were read. */
  readonly chunks: number;
  readonly steps: readonly RepairStep[];
}

/**
 * What was done, or would be, and why: an attempt was `settled`, an object `removed` or `rebuilt`. About what is
 * `lost` or `unreadable` nothing is done. The backup is the first of those that need the object; a wrapped data key
 * is of none.
 */
export interface RepairStep {
  readonly kind: 'settled' | 'removed' | 'rebuilt' | 'unreadable' | 'lost';
  readonly checkpointId?: CheckpointId;
  readonly partitionId?: PartitionId;
  readonly nodeId?: NodeId;
  readonly object?: string;
  readonly reason: string;
}

/** What a sweep did, partition by partition. */
export interface SweepReport {
  readonly dryRun: boolean;
  readonly partitions: readonly PartitionSweep[];
}

export interface SweptObjects {
  readonly chunks: number;
  readonly bytes: number;
}

export interface PartitionSweep {
  readonly partitionId: PartitionId;
  /** What was there. Absent when it was not looked at, because nothing could be freed. */
  readonly found?: {
    /** Completed copies. */
    readonly backups: number;
    /** Named by a backup. */
    readonly inUse: SweptObjects;
    /** Named by none, and younger than the grace period. */
    readonly tooYoung: SweptObjects;
    /** Named by none, and old enough. */
    readonly garbage: SweptObjects;
  };
  /** What of the garbage is gone. With `dryRun` nothing. */
  readonly freed: SweptObjects;
  /** Attempts whose writers died long ago, and which now are FAILED. With `dryRun` those that would be. */
  readonly settled: readonly BackupId[];
  /** Why the garbage stays that is still there. */
  readonly waitingFor?: SweepHindrance;
}

/**
 * Why a partition cannot be swept now: a backup of it is being taken; a manifest cannot be read, so that nobody
 * knows what it uses; or the time ran out that one sweep may take. Sweep again later; delete the backup of a
 * damaged manifest.
 */
export type SweepHindrance =
  | { readonly kind: 'attempt'; readonly id: BackupId }
  | { readonly kind: 'manifest'; readonly id: BackupId; readonly object: string; readonly detail: string }
  | { readonly kind: 'time' };

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
export type SweepError = StoreError | ForeignCluster | InvalidInput;
