// From the states of partitions to the state of a cluster backup. Pure tables: they ask nobody and guess
// nothing.
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import {
  type BackupStatus,
  type BackupStatusCode,
  bestStatus,
  type ClusterBackupState,
  type ClusterBackupStatus,
  type PartitionBackupStatus,
} from '../core/status.ts';

/** Whose table folds: Zeebe 8.2 and later, or 8.1, which has no INCOMPLETE. */
export type FoldRules = 'modern' | '8.1';

/**
 * The state of a cluster backup whose partitions have these states; the first line that matches wins.
 *
 * - any FAILED: FAILED
 * - some partitions have it and some do not: INCOMPLETE (8.1: DOES_NOT_EXIST)
 * - no partition has it: DOES_NOT_EXIST
 * - any IN_PROGRESS: IN_PROGRESS
 * - all COMPLETED: COMPLETED
 */
export function foldStates(
  codes: readonly BackupStatusCode[],
  rules: FoldRules = 'modern',
): ClusterBackupState {
  if (codes.includes('FAILED')) return 'FAILED';
  if (codes.length === 0 || codes.includes('DOES_NOT_EXIST')) {
    const someHaveIt = codes.some((code) => code !== 'DOES_NOT_EXIST');
    return someHaveIt && rules === 'modern' ? 'INCOMPLETE' : 'DOES_NOT_EXIST';
  }
  return codes.includes('IN_PROGRESS') ? 'IN_PROGRESS' : 'COMPLETED';
}

/**
 * Folds the rows of one checkpoint. Several copies of a partition reduce to the best one; a partition of
 * `partitionIds` without a row counts as DOES_NOT_EXIST. Rows of other checkpoints are ignored.
 */
export function foldClusterStatus(
  checkpointId: CheckpointId,
  rows: readonly BackupStatus[],
  partitionIds: readonly PartitionId[],
): ClusterBackupStatus {
  const copies = Map.groupBy(
    rows.filter((row) => row.id.checkpointId === checkpointId),
    (row) => row.id.partitionId,
  );
  const partitions = [...new Set([...partitionIds, ...copies.keys()])]
    .sort((a, b) => a - b)
    .map((partitionId) => partitionStatus(partitionId, bestStatus(copies.get(partitionId) ?? [])));
  const state = foldStates(partitions.map((partition) => partition.statusCode));
  const base = { checkpointId, state, partitions };
  return state === 'FAILED' ? { ...base, failureReason: failureReason(partitions) } : base;
}

/** Folds a listing: one status per checkpoint among the rows, newest first. */
export function foldListing(
  rows: readonly BackupStatus[],
  partitionIds: readonly PartitionId[],
): ClusterBackupStatus[] {
  return [...Map.groupBy(rows, (row) => row.id.checkpointId)]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([checkpointId, group]) => foldClusterStatus(checkpointId, group, partitionIds));
}

function partitionStatus(partitionId: PartitionId, best: BackupStatus | undefined): PartitionBackupStatus {
  if (best === undefined || best.statusCode === 'DOES_NOT_EXIST') {
    return { partitionId, statusCode: 'DOES_NOT_EXIST' };
  }
  const { id, ...status } = best;
  return { partitionId, nodeId: id.nodeId, ...status };
}

function failureReason(partitions: readonly PartitionBackupStatus[]): string {
  return partitions
    .filter((partition) => partition.statusCode === 'FAILED')
    .map(({ partitionId, failureReason: reason }) => {
      const known = reason?.trim().replace(/\.+$/, '') || 'an unknown reason';
      return `Backup on partition ${partitionId} failed due to ${known}.`;
    })
    .join(' ');
}
