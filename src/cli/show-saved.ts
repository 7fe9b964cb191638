// What was saved, as a document and as a table.
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import type { Shown } from './command-run.ts';
import type { SavedCopy } from './save-copies.ts';
import { formatBytes, textTable } from './text-table.ts';

/** What `save` found besides the copies. */
export interface SaveRemarks {
  /** The partitions that no node has stored. */
  readonly missing: readonly PartitionId[];
  /** Those whose log does not prove that their nodes had agreed on the checkpoint. */
  readonly unproven: readonly PartitionId[];
}

export function showSaved(
  backupId: CheckpointId,
  copies: readonly SavedCopy[],
  remarks?: SaveRemarks,
): Shown {
  const { missing = [], unproven = [] } = remarks ?? {};
  const heads = ['PARTITION', 'NODE', 'FILES', 'SIZE', 'POSITION', 'SNAPSHOT', 'VERSION', 'REMARK'];
  const rows = copies.map(({ id, files, bytes, descriptor, skipped }) => [
    String(id.partitionId),
    String(id.nodeId),
    String(files),
    formatBytes(bytes),
    String(descriptor.checkpointPosition),
    descriptor.snapshotId ?? '',
    descriptor.brokerVersion,
    [
      ...(skipped ? ['was there already'] : []),
      ...(unproven.includes(id.partitionId) ? ['not proven'] : []),
    ].join(', '),
  ]);
  const json = {
    backupId,
    copies: copies.map(({ id: { partitionId, nodeId }, ...copy }) => ({ partitionId, nodeId, ...copy })),
    ...remarks,
  };
  const state =
    missing.length === 0 ? 'is stored' : `is not complete: no node has stored ${partitions(missing)}`;
  const parts = [`backup ${backupId} ${state}`, textTable(heads, rows)];
  if (unproven.length > 0) parts.push(notProven(unproven));
  return { json, text: parts.join('\n\n') };
}

function notProven(unproven: readonly PartitionId[]): string {
  const [logs, tell, them] = unproven.length === 1 ? ['log', 'does', 'it'] : ['logs', 'do', 'them'];
  return (
    `not proven: the ${logs} of ${partitions(unproven)} ${tell} not tell whether the other nodes had the checkpoint ` +
    `too. Keep what the node has stored that led ${them} last; see "A backup of a broker that is down" in the guide.`
  );
}

function partitions(ids: readonly PartitionId[]): string {
  return `${ids.length === 1 ? 'partition' : 'partitions'} ${ids.join(', ')}`;
}
