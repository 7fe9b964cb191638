// What a verification says of a backup and of each of its copies. Shapes alone.
import type { BackupDescriptor } from '../../core/backup.ts';
import type { CheckpointId, PartitionId } from '../../core/ids.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import type { LocatedFinding } from './locate-finding.ts';

/** One copy of one partition backup, or a partition that nobody has a copy of. */
export interface CopyVerification {
  readonly partitionId: PartitionId;
  readonly nodeId?: number;
  readonly state: BackupStatusCode;
  readonly descriptor?: BackupDescriptor;
  readonly files: number;
  readonly bytes: number;
  /** The full name of the object that describes the copy. */
  readonly manifest?: string;
  readonly findings: readonly LocatedFinding[];
}

export interface BackupVerification {
  readonly checkpointId: CheckpointId;
  /** Every partition has a completed copy, and the one that a restore takes has no finding that is an error. */
  readonly restorable: boolean;
  /** By partition, then by node. */
  readonly copies: readonly CopyVerification[];
}
