import { checkpointId, type SchedulerEvent } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { SCHEDULER_RETRY_MS_MAX } from '../../src/core/limits.ts';
import { fromAsync } from '../../src/core/result.ts';
import { ScheduledWorld, START_MS, scheduleOf } from './scheduled-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const at = (hour: number, minute = 0) => Date.UTC(2026, 2, 1, hour, minute);
const id = (ms: number) => BigInt(ms);

describe('slots', () => {
  it('takes one backup per slot, under the id of the slot', async () => {
    const world = new ScheduledWorld();
    const scheduler = await world.started('PT1H');
    await world.manual.advance(3 * HOUR);
    expect(world.ids).toEqual([at(0), at(1), at(2), at(3)].map(id));
    await scheduler.close();
    await scheduler.close();
    await world.manual.advance(3 * HOUR);
    expect(world.ids).toHaveLength(4);
    expect(world.manual.sleeping).toBe(0);
  });

  it('takes none before the next slot when it starts anew', async () => {
    const world = new ScheduledWorld();
    await (await world.started('PT1H')).close();
    await world.manual.advance(10 * MINUTE);
    const scheduler = await world.started('PT1H');
    expect(world.told).toEqual(['triggered', 'already']);
    await world.manual.advance(20 * MINUTE);
    expect(world.ids).toEqual([at(0), at(1)].map(id));
    await scheduler.close();
  });

  it('takes what was due while nobody ran, once and at once', async () => {
    const world = new ScheduledWorld();
    await (await world.started('PT1H')).close();
    await world.manual.advance(5 * HOUR);
    const scheduler = await world.started('PT1H');
    expect(world.ids).toEqual([at(0), at(5)].map(id));
    await scheduler.close();
  });

  it('counts a backup that was triggered by hand since the slot', async () => {
    const world = new ScheduledWorld();
    await world.backups.trigger(checkpointId(7));
    const scheduler = await world.started('PT1H');
    expect(world.events).toEqual([{ type: 'already', slotMs: at(0), checkpointId: 7n }]);
    await world.manual.advance(30 * MINUTE);
    expect(world.ids).toEqual([7n, id(at(1))]);
    await scheduler.close();
  });

  it('does nothing while another node is the one that acts', async () => {
    const world = new ScheduledWorld();
    let isActive = false;
    const settings = { schedule: scheduleOf('PT1H') };
    const scheduler = world.scheduler(settings, { isActive: () => isActive });
    scheduler.start();
    scheduler.start();
    await world.manual.advance(2 * HOUR);
    expect(world.requests).toEqual([]);
    isActive = true;
    await world.manual.advance(2 * MINUTE);
    expect(world.ids).toEqual([id(at(2))]);
    await scheduler.close();
  });
});

describe('ids', () => {
  it('have the offset in them', async () => {
    const world = new ScheduledWorld();
    const scheduler = await world.started('PT1H', { idOffset: 5_000_000 });
    expect(world.ids).toEqual([id(at(0)) + 5_000_000n]);
    await scheduler.close();
  });

  it('go on above ids that are ahead of the clock, one per slot', async () => {
    const world = new ScheduledWorld();
    const high = 20_260_301_000_000n;
    await world.backups.trigger(checkpointId(high));
    await world.manual.advance(40 * MINUTE);
    const scheduler = await world.started('PT1H');
    await world.manual.advance(2 * HOUR);
    expect(world.ids).toEqual([high, high + 1n, high + 2n, high + 3n]);
    await scheduler.close();
  });

  it('are found by what the cluster says where no backup shows them', async () => {
    const world = new ScheduledWorld();
    for (const partition of world.partitions) partition.latest = 20_260_301_000_000n;
    const scheduler = await world.started('PT1H');
    expect(world.ids).toEqual([20_260_301_000_001n]);
    await scheduler.close();
  });

  it('of a marker since the slot is no backup', async () => {
    const world = new ScheduledWorld();
    for (const partition of world.partitions) partition.latest = id(at(0, 10));
    const scheduler = await world.started('PT1H');
    expect(world.ids).toEqual([id(at(0, 10)) + 1n]);
    await scheduler.close();
  });

  it('of a backup by hand that the store does not show yet is one', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 10 * MINUTE;
    world.showsAfterMs = 5 * MINUTE;
    await world.backups.trigger(checkpointId(at(0, 10)));
    const scheduler = await world.started('PT1H');
    expect(world.events).toEqual([{ type: 'already', slotMs: at(0), checkpointId: id(at(0, 10)) }]);
    await scheduler.close();
  });

  it('two schedulers at the same tick take one backup', async () => {
    const world = new ScheduledWorld();
    const both = [1, 2].map(() => world.scheduler({ schedule: scheduleOf('PT1H') }));
    for (const scheduler of both) scheduler.start();
    await world.manual.advance(2 * HOUR);
    expect(world.ids).toEqual([at(0), at(1), at(2)].map(id));
    expect(world.told.filter((type) => type === 'failed')).toEqual([]);
    for (const scheduler of both) await scheduler.close();
  });

  it('two schedulers take one backup also where ids are ahead of the clock', async () => {
    const world = new ScheduledWorld();
    for (const partition of world.partitions) partition.latest = 20_260_301_000_000n;
    const both = [1, 2].map(() => world.scheduler({ schedule: scheduleOf('PT1H') }));
    for (const scheduler of both) scheduler.start();
    await world.manual.advance(HOUR);
    expect(world.ids).toEqual([20_260_301_000_001n, 20_260_301_000_002n]);
    for (const scheduler of both) await scheduler.close();
  });

  it('says so when the last one is used up', async () => {
    const world = new ScheduledWorld();
    for (const partition of world.partitions) partition.latest = 2n ** 63n - 1n;
    const scheduler = await world.started('PT1H');
    expect(world.events[0]).toMatchObject({ type: 'failed', error: { name: 'CheckpointNotNewer' } });
    await scheduler.close();
  });
});

