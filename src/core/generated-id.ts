// Ids that nobody chose: the time of day, and above all that were used. Pure.
import { type CheckpointId, checkpointId, INT64_MAX } from './ids.ts';

/** The id that an instant stands for: its milliseconds since 1970, and the offset that keeps ids rising. */
export function idOfInstant(instantMs: number, offset = 0): CheckpointId {
  return checkpointId(BigInt(Math.max(1, Math.trunc(instantMs) + offset)));
}

/** The id for a new backup: that of the time of day, or the next one above `highest`. Undefined when none is left. */
export function generatedId(
  nowMs: number,
  offset: number,
  highest: CheckpointId | undefined,
): CheckpointId | undefined {
  const ofNow = idOfInstant(nowMs, offset);
  return highest === undefined || ofNow > highest ? ofNow : idAbove(highest);
}

/** The next free id. Undefined when it was the last one. */
export function idAbove(highest: CheckpointId): CheckpointId | undefined {
  return highest === INT64_MAX ? undefined : checkpointId(highest + 1n);
}
