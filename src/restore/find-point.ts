// Finds what a restore to a time takes: the latest point that is not after it. It changes nothing.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { timestamp } from '../core/backup.ts';
import type { PartitionCountMismatch } from '../core/errors.ts';
import { PointNotFound } from '../core/point-errors.ts';
import type { RestorableRange } from '../core/restorable-ranges.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupStore, ListBackupsError } from '../ports/backup-store.ts';
import type { BackupPoints, PointInBackup } from './backup-points.ts';
import { readPoints } from './read-points.ts';
import { restorableRanges } from './restorable-ranges.ts';
import type { RestorePlanError } from './restore-plan.ts';

export type FindPointError = ListBackupsError | PointNotFound | PartitionCountMismatch;

/**
 * The latest point at or before `timeMs`. Of several backups that hold it, the oldest: its log is the shortest. A
 * time in a gap is refused, for the point before it may be days older than what was asked for. Where the backups
 * tell no points there is nothing between them anyway, and the last whole one is meant.
 */
export function findPoint(
  store: Pick<BackupStore, 'list'>,
  timeMs: number,
  options: { readonly partitionsCount: number; readonly signal: AbortSignal },
): ResultAsync<PointInBackup, FindPointError> {
  return fromAsync<PointInBackup, FindPointError>(async () => {
    const search = new PointSearch(timeMs, options.partitionsCount);
    const read = await readPoints(store, { ...options, onBackup: (backup) => search.see(backup) });
    if (read.isErr()) return err(read.error);
    const { best, earliest, mismatch, isInGap } = search;
    if (best !== undefined && !isInGap) return ok(best);
    if (earliest === undefined && mismatch !== undefined) return err(mismatch);
    if (best === undefined) {
      return err(new PointNotFound(timestamp(timeMs), whatThereIs(earliest, search.isRecorded)));
    }
    const told = await restorableRanges(store, options, options);
    return told.andThen(({ ranges }) => err(inGap(timeMs, ranges)));
  });
}

/** Sees backups, newest first, until nothing older can be meant. */
class PointSearch {
  readonly #timeMs: number;
  readonly #partitionsCount: number;
  best: PointInBackup | undefined;
  earliest: PointInBackup | undefined;
  mismatch: PartitionCountMismatch | undefined;
  /** Whether any backup tells of points beside itself. */
  isRecorded = false;
  /** Between the backup that has the point and the next one there were others, which are in neither. */
  isInGap = false;
  #newer: BackupPoints | undefined;

  constructor(timeMs: number, partitionsCount: number) {
    this.#timeMs = timeMs;
    this.#partitionsCount = partitionsCount;
  }

  see(backup: Result<BackupPoints, RestorePlanError>): 'go on' | 'stop' {
    if (backup.isErr()) {
      if (backup.error.name === 'PartitionCountMismatch') this.mismatch ??= backup.error;
      return 'go on';
    }
    const { points, lowest } = backup.value;
    this.isRecorded ||= lowest.size > 0;
    const own = points.at(-1);
    if (own === undefined) return 'go on';
    this.earliest = points[0] ?? this.earliest;
    const latest = points.findLast((point) => isNotAfter(point, this.#timeMs));
    const isLast = isNotAfter(own, this.#timeMs);
    if (latest !== undefined && (this.best === undefined || !isBefore(latest, this.best))) {
      const isTold = this.#newer?.lowest.size === this.#partitionsCount;
      this.isInGap = isLast && this.best === undefined && isTold && Date.parse(own.timestamp) < this.#timeMs;
      this.best = latest;
    }
    this.#newer = backup.value;
    // Whatever is in an older backup is before this one.
    return isLast ? 'stop' : 'go on';
  }
}

/** What lies around a time that nothing is left of. */
function inGap(timeMs: number, ranges: readonly RestorableRange[]): PointNotFound {
  const before = ranges.findLast(({ to }) => Date.parse(to.timestamp) <= timeMs);
  const behind = ranges.find(({ from }) => Date.parse(from.timestamp) > timeMs);
  const show = (range: RestorableRange | undefined) =>
    range === undefined ? 'none' : `${range.from.timestamp} to ${range.to.timestamp}`;
  const detail =
    `it lies in a gap; what can be restored is ${show(before)} before it, and ${show(behind)} behind it; ` +
    'ask for the end of the one or the beginning of the other; see: tidemark ranges';
  const nearest = [before, behind].filter((range) => range !== undefined);
  return new PointNotFound(timestamp(timeMs), detail, nearest);
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
