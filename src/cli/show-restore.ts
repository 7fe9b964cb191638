// What a restore is going to do, how far it is, and what it has done: as text and as a document.
import type { BackupDescriptor } from '../core/backup.ts';
import type { RestoreProgress } from '../core/restore-progress.ts';
import type { PointRestorePlan } from '../restore/cut-backups.ts';
import type { RestorePlan } from '../restore/restore-plan.ts';
import type { RestoreReport } from '../restore/restore-report.ts';
import type { Shown } from './command-run.ts';
import { formatBytes } from './text-table.ts';

/** A plan of a restore to a time has a point; one of a backup has none. */
export type ShownPlan = RestorePlan & Partial<Pick<PointRestorePlan, 'point' | 'ends'>>;

export function showPlan(plan: ShownPlan, nodeId: number, directory: string): string {
  const { checkpointId, copies, point, ends } = plan;
  const what =
    point === undefined || point.checkpointId === checkpointId
      ? `backup ${checkpointId}`
      : `point ${point.checkpointId} from backup ${checkpointId}`;
  const when = point === undefined ? '' : ` of ${point.timestamp}`;
  const head = `restoring ${what}${when} for node ${nodeId} into ${directory}`;
  if (copies.length === 0) return `${head}: this node holds no partition`;
  const rows = copies.map(({ id, descriptor }) => {
    const end = ends?.get(id.partitionId) ?? descriptor?.checkpointPosition;
    const snapshot = point === undefined || descriptor === undefined ? '' : `, ${snapshotOf(descriptor)}`;
    const upTo = end === undefined ? '' : `, up to position ${end}`;
    return `  partition ${id.partitionId}: the copy of node ${id.nodeId}${snapshot}${upTo}`;
  });
  return [head, ...rows].join('\n');
}

/** The plan as what a dry run ends with. */
export function showDryRun(plan: ShownPlan, nodeId: number, directory: string): Shown {
  const { checkpointId: backupId, copies, point, ends } = plan;
  const partitions = copies.map(({ id, descriptor }) => ({
    partitionId: id.partitionId,
    nodeId: id.nodeId,
    snapshotId: descriptor?.snapshotId ?? null,
    position: ends?.get(id.partitionId) ?? descriptor?.checkpointPosition ?? null,
  }));
  const spread =
    point === undefined || point.spreadMs === 0
      ? []
      : [`the partitions passed it within ${point.spreadMs} ms, by the clocks of their leaders`];
  const text = [showPlan(plan, nodeId, directory), ...spread, 'dry run: nothing was changed'].join('\n');
  return { json: { dryRun: true, backupId, point: point ?? null, partitions }, text };
}

export function showProgress({ filesDone, filesTotal, bytesDone, bytesTotal }: RestoreProgress): string {
  const written = bytesTotal === 0 ? 100 : Math.floor((100 * bytesDone) / bytesTotal);
  // A file whose bytes are written is not done before it is checked and synced.
  const percent = filesDone < filesTotal ? Math.min(written, 99) : written;
  const bytes = `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`;
  return `restored ${percent}%: ${filesDone} of ${filesTotal} files, ${bytes}`;
}

export function showReport(report: RestoreReport): Shown {
  if (report.alreadyRestored !== undefined) {
    const { backupId, checkpointId, restoredAt } = report.alreadyRestored;
    const what =
      checkpointId === backupId ? `backup ${backupId}` : `point ${checkpointId} of backup ${backupId}`;
    const text = `already restored from ${what} at ${restoredAt}: nothing was changed; to restore it again, empty`;
    return {
      json: { ...report, durationMs: Math.round(report.durationMs) },
      text: `${text} ${report.location} first`,
    };
  }
  const { partitions, files, bytes, bytesKept, durationMs } = report;
  const seconds = (durationMs / 1000).toFixed(1);
  const point =
    report.point === undefined ? [] : [`point ${report.point.checkpointId} of ${report.point.timestamp}`];
  const kept =
    bytesKept === 0
      ? []
      : [`kept: ${formatBytes(bytesKept)} were there already, fetched: ${formatBytes(bytes - bytesKept)}`];
  const counts = `partitions: ${partitions.length}, files: ${files}, ${formatBytes(bytes)} in ${seconds} s`;
  return {
    json: {
      ...report,
      // Nobody reads thousands of points here.
      partitions: partitions.map(({ descriptor: { checkpoints: _, ...descriptor }, ...partition }) => ({
        ...partition,
        descriptor,
      })),
      durationMs: Math.round(durationMs),
    },
    text: [counts, ...kept, ...point, 'Successfully restored broker from backup'].join('\n'),
  };
}

function snapshotOf({ snapshotId }: BackupDescriptor): string {
  return snapshotId === null ? 'no snapshot' : `snapshot ${snapshotId}`;
}
