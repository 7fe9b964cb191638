// The markers between backups: which slots get one, which give way to a backup, and that none keeps a partition from a backup.
import { errAsync } from 'neverthrow';
import { checkpointId } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { PartitionTimeout } from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import { decideSlot } from '../../src/schedule/slot-decision.ts';
import { ScheduledWorld, scheduleOf } from './scheduled-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (hour: number, minute = 0, second = 0) => Date.UTC(2026, 2, 1, hour, minute, second);
const id = (ms: number) => BigInt(ms);
const every = (text: string) => ({ checkpointSchedule: scheduleOf(text) });

describe('markers', () => {
  it('come at each of their slots, but at those of backups', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H', every('PT20M'));
    await world.manual.advance(2 * HOUR);
    expect(world.ids).toEqual([at(0), at(1), at(2)].map(id));
    expect(world.marked).toEqual([at(0, 40), at(1, 20), at(1, 40), at(2, 20)].map(id));
    expect(world.events.filter(({ type }) => type === 'marked')).toHaveLength(4);
    await scheduler.close();
    await world.manual.advance(HOUR);
    expect(world.marked).toHaveLength(4);
    expect(world.manual.sleeping).toBe(0);
  });

  it('cost no listing', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H', every('PT10S'));
    world.requests.length = 0;
    await world.manual.advance(20 * MINUTE);
    expect(world.marked).toHaveLength(120);
    expect(world.requests.filter((request) => !request.startsWith('mark'))).toEqual([]);
    await scheduler.close();
  });

  it('have the offset in their ids', async () => {
    const world = new ScheduledWorld();
    const scheduler = await world.started('PT1H', { ...every('PT20M'), idOffset: 5_000_000 });
    await world.manual.advance(20 * MINUTE);
    expect(world.marked).toEqual([id(at(0, 40)) + 5_000_000n]);
    await scheduler.close();
  });

  it('need no backups on a schedule', async () => {
    const world = new ScheduledWorld();
    const scheduler = world.scheduler({ schedule: null, ...every('PT10M') });
    scheduler.start();
    await world.manual.advance(35 * MINUTE);
    expect(world.ids).toEqual([]);
    expect(world.marked).toEqual([at(0, 40), at(0, 50), at(1)].map(id));
    await scheduler.close();
  });

  it('are left out where a backup was taken within half an interval', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('38 * * * *', every('PT10M'));
    await world.manual.advance(75 * MINUTE);
    // The first one was due at once. The next ones come two minutes before 0:40 and 1:40.
    expect(world.partition(1).backups.size).toBe(3);
    expect(world.marked).toEqual([at(0, 50), at(1), at(1, 10), at(1, 20), at(1, 30)].map(id));
    await scheduler.close();
  });

  it('go on while a backup takes longer than backups are apart', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 100 * MINUTE;
    const scheduler = await world.started('PT1H', { ...every('PT20M'), backupDeadlineMs: 5 * HOUR });
    await world.manual.advance(95 * MINUTE);
    expect(world.told).toContain('waiting');
    expect(world.marked).toEqual(
      [at(0, 40), at(1, 20), at(1, 40), at(2)].filter((ms) => ms !== at(2)).map(id),
    );
    // Its id is above theirs, though its slot is before them.
    await world.manual.advance(10 * MINUTE);
    expect(world.ids).toEqual([id(at(0)), id(at(2))]);
    await scheduler.close();
  });

  it('go on while the store is away, and the backup comes above them', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H', every('PT10M'));
    await world.manual.advance(29 * MINUTE);
    world.storeIsDown = true;
    await world.manual.advance(25 * MINUTE);
    expect(world.marked).toEqual([at(0, 40), at(0, 50), at(1, 10), at(1, 20)].map(id));
    world.storeIsDown = false;
    await world.manual.advance(5 * MINUTE);
    expect(world.ids).toEqual([id(at(0)), id(at(1, 20)) + 1n]);
    expect(world.partitions.map(({ backups }) => backups.size)).toEqual([2, 2]);
    await scheduler.close();
  });

  it('go on above ids that are ahead of the clock', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const high = 20_260_301_000_000n;
    for (const partition of world.partitions) partition.latest = high;
    const scheduler = await world.started('PT1H', every('PT20M'));
    await world.manual.advance(HOUR);
    expect(world.ids).toEqual([high + 1n, high + 3n]);
    expect(world.marked).toEqual([high + 2n, high + 4n]);
    await scheduler.close();
  });

  it('go on when the clock is put back', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H', every('PT10M'));
    await world.manual.advance(2 * HOUR);
    const before = world.marked.length;
    world.skewMs = -90 * MINUTE;
    await world.manual.advance(HOUR);
    expect(world.marked.length).toBeGreaterThanOrEqual(before + 4);
    await scheduler.close();
  });

  it('are tried again where a partition does not answer', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H', every('PT10M'));
    world.partition(2).isAway = true;
    await world.manual.advance(11 * MINUTE);
    expect(world.events.at(-1)).toMatchObject({ type: 'failed', job: 'marker', slotMs: at(0, 40) });
    world.partition(2).isAway = false;
    await world.manual.advance(5 * MINUTE);
    expect(world.marked).toEqual([id(at(0, 40))]);
    await scheduler.close();
  });
});

