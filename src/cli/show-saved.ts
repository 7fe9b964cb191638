// What was saved, as a document and as a table.
import type { CheckpointId } from '../core/ids.ts';
import type { Shown } from './command-run.ts';
import type { SavedCopy } from './save-copies.ts';
import { formatBytes, textTable } from './text-table.ts';

export function showSaved(backupId: CheckpointId, copies: readonly SavedCopy[]): Shown {
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
  };
  return { json, text: `backup ${backupId} is stored\n\n${textTable(heads, rows)}` };
}
