import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import type { RetentionPolicy } from '../../src/core/retention-policy.ts';
import {
  checkPolicy,
  planRetention,
  type RetainableBackup,
  type RetentionDecision,
} from '../../src/retention/retention-plan.ts';

const DAY = 24 * 3_600_000;
// A Thursday.
const NOW = Date.UTC(2026, 9, 15, 12);

type State = RetainableBackup['state'];
const backup = (id: number, createdAtMs: number | undefined, state: State = 'COMPLETED', isHeld = false) => ({
  checkpointId: checkpointId(id),
  state,
  createdAtMs,
  isHeld,
});
/** A backup a day at noon, the newest today. */
const daily = (count: number, now = NOW) =>
  Array.from({ length: count }, (_, age) => backup(1_000_000 - age, now - age * DAY));
const plan = (backups: RetainableBackup[], policy: RetentionPolicy, now = NOW) =>
  planRetention(backups, policy, now);
const reasons = (decisions: RetentionDecision[]) => decisions.map(({ reason }) => reason);
const kept = (decisions: RetentionDecision[]) =>
  decisions.flatMap(({ keep }, index) => (keep ? [index] : []));

describe('the newest so many', () => {
  it('stay, and the others go', () => {
    expect(reasons(plan(daily(5), { keepLast: 2 }))).toEqual([
      'NEWEST',
      'LAST',
      'SURPLUS',
      'SURPLUS',
      'SURPLUS',
    ]);
  });

  it('are counted without those that are broken', () => {
    const backups = daily(3).flatMap((good) => [backup(1, NOW - 100 * DAY, 'BROKEN'), good]);
    expect(kept(plan(backups, { keepLast: 2 }))).toEqual([0, 1, 3]);
  });
});

describe('the window', () => {
  it('hangs on the newest completed backup, and not on the time of day', () => {
    const policy = { keepWithinMs: 2 * DAY };
    expect(kept(plan(daily(5), policy))).toEqual([0, 1, 2]);
    expect(kept(plan(daily(5), policy, NOW + 1_000 * DAY))).toEqual([0, 1, 2]);
  });

  it('does not hang on a clock that was ahead', () => {
    const ahead = backup(2_000_000, NOW + 10_000 * DAY);
    expect(kept(plan([ahead, ...daily(5)], { keepWithinMs: 2 * DAY }))).toEqual([0, 1, 2, 3]);
  });
});

describe('days, weeks and months', () => {
  it('keep the newest of each that has one', () => {
    const twice = daily(4).flatMap((each) => [each, { ...each, createdAtMs: each.createdAtMs! - 3_600_000 }]);
    expect(kept(plan(twice, { keepDaily: 3 }))).toEqual([0, 2, 4]);
    const sparse = [0, 10, 40].map((age) => backup(1_000 - age, NOW - age * DAY));
    expect(kept(plan(sparse, { keepDaily: 3 }))).toEqual([0, 1, 2]);
  });

  it('begin on Monday and on the first, in UTC', () => {
    const weekly = plan(daily(20), { keepWeekly: 3 });
    const days = (decisions: RetentionDecision[]) =>
      decisions
        .filter(({ keep }) => keep)
        .map((each) => new Date(each.createdAtMs ?? 0).toISOString().slice(0, 10));
    expect(days(weekly)).toEqual(['2026-10-15', '2026-10-11', '2026-10-04']);
    expect(days(plan(daily(60), { keepMonthly: 2 }))).toEqual(['2026-10-15', '2026-09-30']);
  });

  it('add up', () => {
    const decisions = plan(daily(100), { keepLast: 1, keepDaily: 3, keepWeekly: 3, keepMonthly: 4 });
    expect(reasons(decisions.filter(({ keep }) => keep))).toEqual([
      'NEWEST',
      'DAILY',
      'DAILY',
      'WEEKLY',
      'WEEKLY',
      'MONTHLY',
      'MONTHLY',
      'MONTHLY',
    ]);
  });
});

describe('never goes', () => {
  it('the last completed backup, however old and whatever failed since', () => {
    const backups = [backup(9, NOW, 'BROKEN'), backup(8, NOW - DAY, 'BROKEN'), backup(7, NOW - 900 * DAY)];
    expect(reasons(plan(backups, { keepWithinMs: DAY }))).toEqual([
      'NOT_SUPERSEDED',
      'NOT_SUPERSEDED',
      'NEWEST',
    ]);
  });

  it('what is in progress or held', () => {
    const old = NOW - 900 * DAY;
    const backups = [...daily(1), backup(2, old, 'IN_PROGRESS'), backup(1, old, 'COMPLETED', true)];
    expect(reasons(plan(backups, { keepLast: 1 }))).toEqual(['NEWEST', 'IN_PROGRESS', 'HELD']);
  });

  it('what has no time', () => {
    expect(
      reasons(plan([...daily(1), backup(1, undefined), backup(2, undefined, 'BROKEN')], { keepLast: 1 })),
    ).toEqual(['NEWEST', 'NO_TIME', 'NO_TIME']);
  });

  it('so much that fewer than the minimum are left', () => {
    expect(reasons(plan(daily(4), { keepLast: 1, minimum: 3 }))).toEqual([
      'NEWEST',
      'MINIMUM',
      'MINIMUM',
      'SURPLUS',
    ]);
  });
});

