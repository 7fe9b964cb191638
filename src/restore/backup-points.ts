// Pure: the points that one backup can be restored to. A point counts only where every partition of the cluster has
// it, in copies of the same backup: copies of different backups may be of different histories.
import { err, ok, type Result } from 'neverthrow';
import { type RecordedCheckpoint, timestamp } from '../core/backup.ts';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestorablePoint } from '../core/restorable-ranges.ts';
import type { BackupStatus } from '../core/status.ts';
import { type PlannedCopy, planRestore, type RestorePlanError } from './restore-plan.ts';

/** A point, and where each partition's log ends at it. */
export interface PointInBackup extends RestorablePoint {
  /** Of every partition of the cluster; the backup's own point has none where its store tells no positions. */
  readonly positions: ReadonlyMap<PartitionId, LogPosition>;
}

export interface BackupPoints {
  readonly checkpointId: CheckpointId;
  /** In ascending order; the last one is the backup's own. Empty where nothing tells when that was. */
  readonly points: readonly PointInBackup[];
  /** Partitions whose copies tell their points, and the lowest of these. */
  readonly lowest: ReadonlyMap<PartitionId, CheckpointId>;
}

interface Told {
  readonly partitionId: PartitionId;
  readonly position: LogPosition | undefined;
  readonly earlier: readonly RecordedCheckpoint[];
  readonly own: { readonly timestamp: string | undefined; readonly isRecorded: boolean };
}

/** The points of a backup from its rows in a listing with details. Fails where the whole backup cannot be restored. */
export function backupPoints(
  rows: readonly BackupStatus[],
  checkpointId: CheckpointId,
  partitionsCount: number,
): Result<BackupPoints, RestorePlanError> {
  const partitionIds = Array.from({ length: partitionsCount }, (_, index) => index + 1);
  const plan = planRestore(rows, { checkpointId, partitionIds, partitionsCount });
  if (plan.isErr()) return err(plan.error);
  const told = plan.value.copies.map((copy) => toldBy(copy, rows));
  const [first, ...others] = told;
  const lookups = others.map(({ earlier }) => new Map(earlier.map((each) => [each.checkpointId, each])));
  const common = (first?.earlier ?? []).flatMap((each) => {
    const all = [each, ...lookups.flatMap((lookup) => lookup.get(each.checkpointId) ?? [])];
    return all.length === told.length ? [all] : [];
  });
  const points = common.map((all) =>
    pointOf(checkpointId, {
      checkpointId: all[0]?.checkpointId ?? checkpointId,
      type: all.every(({ type }) => type === 'backup') ? 'backup' : 'marker',
      times: all.map((each) => Date.parse(each.timestamp)),
      positions: new Map(all.map(({ position }, index) => [index + 1, position])),
    }),
  );
  const times = told.flatMap(({ own }) => (own.timestamp === undefined ? [] : [Date.parse(own.timestamp)]));
  const positions = new Map(
    told.flatMap(({ partitionId, position }) => (position === undefined ? [] : [[partitionId, position]])),
  );
  const own = pointOf(checkpointId, { checkpointId, type: 'backup', times, positions });
  const isTimed = times.length === told.length && times.length > 0;
  return ok({
    checkpointId,
    points: isTimed ? neverBack([...points, own]) : [],
    lowest: new Map(
      told
        .filter(({ own }) => own.isRecorded)
        .map(({ partitionId, earlier: [lowest] }) => [partitionId, lowest?.checkpointId ?? checkpointId]),
    ),
  });
}

/** What a copy tells. A list that is in no order, or goes beyond the backup, tells nothing. */
function toldBy({ id, descriptor }: PlannedCopy, rows: readonly BackupStatus[]): Told {
  const row = rows.find((each) => each.id.partitionId === id.partitionId && each.id.nodeId === id.nodeId);
  const list = descriptor?.checkpoints ?? [];
  const last = list.at(-1);
  const isRecorded =
    last?.checkpointId === id.checkpointId &&
    last.position === descriptor?.checkpointPosition &&
    list.every((each, index) => {
      const before = list[index - 1];
      return (
        before === undefined || (before.checkpointId < each.checkpointId && before.position < each.position)
      );
    });
  return {
    partitionId: id.partitionId,
    position: descriptor?.checkpointPosition,
    earlier: isRecorded ? list.slice(0, -1) : [],
    // A copy is begun after its checkpoint, so this is late, never early.
    own: { timestamp: isRecorded ? last.timestamp : row?.createdAt, isRecorded },
  };
}

function pointOf(
  backupId: CheckpointId,
  {
    checkpointId,
    type,
    times,
    positions,
  }: Pick<PointInBackup, 'checkpointId' | 'type' | 'positions'> & {
    readonly times: readonly number[];
  },
): PointInBackup & { readonly latestMs: number } {
  const latestMs = times.reduce((latest, time) => Math.max(latest, time), 0);
  const earliestMs = times.reduce((earliest, time) => Math.min(earliest, time), latestMs);
  const spreadMs = latestMs - earliestMs;
  return { checkpointId, type, timestamp: timestamp(latestMs), spreadMs, backupId, positions, latestMs };
}

/** A clock may be put back; what came later must not look as if it came before. */
function neverBack(points: readonly (PointInBackup & { readonly latestMs: number })[]): PointInBackup[] {
  let latest = 0;
  return points.map(({ latestMs, ...point }) => {
    latest = Math.max(latest, latestMs);
    return { ...point, timestamp: timestamp(latest) };
  });
}
