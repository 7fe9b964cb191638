// How many partitions the cluster of a backup had, as its copies tell it.
import type { BackupStatus } from '../core/status.ts';

/**
 * What the completed copies say: they are what a restore reads. Without any, what the others say. The highest where
 * they disagree, so that none is overlooked; undefined where nobody says anything.
 */
export function toldPartitions(rows: readonly BackupStatus[]): number | undefined {
  const counts = (of: readonly BackupStatus[]) =>
    of.flatMap(({ descriptor }) => descriptor?.numberOfPartitions ?? []);
  const completed = counts(rows.filter(({ statusCode }) => statusCode === 'COMPLETED'));
  const told = completed.length > 0 ? completed : counts(rows);
  return told.length === 0 ? undefined : told.reduce((most, count) => Math.max(most, count));
}
