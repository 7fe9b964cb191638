// Whether a slot of the schedule has its backup, and which id one would get. Pure: it knows the backups, the time and
// nothing else, so every scheduler that looks at the same store comes to the same id.

import type { CheckpointType } from '../core/checkpoint.ts';
import { generatedId, idAbove, idOfInstant } from '../core/generated-id.ts';
import type { CheckpointId } from '../core/ids.ts';
import { CLOCK_SKEW_MS } from '../core/limits.ts';
import type { ClusterBackupStatus } from '../core/status.ts';

export interface SlotTimes {
  readonly slotMs: number;
  /** The slot before it. */
  readonly previousMs: number | undefined;
  /** The time of day. */
  readonly nowMs: number;
  readonly idOffset: number;
}

export interface SlotFacts extends SlotTimes {
  /** The newest backups, in any order. */
  readonly backups: readonly ClusterBackupStatus[];
  /** The highest id that was tried for a marker: some partitions may have it. */
  readonly markedId?: CheckpointId | undefined;
  /** Whether one that has not ended is still waited for. */
  readonly isWaitedFor: (backup: ClusterBackupStatus) => boolean;
}

/**
 * DONE: a backup has been begun since the slot, by whomever and whatever became of it. WAIT: another one has not ended.
 * COMPLETE: one of either lacks some partitions, and is the newest: trigger it again there. TAKE: trigger this id.
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
  const highest = highestOf(backups);
  const since = own ?? backups.find((backup) => isSince(backup, facts));
  if (since !== undefined) {
    const { state, checkpointId } = since;
    const isPartial = state === 'INCOMPLETE' && checkpointId === highest && facts.isWaitedFor(since);
    return { kind: isPartial ? 'COMPLETE' : 'DONE', checkpointId };
  }
  const unfinished = backups.find(
    (backup) => !hasEnded(backup) && !isOvertaken(backup, backups) && facts.isWaitedFor(backup),
  );
  if (unfinished !== undefined) {
    const { state, checkpointId } = unfinished;
    return { kind: state === 'INCOMPLETE' && checkpointId === highest ? 'COMPLETE' : 'WAIT', checkpointId };
  }
  const next = generatedId(slotMs, idOffset, higher(highest, facts.markedId));
  return next === undefined ? { kind: 'EXHAUSTED' } : { kind: 'TAKE', checkpointId: next };
}

/**
 * What to do when the id was used up, though no backup showed it: by one that was deleted, by one that was triggered at
 * this moment, or by a marker. `latest` is the latest checkpoint of the cluster.
 */
export function decideUsedId(
  times: SlotTimes,
  requested: CheckpointId,
  latest: {
    readonly checkpointId: CheckpointId;
    /** Whether a backup of it is known. */
    readonly isBackup: boolean;
    /** Whether it is known, and has not ended. */
    readonly isUnderWay: boolean;
    /** Absent where nobody told. */
    readonly type?: CheckpointType | undefined;
  },
): SlotDecision {
  const { checkpointId, isBackup, isUnderWay, type } = latest;
  const isSince = !isAhead(checkpointId, times) && checkpointId >= idOfInstant(times.slotMs, times.idOffset);
  // The very same id comes from another scheduler, unless it is a marker's. Its backup may be so young that nobody
  // knows it yet.
  const isRequested = checkpointId === requested && type !== 'marker';
  if (isRequested || (isSince && isBackup)) return { kind: 'DONE', checkpointId };
  // Ids that are ahead of the clock tell no time; its status will, once the listing shows it.
  if (isUnderWay) return { kind: 'WAIT', checkpointId };
  const next = idAbove(checkpointId);
  return next === undefined ? { kind: 'EXHAUSTED' } : { kind: 'TAKE', checkpointId: next };
}

/** Whether every partition has the backup, or had it. */
export function hasReachedAll({ state }: ClusterBackupStatus): boolean {
  return state !== 'INCOMPLETE' && state !== 'DOES_NOT_EXIST';
}

/** Whether nothing of the backup is under way or still to come. */
export function hasEnded({ state, partitions }: ClusterBackupStatus): boolean {
  return state !== 'INCOMPLETE' && partitions.every(({ statusCode }) => statusCode !== 'IN_PROGRESS');
}

/**
 * Whether nothing runs of it, and nothing more comes: a partition lacks it that has passed a later one, which all have.
 */
function isOvertaken(
  { checkpointId, state, partitions }: ClusterBackupStatus,
  backups: readonly ClusterBackupStatus[],
): boolean {
  if (state !== 'INCOMPLETE' || partitions.some(({ statusCode }) => statusCode === 'IN_PROGRESS'))
    return false;
  return backups.some((other) => other.checkpointId > checkpointId && other.state !== 'INCOMPLETE');
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
function isSince(backup: ClusterBackupStatus, facts: SlotFacts): boolean {
  const { slotMs, nowMs, idOffset } = facts;
  const { checkpointId } = backup;
  const ahead = isAhead(checkpointId, facts);
  if (!ahead && checkpointId >= idOfInstant(slotMs, idOffset)) return true;
  const begun = begunMs(backup);
  // An id that is ahead tells no time, and the clock of who took the backup may be behind.
  const since = ahead ? slotMs - skewMs(facts) : slotMs;
  return begun !== undefined && begun >= since && begun <= nowMs + skewMs(facts);
}

/** Whether no clock that is right can have made the id by now. */
function isAhead(id: CheckpointId, times: SlotTimes): boolean {
  return id > idOfInstant(times.nowMs + skewMs(times), times.idOffset);
}

/** By how much clocks may differ: not so much that the backup of another slot could be meant. */
function skewMs({ slotMs, previousMs = 0 }: SlotTimes): number {
  return Math.min(CLOCK_SKEW_MS, (slotMs - previousMs) / 2);
}

function higher(a: CheckpointId | undefined, b: CheckpointId | undefined): CheckpointId | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

function highestOf(backups: readonly ClusterBackupStatus[]): CheckpointId | undefined {
  return backups.reduce<CheckpointId | undefined>(
    (highest, { checkpointId }) => (highest === undefined || checkpointId > highest ? checkpointId : highest),
    undefined,
  );
}
