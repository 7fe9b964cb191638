// The JSON shapes of the management API, and how a cluster backup is put into them. 64-bit numbers are
// bigints here and plain JSON numbers on the wire; a field that is not known is left out, except in the
// shapes of 8.1.
import type { Timestamp } from '../core/backup.ts';
import type {
  BackupProgress,
  BackupStatusCode,
  ClusterBackupState,
  ClusterBackupStatus,
  PartitionBackupStatus,
} from '../core/status.ts';
import { dropUndefined } from './drop-undefined.ts';

/** Whose shapes answer: those of Zeebe 8.2 and later, or those of 8.1. */
export type ManagementDialect = 'modern' | '8.1';

/** A cluster backup as Zeebe 8.2 and later tell it. `details` are sorted by partition. */
export interface BackupInfo {
  readonly backupId: bigint;
  readonly state: ClusterBackupState;
  /** Only when the state is FAILED. */
  readonly failureReason?: string;
  readonly details: readonly PartitionBackupInfo[];
}

/** One partition of a {@link BackupInfo}. */
export interface PartitionBackupInfo {
  readonly partitionId: number;
  readonly state: BackupStatusCode;
  readonly failureReason?: string;
  readonly createdAt?: Timestamp;
  readonly lastUpdatedAt?: Timestamp;
  readonly snapshotId?: string;
  readonly checkpointPosition?: bigint;
  /** The node that holds or made the copy. Zeebe leaves it out by mistake. */
  readonly brokerId?: number;
  readonly brokerVersion?: string;
  /** How far a running backup has come. tidemark's own: Zeebe has no such field. */
  readonly progress?: BackupProgress;
}

/** A message in answer to a POST, or an error. */
export interface MessageBody {
  readonly message: string;
  /** The id of the backup that was triggered, when it was made here. Zeebe before 8.9 has no such field. */
  readonly backupId?: bigint;
  /** With a 409: the lowest id that is free. tidemark's own. */
  readonly nextBackupId?: bigint;
}

/** A cluster backup as Zeebe 8.1 tells it: all fields are there, null when not known. */
export interface LegacyBackupInfo {
  readonly backupId: bigint;
  readonly status: ClusterBackupState;
  readonly failureReason: string | null;
  readonly partitions: readonly LegacyPartitionBackupInfo[];
}

/** One partition of a {@link LegacyBackupInfo}. */
export interface LegacyPartitionBackupInfo {
  readonly partitionId: number;
  readonly status: BackupStatusCode;
  readonly description: LegacyDescription | null;
  readonly failureReason: string | null;
  readonly createdAt: Timestamp | null;
  readonly lastUpdatedAt: Timestamp | null;
}

export interface LegacyDescription {
  readonly snapshotId: string | null;
  readonly checkpointPosition: bigint;
  readonly brokerId: number;
  readonly brokerVersion: string;
}

/** Puts a cluster backup in the shape of 8.2 and later. */
export function toBackupInfo(status: ClusterBackupStatus): BackupInfo {
  return dropUndefined({
    backupId: status.checkpointId,
    state: status.state,
    failureReason: status.failureReason,
    details: status.partitions.map((partition) =>
      dropUndefined({
        partitionId: partition.partitionId,
        state: partition.statusCode,
        failureReason: partition.failureReason,
        createdAt: partition.createdAt,
        lastUpdatedAt: partition.lastModified,
        snapshotId: partition.descriptor?.snapshotId ?? undefined,
        checkpointPosition: partition.descriptor?.checkpointPosition,
        brokerId: partition.nodeId,
        brokerVersion: partition.descriptor?.brokerVersion,
        progress: partition.progress,
      }),
    ),
  });
}

/** Puts a cluster backup in the shape of 8.1, which knows no INCOMPLETE. */
export function toLegacyBackupInfo(status: ClusterBackupStatus): LegacyBackupInfo {
  return {
    backupId: status.checkpointId,
    status: status.state === 'INCOMPLETE' ? 'DOES_NOT_EXIST' : status.state,
    failureReason: status.failureReason ?? null,
    partitions: status.partitions.map((partition) => ({
      partitionId: partition.partitionId,
      status: partition.statusCode,
      description: legacyDescription(partition),
      failureReason: partition.failureReason ?? null,
      createdAt: partition.createdAt ?? null,
      lastUpdatedAt: partition.lastModified ?? null,
    })),
  };
}

function legacyDescription({ descriptor, nodeId }: PartitionBackupStatus): LegacyDescription | null {
  if (descriptor === undefined || nodeId === undefined) return null;
  const { snapshotId, checkpointPosition, brokerVersion } = descriptor;
  return { snapshotId, checkpointPosition, brokerId: nodeId, brokerVersion };
}