describe('what failed', () => {
  it('goes when a completed one came after it and a week has passed', () => {
    const failed = (age: number) => backup(1, NOW - age * DAY, 'BROKEN');
    expect(reasons(plan([...daily(1), failed(6), failed(8)], { keepLast: 1 }))).toEqual([
      'NEWEST',
      'RECENT',
      'SUPERSEDED',
    ]);
    expect(reasons(plan([...daily(1), failed(29), failed(31)], { keepWithinMs: 30 * DAY }))).toEqual([
      'NEWEST',
      'RECENT',
      'SUPERSEDED',
    ]);
  });
});

describe('what is being deleted already', () => {
  const begun = (state: State, isHeld = false) => ({
    ...backup(1, NOW, state, isHeld),
    isBeingDeleted: true,
  });

  it('goes at once, for nobody can restore it and somebody wanted it gone', () => {
    expect(reasons(plan([...daily(1), begun('BROKEN')], { keepLast: 1 }))).toEqual([
      'NEWEST',
      'BEING_DELETED',
    ]);
    expect(plan([begun('BROKEN')], { keepLast: 1 })).toMatchObject([
      { keep: false, reason: 'BEING_DELETED' },
    ]);
  });

  it('stays where it is held, whole or in progress', () => {
    const backups = [begun('COMPLETED'), begun('BROKEN', true), begun('IN_PROGRESS')];
    expect(reasons(plan(backups, { keepLast: 1 }))).toEqual(['NEWEST', 'HELD', 'IN_PROGRESS']);
  });
});

describe('a policy', () => {
  it.each([{}, { minimum: 3 }])('without a rule is refused: %j', (policy) => {
    expect(checkPolicy(policy)._unsafeUnwrapErr()).toMatchObject({
      name: 'InvalidInput',
      field: 'retention',
    });
  });

  it.each([0, -1, 1.5, Number.NaN])('with %d is refused', (keepLast) => {
    expect(checkPolicy({ keepLast })._unsafeUnwrapErr().field).toBe('retention.keepLast');
  });
});

describe('whatever the backups and the policy', () => {
  const anyBackup = fc.record({
    state: fc.constantFrom<State>('COMPLETED', 'COMPLETED', 'BROKEN', 'IN_PROGRESS'),
    age: fc.integer({ min: -30, max: 1_000 }),
    isHeld: fc.boolean(),
  });
  const count = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
  const anyPolicy = fc.record({
    keepLast: fc.integer({ min: 1, max: 20 }),
    keepWithinMs: fc.option(fc.integer({ min: 1, max: 400 * DAY }), { nil: undefined }),
    keepDaily: count,
    keepWeekly: count,
    keepMonthly: count,
    minimum: count,
  });

  it('enough stay, nobody who is protected goes, and a second run changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyBackup, { maxLength: 60 }), anyPolicy, (made, policy) => {
        const backups = made
          .toSorted((a, b) => a.age - b.age)
          .map(({ state, age, isHeld }, index) => backup(1_000 - index, NOW - age * DAY, state, isHeld));
        const decisions = plan(backups, policy);
        const completed = decisions.filter(({ state }) => state === 'COMPLETED');
        const left = completed.filter(({ keep }) => keep);
        expect(left.length).toBeGreaterThanOrEqual(Math.min(policy.minimum ?? 1, completed.length));
        expect(completed.slice(0, policy.keepLast).every(({ keep }) => keep)).toBe(true);
        expect(
          decisions.filter(({ keep, isHeld, state }) => !keep && (isHeld || state === 'IN_PROGRESS')),
        ).toEqual([]);
        // What goes is older than the newest that stays.
        const newest = decisions.findIndex(({ keep, state }) => keep && state === 'COMPLETED');
        expect(decisions.slice(0, Math.max(newest, 0)).every(({ keep }) => keep)).toBe(true);
        const again = plan(
          backups.filter((_, index) => decisions[index]?.keep),
          policy,
        );
        expect(again.every(({ keep }) => keep)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
