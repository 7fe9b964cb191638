// How backups are doing: states of one partition, of the cluster, and the shapes that carry them.
import type { BackupDescriptor, BackupId, Timestamp } from './backup.ts';
import type { CheckpointId, PartitionId } from './ids.ts';

/** The state of a partition backup, worst first. The best of several copies is the maximum in this order. */
export const BACKUP_STATUS_CODES = ['DOES_NOT_EXIST', 'FAILED', 'IN_PROGRESS', 'COMPLETED'] as const;
export type BackupStatusCode = (typeof BACKUP_STATUS_CODES)[number];

/** How far an attempt has come. Reused bytes count as done. */
export interface BackupProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Of `bytesDone`, those that an earlier backup already held and that were not sent again. */
  readonly bytesReused: number;
  /** Of `bytesReused`, those that were not even read: the versions of their files vouch for them. Absent: none. */
  readonly bytesUnread?: number;
  /** How long it has paused for the sake of the broker, in milliseconds. Absent where nobody watches the load. */
  readonly throttledMs?: number;
}

/** The state of one copy of a partition backup, or of the partition when it is the best of its copies. */
export interface BackupStatus {
  readonly id: BackupId;
  readonly statusCode: BackupStatusCode;
  readonly descriptor?: BackupDescriptor;
  /** Set exactly when the state is FAILED. */
  readonly failureReason?: string;
  /** It is FAILED because a delete of it was begun; a further one removes what is left. */
  readonly isBeingDeleted?: true;
  readonly createdAt?: Timestamp;
  readonly lastModified?: Timestamp;
  /** Known only to the node that runs the attempt. */
  readonly progress?: BackupProgress;
}

/**
 * The state of a cluster backup. INCOMPLETE (Zeebe 8.2 and later): some partitions have it and some have not.
 * INCOMPATIBLE is declared by Zeebe's API and never produced.
 */
export type ClusterBackupState = BackupStatusCode | 'INCOMPLETE' | 'INCOMPATIBLE';

/** One partition in a cluster backup's status. `nodeId` is absent when nobody has taken a copy. */
export interface PartitionBackupStatus extends Omit<BackupStatus, 'id'> {
  readonly partitionId: PartitionId;
  readonly nodeId?: number;
}

/** A cluster backup: its partitions in ascending order, and the state folded from theirs. */
export interface ClusterBackupStatus {
  readonly checkpointId: CheckpointId;
  readonly state: ClusterBackupState;
  /** Set exactly when the state is FAILED: names each failed partition with its reason. */
  readonly failureReason?: string;
  readonly partitions: readonly PartitionBackupStatus[];
}

/** A part of the cluster's backups, newest first. */
export interface ClusterBackupPage {
  readonly backups: readonly ClusterBackupStatus[];
  /** Where the next page starts: pass it as `before`. Absent on the last page. */
  readonly next?: CheckpointId;
}

/** The best of several copies of one partition backup, in the order of {@link BACKUP_STATUS_CODES}. */
export function bestStatus<T extends { readonly statusCode: BackupStatusCode }>(
  copies: readonly T[],
): T | undefined {
  return copies.reduce<T | undefined>(
    (best, copy) => (best === undefined || rank(copy) > rank(best) ? copy : best),
    undefined,
  );
}

function rank(status: { readonly statusCode: BackupStatusCode }): number {
  return BACKUP_STATUS_CODES.indexOf(status.statusCode);
}
