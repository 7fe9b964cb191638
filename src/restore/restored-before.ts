// Whether a place was restored before from what is asked for now. Pure.
import type { Timestamp } from '../core/backup.ts';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';

/** What a node is to be restored to. */
export interface WantedRestore {
  /** A backup, or the latest point that is not after a time. */
  readonly from: { readonly backupId: CheckpointId } | { readonly time: Timestamp };
  readonly partitionIds: readonly PartitionId[];
  readonly clusterId: string | undefined;
}

/** Whether it was the same backup, or the same time, the same partitions, and not another cluster. */
export function isRestoredFrom(
  origin: RestoreOrigin,
  { from, partitionIds, clusterId }: WantedRestore,
): boolean {
  if (clusterId !== undefined && origin.clusterId !== undefined && clusterId !== origin.clusterId)
    return false;
  const held = origin.partitions.map(({ partitionId }) => partitionId);
  if (held.join() !== ascending(partitionIds).join()) return false;
  if ('time' in from) return origin.time !== undefined && Date.parse(origin.time) === Date.parse(from.time);
  return origin.backupId === from.backupId && origin.checkpointId === from.backupId;
}

/** What to tell somebody who asked for something else. */
export function describeOrigin(origin: RestoreOrigin): string {
  const { backupId, checkpointId, time, clusterId, restoredAt, partitions } = origin;
  const point = checkpointId === backupId ? '' : `point ${checkpointId} of `;
  const cluster = clusterId === undefined ? '' : ` of cluster ${clusterId}`;
  const asked = time === undefined ? '' : `, asked for with the time ${time}`;
  const held = partitions.map(({ partitionId }) => partitionId).join(',');
  return `it was restored from ${point}backup ${backupId}${cluster}${asked}, partitions [${held}], at ${restoredAt}`;
}

function ascending(partitionIds: readonly PartitionId[]): readonly PartitionId[] {
  return [...new Set(partitionIds)].sort((a, b) => a - b);
}
