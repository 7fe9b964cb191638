// What was saved, as a document and as a table.
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import type { Shown } from './command-run.ts';
import type { SavedCopy } from './save-copies.ts';
import { formatBytes, textTable } from './text-table.ts';

/** `missing`: the partitions that no node has stored, where that was looked up. */
export function showSaved(
  backupId: CheckpointId,
  copies: readonly SavedCopy[],
  missing?: readonly PartitionId[],
): Shown {
  const heads = ['PARTITION', 'NODE', 'FILES', 'SIZE', 'POSITION', 'SNAPSHOT', 'VERSION', 'REMARK'];
  const rows = copies.map(({ id, files, bytes, descriptor, skipped }) => [
    String(id.partitionId),
    String(id.nodeId),
    String(files),
    formatBytes(bytes),
    String(descriptor.checkpointPosition),
    descriptor.snapshotId ?? '',
    descriptor.brokerVersion,
    skipped ? 'was there already' : '',
  ]);
  const json = {
    backupId,
    copies: copies.map(({ id: { partitionId, nodeId }, ...copy }) => ({ partitionId, nodeId, ...copy })),
    ...(missing !== undefined && { missing }),
  };
  const isWhole = missing === undefined || missing.length === 0;
  const partitions = `${missing?.length === 1 ? 'partition' : 'partitions'} ${missing?.join(', ')}`;
  const state = isWhole ? 'is stored' : `is not complete: no node has stored ${partitions}`;
  return { json, text: `backup ${backupId} ${state}\n\n${textTable(heads, rows)}` };
}
