// Pure: which snapshot and which segments make a whole backup at a checkpoint position.
import { err, ok, type Result } from 'neverthrow';
import { BackupNotPossible } from '../core/errors.ts';
import type { LogPosition } from '../core/ids.ts';
import type { PartitionReservation, SegmentHandle, SnapshotHandle } from '../ports/partition.ts';

/** What goes into the backup. Without a snapshot the segments start at the first record of the log. */
export interface BackupSelection {
  readonly snapshot: SnapshotHandle | null;
  readonly segments: readonly SegmentHandle[];
}

type FilledSegment = SegmentHandle & {
  readonly firstPosition: LogPosition;
  readonly lastPosition: LogPosition;
};

/**
 * Takes the newest snapshot that has files and holds nothing from the checkpoint on (strictly below its position),
 * with the log from there to the checkpoint. Having none is fine while the log reaches back to its first record. Where
 * the broker wants the backup to reach back, the newest snapshot below that comes first.
 */
export function selectBackup(
  pinned: Pick<PartitionReservation, 'snapshots' | 'segments' | 'reachingTo'>,
  checkpointPosition: LogPosition,
): Result<BackupSelection, BackupNotPossible> {
  const segments = pinned.segments
    .filter(isFilled)
    .sort((a, b) => (a.firstPosition < b.firstPosition ? -1 : 1));
  const candidates = pinned.snapshots
    .filter((snapshot) => snapshot.files.length > 0 && snapshot.position < checkpointPosition)
    .sort((a, b) => (a.position > b.position ? -1 : 1));

  let reason = '';
  const { reachingTo = checkpointPosition } = pinned;
  const reaching = candidates.filter(({ position }) => position < reachingTo);
  const short = candidates.filter(({ position }) => position >= reachingTo).reverse();
  for (const snapshot of [...reaching, null, ...short]) {
    const log = coveringLog(segments, snapshot?.replayFrom ?? 1n, checkpointPosition);
    if (log.isOk()) return ok({ snapshot, segments: log.value });
    reason ||= log.error;
  }
  const passedOver = pinned.snapshots.length - candidates.length;
  const note = passedOver > 0 ? `; ${passedOver} snapshot(s) are empty, or at or beyond the checkpoint` : '';
  return err(new BackupNotPossible(`${reason}${note}`));
}

/** The segments from `from` to `to`, if together they hold every position between. */
function coveringLog(
  segments: readonly FilledSegment[],
  from: bigint,
  to: bigint,
): Result<readonly SegmentHandle[], string> {
  const needed = segments.filter((segment) => segment.lastPosition >= from && segment.firstPosition <= to);
  let next = from;
  for (const segment of needed) {
    if (segment.firstPosition > next) {
      return err(
        `the log has no position ${next}; the next segment ${segment.name} starts at ${segment.firstPosition}`,
      );
    }
    next = segment.lastPosition + 1n;
  }
  return next > to ? ok(needed) : err(`the log ends before position ${next}; the checkpoint is at ${to}`);
}

function isFilled(segment: SegmentHandle): segment is FilledSegment {
  return segment.firstPosition !== undefined && segment.lastPosition !== undefined;
}
