// What a restore to a point changes in the restore of a backup: where each partition's log ends. Pure.
import { err, ok, type Result } from 'neverthrow';
import type { StoredBackup } from '../core/backup.ts';
import type { LogPosition, PartitionId } from '../core/ids.ts';
import { invariant } from '../core/invariant.ts';
import { PointInTimeUnsupported } from '../core/point-errors.ts';
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

/** The point's plan for the partitions of a plan of its backup. */
export function planPoint(plan: RestorePlan, { positions, ...point }: PointInBackup): PointRestorePlan {
  const isWhole = point.checkpointId === plan.checkpointId;
  const ends = plan.copies.flatMap(({ id: { partitionId } }): [PartitionId, LogPosition][] => {
    const end = positions.get(partitionId);
    invariant(isWhole || end !== undefined, `a point has a position on partition ${partitionId}`);
    return isWhole || end === undefined ? [] : [[partitionId, end]];
  });
  return { ...plan, point, ends: new Map(ends) };
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
