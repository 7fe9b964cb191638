// Cluster backups as tables for people.
import type { ClusterBackupState } from '../core/status.ts';
import type { BackupInfo, PartitionBackupInfo } from '../management/wire.ts';
import type { Paint } from './paint.ts';
import { formatBytes, printable, textTable } from './text-table.ts';

/** One backup: its state, and a row per partition. */
export function showBackup(info: BackupInfo, paint: Paint): string {
  const head = `backup ${info.backupId}: ${paintState(info.state, paint)}`;
  const rows = info.details.map((partition) => [
    String(partition.partitionId),
    partition.state,
    partition.brokerId?.toString() ?? '',
    partition.createdAt ?? '',
    partition.lastUpdatedAt ?? '',
    partition.checkpointPosition?.toString() ?? '',
    partition.snapshotId ?? '',
    partition.brokerVersion ?? '',
    remark(partition),
  ]);
  return `${head}\n\n${textTable(BACKUP_HEADS, rows, paint.head)}`;
}

const BACKUP_HEADS = [
  'PARTITION',
  'STATE',
  'NODE',
  'CREATED',
  'UPDATED',
  'POSITION',
  'SNAPSHOT',
  'VERSION',
  'REMARK',
];

/** Many backups, a row each. */
export function showBackups(backups: readonly BackupInfo[], paint: Paint): string {
  if (backups.length === 0) return 'no backups';
  const rows = backups.map((info) => [
    String(info.backupId),
    info.state,
    `${completed(info)}/${info.details.length}`,
    info.details.flatMap(({ createdAt }) => createdAt ?? []).sort()[0] ?? '',
    info.failureReason ?? '',
  ]);
  return textTable(['BACKUP', 'STATE', 'COMPLETED', 'CREATED', 'REASON'], rows, paint.head);
}

/** One line on a backup that is under way. */
export function showProgress(info: BackupInfo): string {
  const known = info.details.flatMap(({ progress }) => progress ?? []);
  const sum = (field: 'bytesDone' | 'bytesTotal') => known.reduce((total, one) => total + one[field], 0);
  const bytes =
    known.length === 0 ? '' : `, ${formatBytes(sum('bytesDone'))} of ${formatBytes(sum('bytesTotal'))}`;
  const partitions = `${completed(info)} of ${info.details.length} partitions`;
  return `backup ${info.backupId}: ${info.state}, ${partitions}${bytes}`;
}

function completed(info: BackupInfo): number {
  return info.details.filter(({ state }) => state === 'COMPLETED').length;
}

function remark({ failureReason, progress }: PartitionBackupInfo): string {
  if (failureReason !== undefined) return printable(failureReason);
  if (progress === undefined) return '';
  return `${formatBytes(progress.bytesDone)} of ${formatBytes(progress.bytesTotal)}`;
}

function paintState(state: ClusterBackupState, paint: Paint): string {
  if (state === 'COMPLETED') return paint.good(state);
  return state === 'IN_PROGRESS' ? state : paint.bad(state);
}
