// Pure: which of a partition's checkpoints a backup can be restored to, as its descriptor tells them.
import { type RecordedCheckpoint, timestamp } from '../core/backup.ts';
import type { LogPosition } from '../core/ids.ts';
import { invariant } from '../core/invariant.ts';
import { POINTS_PER_BACKUP_MAX } from '../core/limits.ts';
import type { CheckpointState } from '../ports/partition.ts';

/**
 * The checkpoints above the snapshot (at position 0: none) up to the backup's own, which is the last. A snapshot may
 * hold effects of records up to its position, so no log can be cut at or below that. Undefined without any timestamp.
 * Throws where the broker names them in no order.
 */
export function pointsInLog(
  known: readonly CheckpointState[],
  snapshotPosition: LogPosition,
  own: CheckpointState,
): readonly RecordedCheckpoint[] | undefined {
  const earlier = known.filter(
    ({ checkpointId, position }) =>
      position > snapshotPosition && position < own.position && checkpointId < own.checkpointId,
  );
  for (const [index, { checkpointId, position }] of earlier.entries()) {
    const before = earlier[index - 1];
    invariant(
      before === undefined || (checkpointId > before.checkpointId && position > before.position),
      `checkpoints grow along the log: ${checkpointId} at ${position} comes after ${before?.checkpointId}`,
    );
  }
  if (own.timestamp === undefined) return undefined;
  return [...earlier.slice(1 - POINTS_PER_BACKUP_MAX), own].flatMap(recorded);
}

function recorded({ checkpointId, position, type = 'backup', timestamp: at }: CheckpointState) {
  return at === undefined ? [] : [{ checkpointId, position, type, timestamp: timestamp(at) }];
}
