// What a restore to a point changes in the restore of a backup: where each partition's log ends. Pure.
import { err, ok, type Result } from 'neverthrow';
import type { StoredBackup } from '../core/backup.ts';
import type { LogPosition, PartitionId } from '../core/ids.ts';
import { PointInTimeUnsupported, PointNotFound } from '../core/point-errors.ts';
import type { RestorablePoint } from '../core/restorable-ranges.ts';
import type { RestoreTarget } from '../ports/restore-target.ts';
import type { PointInBackup } from './backup-points.ts';
import type { RestorePlan } from './restore-plan.ts';

/** The plan of a node for a point: which copies of one backup, and where the log of each ends. */
export interface PointRestorePlan extends RestorePlan {
  readonly point: RestorablePoint;
  /** By partition of this node, in ascending order: its log ends right behind this record. Empty: as it is stored. */
  readonly ends: ReadonlyMap<PartitionId, LogPosition>;
}

/**
 * The point's plan for the partitions of a plan of its backup. Fails where a copy has it no more: another one may have
 * taken its place since the point was found, and begin with a newer snapshot.
 */
export function planPoint(
  plan: RestorePlan,
  { positions, ...point }: PointInBackup,
): Result<PointRestorePlan, PointNotFound> {
  const ends = new Map<PartitionId, LogPosition>();
  for (const { id, descriptor } of point.checkpointId === plan.checkpointId ? [] : plan.copies) {
    const end = positions.get(id.partitionId);
    const isTold = descriptor?.checkpoints?.some(
      ({ checkpointId, position }) => checkpointId === point.checkpointId && position === end,
    );
    if (end === undefined || isTold !== true) {
      const detail = `the copies of backup ${plan.checkpointId} changed while they were looked at; run it again`;
      return err(new PointNotFound(point.timestamp, detail));
    }
    ends.set(id.partitionId, end);
  }
  return ok({ ...plan, point, ends });
}

/** The target that ends the logs there. Fails where the target cannot. */
export function cuttingTarget(
  target: RestoreTarget,
  { ends, point }: PointRestorePlan,
): Result<RestoreTarget, PointInTimeUnsupported> {
  if (ends.size === 0) return ok(target);
  const cutting = target.truncateAfter?.(ends);
  if (cutting !== undefined) return ok(cutting);
  const detail =
    `the restore target cannot cut the log of its broker, and point ${point.checkpointId} lies within backup ` +
    `${point.backupId}; give it a 'truncateAfter', or restore a backup: see tidemark list`;
  return err(new PointInTimeUnsupported(detail));
}

/** A backup as one that was taken at the point. Its files are the same: the target cuts them. */
export function cutBackup(backup: StoredBackup, ends: PointRestorePlan['ends']): StoredBackup {
  const end = ends.get(backup.id.partitionId);
  if (end === undefined) return backup;
  const checkpoints = backup.descriptor.checkpoints?.filter(({ position }) => position <= end);
  return { ...backup, descriptor: { ...backup.descriptor, checkpointPosition: end, checkpoints } };
}
