// Decides from a listing which stored copies a node restores. Pure. It never mixes checkpoints, and refuses
// unless the backup is complete on every partition of the cluster, not only on those of this node.
import { err, ok, type Result } from 'neverthrow';
import type { BackupDescriptor, BackupId } from '../core/backup.ts';
import { BackupIncomplete, BackupNotFound, PartitionCountMismatch } from '../core/errors.ts';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import { invariant } from '../core/invariant.ts';
import { type BackupStatus, bestStatus, type PartitionBackupStatus } from '../core/status.ts';

/** What to restore on one node. */
export interface RestorePlan {
  readonly checkpointId: CheckpointId;
  /** The copy to take for each partition of this node, in ascending order of the partitions. */
  readonly copies: readonly PlannedCopy[];
  /** Copies of partitions that the cluster has not, outside 1..`partitionsCount`. Nobody restores them. */
  readonly ignored: readonly BackupId[];
}

export interface PlannedCopy {
  readonly id: BackupId;
  /** As the listing told it; absent when the store keeps it only in the manifest. */
  readonly descriptor?: BackupDescriptor;
}

/** What a node wants to restore. */
export interface RestoreSelection {
  readonly checkpointId: CheckpointId;
  /** The partitions of this node, each within 1..`partitionsCount`. May be empty. */
  readonly partitionIds: readonly PartitionId[];
  /** The number of partitions that the cluster is configured with. */
  readonly partitionsCount: number;
}

export type RestorePlanError = BackupNotFound | BackupIncomplete | PartitionCountMismatch;

/**
 * Plans the restore of one node from the rows of a listing with details. Rows of other checkpoints are
 * ignored.
 */
export function planRestore(
  rows: readonly BackupStatus[],
  { checkpointId, partitionIds, partitionsCount }: RestoreSelection,
): Result<RestorePlan, RestorePlanError> {
  invariant(
    partitionIds.every((id) => Number.isSafeInteger(id) && id >= 1 && id <= partitionsCount),
    `partitions lie in 1..${partitionsCount}, got [${partitionIds.join(',')}]`,
  );
  const copies = rows.filter((row) => row.id.checkpointId === checkpointId);
  if (copies.length === 0) return err(new BackupNotFound(checkpointId));

  // The count comes first: with a wrong one, partitions would seem to be missing that never existed.
  const inBackup = otherPartitionsCount(copies, partitionsCount);
  if (inBackup !== undefined) {
    return err(new PartitionCountMismatch(checkpointId, partitionsCount, inBackup));
  }
  const partitions = Array.from({ length: partitionsCount }, (_, index) => best(copies, index + 1));
  if (partitions.some((partition) => partition.statusCode !== 'COMPLETED')) {
    return err(new BackupIncomplete(checkpointId, partitions));
  }
  const ascending = [...new Set(partitionIds)].sort((a, b) => a - b);
  const ignored = copies.map(({ id }) => id).filter(({ partitionId: id }) => id < 1 || id > partitionsCount);
  return ok({ checkpointId, copies: ascending.map((id) => chooseCopy(copies, id)), ignored });
}

/**
 * A number of partitions in the backup that is not the configured one. Completed copies decide; without any,
 * what the others say; where nobody says anything, a partition beyond the configured ones.
 */
function otherPartitionsCount(copies: readonly BackupStatus[], configured: number): number | undefined {
  const completed = copies.filter((copy) => copy.statusCode === 'COMPLETED');
  const told = counts(completed).length > 0 ? counts(completed) : counts(copies);
  if (told.length > 0) return told.find((count) => count !== configured);
  const highest = copies.reduce((max, copy) => Math.max(max, copy.id.partitionId), 0);
  return highest > configured ? highest : undefined;
}

function counts(copies: readonly BackupStatus[]): number[] {
  return copies.flatMap((copy) => copy.descriptor?.numberOfPartitions ?? []);
}

function best(copies: readonly BackupStatus[], partitionId: PartitionId): PartitionBackupStatus {
  const found = bestStatus(copies.filter((copy) => copy.id.partitionId === partitionId));
  if (found === undefined) return { partitionId, statusCode: 'DOES_NOT_EXIST' };
  const { id, ...status } = found;
  return { ...status, partitionId, nodeId: id.nodeId };
}

/**
 * All completed copies of a partition end at the same record, so any of them will do. It must only be the
 * same one on every node, so that the replicas begin alike: the copy of the lowest node.
 */
function chooseCopy(copies: readonly BackupStatus[], partitionId: PartitionId): PlannedCopy {
  const [chosen] = copies
    .filter((copy) => copy.id.partitionId === partitionId && copy.statusCode === 'COMPLETED')
    .sort((a, b) => a.id.nodeId - b.id.nodeId);
  invariant(chosen !== undefined, `partition ${partitionId} was found complete`);
  const { id, descriptor } = chosen;
  return descriptor === undefined ? { id } : { id, descriptor };
}
