// Which backups go and which stay, each with its reason. Pure: it reads no store and no clock, and sees the backups one
// by one, newest first, as a listing gives them.
import { err, ok, type Result } from 'neverthrow';
import { InvalidInput } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { FAILED_BACKUPS_KEPT_MS } from '../core/limits.ts';
import type { RetentionPolicy, RetentionReason } from '../core/retention-policy.ts';

/** A backup of the cluster. BROKEN: nobody can restore it, because it failed on a partition or lacks one. */
export interface RetainableBackup {
  readonly checkpointId: CheckpointId;
  readonly state: 'COMPLETED' | 'IN_PROGRESS' | 'BROKEN';
  /** When it was begun, in milliseconds since 1970. One whose time is not known stays. */
  readonly createdAtMs?: number | undefined;
  /** Somebody wants it kept, whatever the policy says. */
  readonly isHeld?: boolean | undefined;
  /** A delete of it was begun and has not come to its end. */
  readonly isBeingDeleted?: boolean | undefined;
}

export interface RetentionDecision extends RetainableBackup {
  readonly keep: boolean;
  readonly reason: RetentionReason;
}

const GOING: ReadonlySet<RetentionReason> = new Set(['SURPLUS', 'SUPERSEDED', 'BEING_DELETED']);

/** Decides on all backups. They must be in order, newest first. */
export function planRetention(
  backups: Iterable<RetainableBackup>,
  policy: RetentionPolicy,
  nowMs: number,
): RetentionDecision[] {
  const plan = new RetentionPlan(policy, nowMs);
  return Array.from(backups, (backup) => plan.decide(backup));
}

/** Decides on one backup after the other. */
export class RetentionPlan {
  readonly #policy: RetentionPolicy;
  readonly #nowMs: number;
  readonly #tiers: readonly Tier[];
  #anchorMs: number | undefined;
  #completed = 0;
  #kept = 0;

  constructor(policy: RetentionPolicy, nowMs: number) {
    this.#policy = policy;
    this.#nowMs = nowMs;
    this.#tiers = [
      new Tier('DAILY', policy.keepDaily, dayOf),
      new Tier('WEEKLY', policy.keepWeekly, weekOf),
      new Tier('MONTHLY', policy.keepMonthly, monthOf),
    ];
  }

  /**
   * Everything begun at this time or later stays, so nobody need look at it; milliseconds since 1970. Undefined while
   * more must be seen to say so, and where the policy must see every backup.
   */
  get allKeptSinceMs(): number | undefined {
    const { keepLast = 0, keepWithinMs, minimum = 1 } = this.#policy;
    if (keepWithinMs === undefined || this.#tiers.some((tier) => tier.isAsked)) return undefined;
    if (this.#anchorMs === undefined || this.#completed < Math.max(keepLast, minimum)) return undefined;
    return this.#anchorMs - keepWithinMs;
  }

  decide(backup: RetainableBackup): RetentionDecision {
    const reason = backup.state === 'COMPLETED' ? this.#completedReason(backup) : this.#otherReason(backup);
    const keep = !GOING.has(reason);
    return { ...backup, keep, reason };
  }

  #completedReason({ createdAtMs, isHeld = false }: RetainableBackup): RetentionReason {
    const isNewest = this.#completed === 0;
    this.#completed += 1;
    if (createdAtMs === undefined) return isHeld ? 'HELD' : 'NO_TIME';
    // A clock that was ahead must not make all others look old.
    this.#anchorMs ??= Math.min(createdAtMs, this.#nowMs);
    // Every tier counts what the other rules keep as well.
    const tier = this.#tiers.map((each) => each.keeps(createdAtMs)).find((kept) => kept !== undefined);
    if (isHeld) return 'HELD';
    const reason = isNewest ? 'NEWEST' : (this.#byNumberOrAge(createdAtMs) ?? tier ?? this.#byMinimum());
    if (reason === undefined) return 'SURPLUS';
    this.#kept += 1;
    return reason;
  }

  #byNumberOrAge(createdAtMs: number): RetentionReason | undefined {
    const { keepLast = 0, keepWithinMs } = this.#policy;
    if (this.#completed <= keepLast) return 'LAST';
    return keepWithinMs !== undefined && this.#age(createdAtMs) <= keepWithinMs ? 'WITHIN' : undefined;
  }

  #byMinimum(): RetentionReason | undefined {
    return this.#kept < (this.#policy.minimum ?? 1) ? 'MINIMUM' : undefined;
  }

  #otherReason({ state, createdAtMs, isHeld, isBeingDeleted }: RetainableBackup): RetentionReason {
    if (isHeld === true) return 'HELD';
    if (state === 'IN_PROGRESS') return 'IN_PROGRESS';
    if (isBeingDeleted === true) return 'BEING_DELETED';
    if (this.#anchorMs === undefined) return 'NOT_SUPERSEDED';
    if (createdAtMs === undefined) return 'NO_TIME';
    const keptForMs = Math.max(this.#policy.keepWithinMs ?? 0, FAILED_BACKUPS_KEPT_MS);
    return this.#age(createdAtMs) <= keptForMs ? 'RECENT' : 'SUPERSEDED';
  }

  #age(createdAtMs: number): number {
    return (this.#anchorMs ?? createdAtMs) - createdAtMs;
  }
}

type TierName = 'DAILY' | 'WEEKLY' | 'MONTHLY';

/** The newest backup of each of the last periods that have one. */
class Tier {
  readonly #name: TierName;
  readonly #periodOf: (ms: number) => number;
  #left: number;
  #last: number | undefined;

  constructor(name: TierName, count: number | undefined, periodOf: (ms: number) => number) {
    this.#name = name;
    this.#left = count ?? 0;
    this.#periodOf = periodOf;
    this.isAsked = this.#left > 0;
  }

  readonly isAsked: boolean;

  keeps(ms: number): TierName | undefined {
    const period = this.#periodOf(ms);
    if (this.#left === 0 || period === this.#last) return undefined;
    this.#last = period;
    this.#left -= 1;
    return this.#name;
  }
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** The first of January 1970 was a Thursday, three days after a Monday. */
const DAYS_AFTER_MONDAY = 3;

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

function weekOf(ms: number): number {
  return Math.floor((dayOf(ms) + DAYS_AFTER_MONDAY) / 7);
}

function monthOf(ms: number): number {
  const date = new Date(ms);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Refuses a policy that makes no sense: one without a rule would delete nearly everything. */
export function checkPolicy(policy: RetentionPolicy): Result<RetentionPolicy, InvalidInput> {
  const { minimum, ...rules } = policy;
  if (Object.values(rules).every((rule) => rule === undefined)) {
    const detail =
      'no rule says what to keep; give keepLast, keepWithin, keepDaily, keepWeekly or keepMonthly';
    return err(new InvalidInput('retention', detail));
  }
  for (const [name, value] of Object.entries(policy)) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    return err(new InvalidInput(`retention.${name}`, `expected a whole number above 0, got ${value}`));
  }
  return ok(policy);
}