describe('a backup that has not ended', () => {
  it('keeps the next one waiting, and is never joined by another', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 100 * MINUTE;
    const scheduler = await world.started('PT1H', { backupDeadlineMs: 5 * HOUR });
    await world.manual.advance(100 * MINUTE - 1);
    expect(world.ids).toEqual([id(at(0))]);
    expect(world.events.slice(1)).toEqual([
      { type: 'waiting', slotMs: at(1), checkpointId: id(at(0)) },
      { type: 'skipped', slotMs: at(1) },
      { type: 'waiting', slotMs: at(2), checkpointId: id(at(0)) },
    ]);
    await world.manual.advance(MINUTE);
    expect(world.ids).toEqual([at(0), at(2)].map(id));
    await scheduler.close();
  });

  it('is waited for until its deadline, and no longer', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 100 * HOUR;
    const scheduler = await world.started('PT1H', { backupDeadlineMs: 90 * MINUTE });
    await world.manual.advance(91 * MINUTE);
    expect(world.ids).toEqual([at(0), at(2)].map(id));
    await scheduler.close();
  });

  it('is not waited for longer because the clock goes back', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 100 * HOUR;
    const scheduler = await world.started('PT1H', { backupDeadlineMs: 90 * MINUTE });
    world.skewMs = -100 * HOUR;
    await world.manual.advance(80 * MINUTE);
    expect(world.ids).toHaveLength(1);
    await world.manual.advance(15 * MINUTE);
    expect(world.ids).toHaveLength(2);
    await scheduler.close();
  });

  it('is known before the store shows it', async () => {
    const world = new ScheduledWorld();
    world.takesMs = 10 * MINUTE;
    world.showsAfterMs = 5 * MINUTE;
    const scheduler = await world.started('PT1M');
    await world.manual.advance(9 * MINUTE);
    expect(world.ids).toHaveLength(1);
    await scheduler.close();
  });

  it('on a partition that cannot be asked: nothing is triggered anywhere', async () => {
    const world = new ScheduledWorld();
    world.partition(2).isAway = true;
    const scheduler = await world.started('PT1H', { backupDeadlineMs: 10 * HOUR });
    await world.manual.advance(2 * HOUR);
    expect(world.ids).toEqual([]);
    world.partition(2).isAway = false;
    await world.manual.advance(SCHEDULER_RETRY_MS_MAX);
    expect(world.ids).toEqual([id(at(2))]);
    await scheduler.close();
  });

  it('because a partition lags is completed there before another one is taken', async () => {
    const world = new ScheduledWorld();
    world.partition(2).lags = true;
    const scheduler = await world.started('PT10M', { backupDeadlineMs: 10 * HOUR });
    await world.manual.advance(15_000);
    expect(world.events).toMatchObject([{ type: 'failed', error: { name: 'BackupPartlyTriggered' } }]);
    await world.manual.advance(15 * MINUTE);
    expect(world.ids).toEqual([id(at(0, 30))]);
    world.partition(2).lags = false;
    await world.manual.advance(SCHEDULER_RETRY_MS_MAX + 2 * MINUTE);
    expect(world.ids).toEqual([at(0, 30), at(0, 40), at(0, 50)].map(id));
    for (const { backups } of world.partitions) expect([...backups.keys()]).toEqual(world.ids);
    await scheduler.close();
  });

  it('that failed is a backup too: the next slot is the next try', async () => {
    const world = new ScheduledWorld();
    world.backupsFail = true;
    const scheduler = await world.started('PT1H');
    await world.manual.advance(20 * MINUTE);
    expect(world.ids).toHaveLength(1);
    await world.manual.advance(HOUR);
    expect(world.ids).toHaveLength(2);
    await scheduler.close();
  });
});

