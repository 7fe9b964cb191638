// Whether a slot of the schedule has its backup, and which id one would get. Pure: it knows the backups, the time and
// nothing else, so every scheduler that looks at the same store comes to the same id.
import { generatedId, idAbove, idOfInstant } from '../core/generated-id.ts';
import type { CheckpointId } from '../core/ids.ts';
import { CLOCK_SKEW_MS } from '../core/limits.ts';
import type { ClusterBackupStatus } from '../core/status.ts';

export interface SlotFacts {
  readonly slotMs: number;
  /** The time of day. */
  readonly nowMs: number;
  readonly idOffset: number;
  /** The newest backups, in any order. */
  readonly backups: readonly ClusterBackupStatus[];
  /** Whether one that has not ended is still waited for. */
  readonly isWaitedFor: (backup: ClusterBackupStatus) => boolean;
}

/**
 * DONE: a backup has been begun since the slot, by whomever and whatever became of it. WAIT: another one has not ended.
 * COMPLETE: likewise, and some partitions lack its checkpoint: trigger it again there. TAKE: trigger this id.
 * EXHAUSTED: there is no higher id.
 */
export type SlotDecision =
  | { readonly kind: 'DONE'; readonly checkpointId: CheckpointId }
  | { readonly kind: 'WAIT'; readonly checkpointId: CheckpointId }
  | { readonly kind: 'COMPLETE'; readonly checkpointId: CheckpointId }
  | { readonly kind: 'TAKE'; readonly checkpointId: CheckpointId }
  | { readonly kind: 'EXHAUSTED' };

/** Decides on a slot that has come. */
export function decideSlot(facts: SlotFacts): SlotDecision {
  const { slotMs, idOffset, backups } = facts;
  const idOfSlot = idOfInstant(slotMs, idOffset);
  const own = backups.find(({ checkpointId }) => checkpointId === idOfSlot);
  // Some partitions have it and some not: to trigger it again completes it where they answer, and harms nowhere.
  if (own?.state === 'INCOMPLETE') return { kind: 'TAKE', checkpointId: idOfSlot };
  const since = own ?? backups.find((backup) => isSince(backup, facts));
  if (since !== undefined) return { kind: 'DONE', checkpointId: since.checkpointId };
  const unfinished = backups.find((backup) => !hasEnded(backup) && facts.isWaitedFor(backup));
  const highest = highestOf(backups);
  if (unfinished !== undefined) {
    const { state, checkpointId } = unfinished;
    return { kind: state === 'INCOMPLETE' && checkpointId === highest ? 'COMPLETE' : 'WAIT', checkpointId };
  }
  const next = generatedId(slotMs, idOffset, highest);
  return next === undefined ? { kind: 'EXHAUSTED' } : { kind: 'TAKE', checkpointId: next };
}

/**
 * What to do when the id was used up, though no backup showed it: by one that was deleted, by one that was triggered at
 * this moment, or by a marker. `latest` is the latest checkpoint of the cluster.
 */
export function decideUsedId(
  { slotMs, nowMs, idOffset }: Pick<SlotFacts, 'slotMs' | 'nowMs' | 'idOffset'>,
  requested: CheckpointId,
  latest: { readonly checkpointId: CheckpointId; readonly isBackup: boolean },
): SlotDecision {
  const { checkpointId, isBackup } = latest;
  const isSince =
    checkpointId >= idOfInstant(slotMs, idOffset) && checkpointId <= newestPlausibleId(nowMs, idOffset);
  // The very same id comes from another scheduler. Its backup may be so young that nobody knows it yet.
  if (checkpointId === requested || (isSince && isBackup)) return { kind: 'DONE', checkpointId };
  const next = idAbove(checkpointId);
  return next === undefined ? { kind: 'EXHAUSTED' } : { kind: 'TAKE', checkpointId: next };
}

/** The highest id that a clock which is right can have made by now. */
export function newestPlausibleId(nowMs: number, idOffset: number): CheckpointId {
  return idOfInstant(nowMs + CLOCK_SKEW_MS, idOffset);
}

/** Whether nothing of the backup is under way or still to come. */
export function hasEnded({ state, partitions }: ClusterBackupStatus): boolean {
  return state !== 'INCOMPLETE' && partitions.every(({ statusCode }) => statusCode !== 'IN_PROGRESS');
}

/** When the backup was begun, as far as it is told: the earliest of its partitions. */
export function begunMs({ partitions }: ClusterBackupStatus): number | undefined {
  const times = partitions.flatMap(({ createdAt }) => {
    const time = Date.parse(createdAt ?? '');
    return Number.isNaN(time) ? [] : [time];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Begun between the slot and now. What claims to be from the future was made by a clock that was wrong. */
function isSince(backup: ClusterBackupStatus, { slotMs, nowMs, idOffset }: SlotFacts): boolean {
  const { checkpointId } = backup;
  const byId =
    checkpointId >= idOfInstant(slotMs, idOffset) && checkpointId <= newestPlausibleId(nowMs, idOffset);
  const begun = begunMs(backup);
  return byId || (begun !== undefined && begun >= slotMs && begun <= nowMs + CLOCK_SKEW_MS);
}

function highestOf(backups: readonly ClusterBackupStatus[]): CheckpointId | undefined {
  return backups.reduce<CheckpointId | undefined>(
    (highest, { checkpointId }) => (highest === undefined || checkpointId > highest ? checkpointId : highest),
    undefined,
  );
}