describe('a marker and a backup', () => {
  it('that did not reach all partitions: none is made until it has', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H', every('PT1M'));
    await world.manual.advance(29 * MINUTE);
    world.partition(2).lags = true;
    await world.manual.advance(3 * MINUTE);
    world.partition(2).lags = false;
    const before = world.marked;
    await world.manual.advance(5 * MINUTE);
    expect(world.partition(2).backups.has(id(at(1)))).toBe(true);
    expect(before.at(-1)).toBe(id(at(0, 59)));
    expect(world.marked.filter((each) => each > id(at(1))).length).toBeGreaterThan(0);
    await scheduler.close();
  });

  it('that another node began: none is made before this one has looked', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    // The other node died between the first partition and the second.
    const slot = id(at(0, 30));
    world.partition(2).lags = true;
    void world.backups.trigger(checkpointId(slot));
    await world.manual.advance(16_000);
    expect(world.partitions.map(({ backups }) => backups.has(slot))).toEqual([true, false]);
    world.partition(2).lags = false;
    world.storeIsDown = true;
    const scheduler = await world.started('PT30M', every('PT10S'));
    await world.manual.advance(MINUTE);
    expect(world.marked).toEqual([]);
    world.storeIsDown = false;
    await world.manual.advance(2 * MINUTE);
    expect(world.partitions.map(({ backups }) => backups.has(slot))).toEqual([true, true]);
    expect(world.marked.length).toBeGreaterThan(3);
    await scheduler.close();
  });

  it('go to the partitions one after the other', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const { backups } = world;
    let underWay = 0;
    let most = 0;
    const slow = <T extends unknown[], R, E>(
      call: (...args: T) => import('neverthrow').ResultAsync<R, E>,
    ) => {
      return (...args: T) =>
        fromAsync<R, E>(async () => {
          underWay += 1;
          most = Math.max(most, underWay);
          await world.clock.sleep(20_000);
          const result = await call(...args);
          underWay -= 1;
          return result;
        });
    };
    const scheduler = world.scheduler(
      { schedule: scheduleOf('*/5 * * * *'), checkpointSchedule: scheduleOf('50 * * * * *') },
      {
        backups: {
          trigger: slow(backups.trigger.bind(backups)),
          mark: slow(backups.mark.bind(backups)),
          status: backups.status.bind(backups),
          list: backups.list.bind(backups),
        },
      },
    );
    scheduler.start();
    await world.manual.advance(20 * MINUTE);
    expect(most).toBe(1);
    expect(world.ids.length).toBeGreaterThanOrEqual(4);
    expect(world.marked.length).toBeGreaterThan(8);
    await Promise.all([scheduler.close(), world.manual.advance(MINUTE)]);
  });

  it('of the same id: the slot gets its backup all the same', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H');
    await world.manual.advance(29 * MINUTE);
    (await world.backups.mark(checkpointId(at(1))))._unsafeUnwrap();
    await world.manual.advance(2 * MINUTE);
    expect(world.ids).toEqual([id(at(0)), id(at(1)) + 1n]);
    await scheduler.close();
  });

  it('that one partition missed: the backup goes above it, or the other one could never take it', () => {
    const times = { slotMs: at(1), previousMs: at(0), nowMs: at(1, 20), idOffset: 0 };
    const markedId = checkpointId(at(1, 10));
    const facts = { ...times, backups: [], isWaitedFor: () => true };
    expect(decideSlot(facts)).toEqual({ kind: 'TAKE', checkpointId: id(at(1)) });
    expect(decideSlot({ ...facts, markedId })).toEqual({ kind: 'TAKE', checkpointId: id(at(1, 10)) + 1n });
    const before = { ...facts, markedId: checkpointId(at(0, 50)) };
    expect(decideSlot(before)).toEqual({ kind: 'TAKE', checkpointId: id(at(1)) });
  });

  it('that it tried: the scheduler goes above it', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const tried: bigint[] = [];
    const { backups } = world;
    const scheduler = world.scheduler(
      { schedule: scheduleOf('PT1H'), ...every('PT10M') },
      {
        backups: {
          trigger: backups.trigger.bind(backups),
          status: backups.status.bind(backups),
          list: backups.list.bind(backups),
          // Of two partitions the second gets it, and the call fails.
          mark: (marker) => {
            tried.push(marker);
            world.partition(2).latest = marker;
            return errAsync(new PartitionTimeout(1, 15_000));
          },
        },
      },
    );
    scheduler.start();
    await world.manual.advance(0);
    world.storeIsDown = true;
    await world.manual.advance(111 * MINUTE);
    world.storeIsDown = false;
    await world.manual.advance(6 * MINUTE);
    expect(tried.length).toBeGreaterThan(0);
    expect(world.ids.every((each) => world.partitions.every((one) => one.backups.has(each)))).toBe(true);
    await scheduler.close();
  });

  it('that was overtaken somewhere: nobody waits for it', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const scheduler = await world.started('PT1H');
    await world.manual.advance(10 * MINUTE);
    // A checkpoint of somebody else keeps the second partition from a backup by hand.
    world.partition(2).latest = id(at(0, 50));
    const triggered = await world.backups.trigger(checkpointId(at(0, 45)));
    expect(triggered._unsafeUnwrapErr().name).toBe('CheckpointNotNewer');
    await world.backups.trigger(checkpointId(at(0, 51)));
    await world.manual.advance(21 * MINUTE);
    expect(world.ids.at(-1)).toBe(id(at(1)));
    expect(world.told).not.toContain('waiting');
    await scheduler.close();
  });

  it('above it: a scheduler that starts anew takes no second one, though the listing does not show the first', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 10 * MINUTE;
    world.showsAfterMs = 5 * MINUTE;
    const first = await world.started('PT30M', every('PT1M'));
    await world.manual.advance(2 * MINUTE);
    expect(world.marked).toHaveLength(2);
    await first.close();
    const second = await world.started('PT30M', every('PT1M'));
    await world.manual.advance(2 * MINUTE);
    expect(world.ids).toEqual([id(at(0, 30))]);
    await second.close();
  });

  it('by hand that did not reach all partitions is completed at once', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    world.partition(2).lags = true;
    void world.backups.trigger(checkpointId(at(0, 30) + 7));
    await world.manual.advance(16_000);
    world.partition(2).lags = false;
    const scheduler = await world.started('PT30M');
    await world.manual.advance(MINUTE);
    expect(world.partitions.map(({ backups }) => [...backups.keys()])).toEqual([
      [id(at(0, 30) + 7)],
      [id(at(0, 30) + 7)],
    ]);
    expect(world.told).toEqual(['waiting', 'already']);
    await scheduler.close();
  });

  it('of two schedulers disturb each other in nothing', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 0;
    const settings = { schedule: scheduleOf('PT1H'), ...every('PT10M') };
    const both = [1, 2].map(() => world.scheduler(settings));
    for (const scheduler of both) scheduler.start();
    await world.manual.advance(3 * HOUR);
    expect(world.ids).toEqual([at(0), at(1), at(2), at(3)].map(id));
    expect(world.marked).toHaveLength(2 + 5 + 5 + 3);
    expect(world.told).not.toContain('failed');
    for (const scheduler of both) await scheduler.close();
  });

  it.each([-45_000, 45_000])(
    'of schedulers whose clocks differ: one of each per slot %d',
    async (aheadMs) => {
      const world = new ScheduledWorld();
      world.takesMs = 0;
      const other = { ...world.clock, now: () => world.clock.now() + aheadMs };
      const settings = { schedule: scheduleOf('PT1H'), ...every('PT10M') };
      const both = [world.clock, other].map((clock) => world.scheduler(settings, { clock }));
      for (const scheduler of both) scheduler.start();
      await world.manual.advance(3 * HOUR + 55 * MINUTE);
      expect(world.ids).toEqual([at(0), at(1), at(2), at(3), at(4)].map(id));
      // Whose clock is behind comes to 0:30 once more after the start.
      expect(world.marked).toHaveLength((aheadMs < 0 ? 3 : 2) + 5 * 3 + 2);
      expect(world.told).not.toContain('failed');
      expect(world.told).not.toContain('skipped');
      for (const scheduler of both) await scheduler.close();
    },
  );
});
