// Finds what a restore to a time takes: the latest point that is not after it. It changes nothing.
import { err, ok, type ResultAsync } from 'neverthrow';
import { timestamp } from '../core/backup.ts';
import type { PartitionCountMismatch } from '../core/errors.ts';
import { PointNotFound } from '../core/point-errors.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupStore, ListBackupsError } from '../ports/backup-store.ts';
import type { PointInBackup } from './backup-points.ts';
import { readPoints } from './read-points.ts';

export type FindPointError = ListBackupsError | PointNotFound | PartitionCountMismatch;

/** The latest point at or before `timeMs`. Of several backups that hold it, the oldest: its log is the shortest. */
export function findPoint(
  store: Pick<BackupStore, 'list'>,
  timeMs: number,
  options: { readonly partitionsCount: number; readonly signal: AbortSignal },
): ResultAsync<PointInBackup, FindPointError> {
  return fromAsync<PointInBackup, FindPointError>(async () => {
    let best: PointInBackup | undefined;
    let earliest: PointInBackup | undefined;
    let mismatch: PartitionCountMismatch | undefined;
    let isRecorded = false;
    const read = await readPoints(store, {
      ...options,
      onBackup(backup) {
        if (backup.isErr()) {
          if (backup.error.name === 'PartitionCountMismatch') mismatch ??= backup.error;
          return 'go on';
        }
        const { points, lowest } = backup.value;
        isRecorded ||= lowest.size > 0;
        const own = points.at(-1);
        earliest = points[0] ?? earliest;
        const latest = points.findLast((point) => isNotAfter(point, timeMs));
        if (latest !== undefined && (best === undefined || !isBefore(latest, best))) best = latest;
        // Whatever is in an older backup is before this one.
        return own !== undefined && isNotAfter(own, timeMs) ? 'stop' : 'go on';
      },
    });
    if (read.isErr()) return err(read.error);
    if (best !== undefined) return ok(best);
    if (earliest === undefined && mismatch !== undefined) return err(mismatch);
    return err(new PointNotFound(timestamp(timeMs), whatThereIs(earliest, isRecorded)));
  });
}

function whatThereIs(earliest: PointInBackup | undefined, isRecorded: boolean): string {
  if (earliest === undefined) return 'no backup is COMPLETED on every partition; see: tidemark list';
  const there = `the earliest point is ${earliest.timestamp}, in backup ${earliest.backupId}`;
  const kind = isRecorded ? '' : ', and no backup here tells of markers between backups';
  return `${there}${kind}; see: tidemark ranges`;
}

function isNotAfter(point: PointInBackup, timeMs: number): boolean {
  return Date.parse(point.timestamp) <= timeMs;
}

function isBefore(a: PointInBackup, b: PointInBackup): boolean {
  const [atA, atB] = [Date.parse(a.timestamp), Date.parse(b.timestamp)];
  return atA < atB || (atA === atB && a.checkpointId < b.checkpointId);
}
