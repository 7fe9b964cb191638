// From the rows of a store to backups of the cluster that can be retained, by names alone where that is enough.

import type { CheckpointId } from '../core/ids.ts';
import { type BackupStatus, bestStatus } from '../core/status.ts';
import type { RetainableBackup } from './retention-plan.ts';

/** A backup of the cluster and its copies. */
export interface ListedBackup extends RetainableBackup {
  readonly copies: readonly BackupStatus[];
  /**
   * Every partition of 1 to this number has a COMPLETED copy, and the cluster has another number of them, or there are
   * copies of others: either a backup of a time when it had so many, or one that lacks some. Only a descriptor tells.
   */
  readonly partitionsFound?: number;
}

/** The backups among the rows, in the order of the rows. */
export function listedBackups(
  rows: readonly BackupStatus[],
  partitionsCount: number,
  held: ReadonlySet<CheckpointId>,
): ListedBackup[] {
  const groups = Map.groupBy(rows, ({ id }) => id.checkpointId);
  return [...groups].map(([checkpointId, copies]) => ({
    checkpointId,
    copies,
    isHeld: held.has(checkpointId),
    createdAtMs: createdAtMs(copies),
    isBeingDeleted: copies.some((copy) => copy.isBeingDeleted === true),
    ...state(copies, partitionsCount),
  }));
}

function state(
  copies: readonly BackupStatus[],
  partitionsCount: number,
): Pick<ListedBackup, 'state' | 'partitionsFound'> {
  if (copies.some(({ statusCode }) => statusCode === 'IN_PROGRESS')) return { state: 'IN_PROGRESS' };
  const partitions = [...Map.groupBy(copies, ({ id }) => id.partitionId)].sort(([a], [b]) => a - b);
  const isWhole = ([partitionId, ofPartition]: (typeof partitions)[number], index: number) =>
    partitionId === index + 1 && bestStatus(ofPartition)?.statusCode === 'COMPLETED';
  const firstOdd = partitions.findIndex((partition, index) => !isWhole(partition, index));
  const found = firstOdd < 0 ? partitions.length : firstOdd;
  if (found === partitions.length && found === partitionsCount) return { state: 'COMPLETED' };
  // A copy behind the partitions of the cluster hides none of its backups.
  const mayBeWhole = found === partitions.length || found === partitionsCount;
  return mayBeWhole ? { state: 'BROKEN', partitionsFound: found } : { state: 'BROKEN' };
}

/** The earliest beginning that is known: the checkpoint is no younger than that. */
function createdAtMs(copies: readonly BackupStatus[]): number | undefined {
  const times = copies.flatMap((copy) => {
    const time = Date.parse(copy.createdAt ?? copy.lastModified ?? '');
    return Number.isNaN(time) ? [] : [time];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}