it('sees a slot that comes while it is busy', async () => {
  const world = new ScheduledWorld();
  world.takesMs = 0;
  const { backups } = world;
  const slow = {
    trigger: (...call: Parameters<typeof backups.trigger>) =>
      fromAsync(async () => {
        const triggered = await backups.trigger(...call);
        await world.clock.sleep(90_000);
        return triggered;
      }),
    mark: backups.mark.bind(backups),
    status: backups.status.bind(backups),
    list: backups.list.bind(backups),
  };
  const scheduler = world.scheduler({ schedule: scheduleOf('PT1M') }, { backups: slow });
  scheduler.start();
  await world.manual.advance(5 * MINUTE);
  expect(world.ids).toEqual([at(0, 30), at(0, 31), at(0, 33), at(0, 34)].map(id));
  await Promise.all([scheduler.close(), world.manual.advance(2 * MINUTE)]);
});

describe('a store that does not answer', () => {
  it('is asked ever more rarely, and gets one backup when it is back', async () => {
    const world = new ScheduledWorld();
    world.storeIsDown = true;
    const scheduler = await world.started('P1D');
    await world.manual.advance(2 * HOUR);
    expect(world.ids).toEqual([]);
    const waits = world.events.map((event) => (event as SchedulerEvent & { retryInMs: number }).retryInMs);
    expect(waits.slice(0, 3)).toEqual([1_500, 3_000, 6_000]);
    expect(Math.max(...waits)).toBe(0.75 * SCHEDULER_RETRY_MS_MAX);
    expect(waits.length).toBeLessThan(45);
    world.storeIsDown = false;
    await world.manual.advance(SCHEDULER_RETRY_MS_MAX);
    expect(world.ids).toEqual([id(Date.UTC(2026, 2, 1))]);
    await world.manual.advance(20 * HOUR);
    expect(world.ids).toHaveLength(1);
    await scheduler.close();
  });

  it('is not asked by a scheduler that was closed', async () => {
    const world = new ScheduledWorld();
    world.storeIsDown = true;
    const scheduler = await world.started('PT1H');
    await scheduler.close();
    const asked = world.requests.length;
    await world.manual.advance(HOUR);
    expect(world.requests).toHaveLength(asked);
  });
});

describe('a clock that jumps', () => {
  it('back: takes no slot twice, and goes on', async () => {
    const world = new ScheduledWorld();
    const scheduler = await world.started('PT1H');
    await world.manual.advance(4 * HOUR);
    world.skewMs = -3 * HOUR;
    await world.manual.advance(3 * HOUR);
    expect(world.ids).toEqual([at(0), at(1), at(2), at(3), at(4)].map(id));
    await world.manual.advance(2 * HOUR);
    expect(world.ids).toEqual([at(0), at(1), at(2), at(3), at(4), at(5), at(6)].map(id));
    await scheduler.close();
  });

  it('back by more than a page of backups: takes no slot twice either', async () => {
    const world = new ScheduledWorld();
    const scheduler = await world.started('PT1H');
    await world.manual.advance(45 * HOUR);
    expect(world.ids).toHaveLength(46);
    world.skewMs = -43 * HOUR;
    await world.manual.advance(3 * HOUR);
    expect(world.ids).toHaveLength(46);
    await scheduler.close();
  });

  it('on: takes the latest slot once', async () => {
    const world = new ScheduledWorld();
    const scheduler = await world.started('PT1H');
    world.skewMs = 10 * HOUR;
    await world.manual.advance(2 * MINUTE);
    expect(world.ids).toEqual([at(0), at(10)].map(id));
    await scheduler.close();
  });

  it('back by years: backups from the future stop nothing', async () => {
    const world = new ScheduledWorld();
    const years = 10 * 365 * 24 * HOUR;
    world.skewMs = years;
    const first = await world.started('PT1H');
    await world.manual.advance(HOUR);
    await first.close();
    world.skewMs = 0;
    const scheduler = await world.started('PT1H');
    await world.manual.advance(3 * HOUR);
    const [, high = 0n] = world.ids;
    expect(high).toBeGreaterThan(BigInt(START_MS + years));
    // Of the present, each above the one from the future: that of the start, and one for each full hour.
    expect(world.ids.slice(2)).toEqual([high + 1n, high + 2n, high + 3n, high + 4n]);
    await scheduler.close();
  });
});
