// The cleanup through the scheduler, over a real store and the real retention.
import { checkpointId, logPosition, parseSchedule, RetentionManager, silentLogger } from 'tidemark';
import { InMemoryBackupStore } from 'tidemark/memory';
import { expect, it } from 'vitest';
import { ScheduledWorld, scheduleOf } from './scheduled-world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A world in which each backup that is triggered is saved in a real store at once, unless nobody saves any more. */
function worldWithStore(policy: { readonly keepWithinMs: number }, cleanup = '0 3 * * *') {
  const world = new ScheduledWorld(1);
  world.takesMs = 0;
  const store = new InMemoryBackupStore({}, { clock: world.clock });
  const retention = new RetentionManager({ store, clock: world.clock }, { policy, partitionsCount: 1 });
  world.onCreated = (id) => {
    void store.save({
      id: { checkpointId: checkpointId(id), partitionId: 1, nodeId: 0 },
      term: 1n,
      descriptor: {
        snapshotId: null,
        checkpointPosition: logPosition(1n),
        numberOfPartitions: 1,
        brokerVersion: '1',
      },
      snapshotFiles: [],
      segmentFiles: [],
    });
  };
  const scheduler = world.scheduler(
    { schedule: scheduleOf('PT6H'), cleanupSchedule: scheduleOf(cleanup) },
    { retention },
  );
  const kept = async () => (await store.list({ limit: 1000 }))._unsafeUnwrap().backups.length;
  return { world, store, retention, scheduler, kept };
}

it('keeps the window and no more', async () => {
  const { world, store, scheduler, kept } = worldWithStore({ keepWithinMs: 2 * DAY });
  scheduler.start();
  await world.manual.advance(5 * DAY);
  expect(world.ids.length).toBe(21);
  // The window, and what came since the last cleanup.
  expect(await kept()).toBeLessThanOrEqual(9 + 4);
  expect(await kept()).toBeGreaterThanOrEqual(9);
  const cleaned = world.events.filter((event) => event.type === 'cleaned');
  expect(cleaned).toHaveLength(5);
  await scheduler.close();
  await store.close();
});

it('leaves all of the window when backups have stopped, for weeks', async () => {
  const { world, store, scheduler, kept } = worldWithStore({ keepWithinMs: 2 * DAY });
  scheduler.start();
  await world.manual.advance(5 * DAY);
  world.partition(1).lags = true;
  const before = await kept();
  // The store answers, and no partition takes a backup any more.
  await world.manual.advance(14 * DAY);
  expect(world.events.filter((event) => event.type === 'cleaned').length).toBeGreaterThan(14);
  expect(await kept()).toBeGreaterThanOrEqual(9);
  expect(await kept()).toBeLessThanOrEqual(before);
  await scheduler.close();
  await store.close();
});

it('waits for a backup that runs, and is not due at once after a start', async () => {
  const world = new ScheduledWorld();
  world.takesMs = 30 * 60_000;
  const pruned: number[] = [];
  const retention = new RetentionManager(
    { store: new InMemoryBackupStore({}, { clock: world.clock }), clock: world.clock },
    { policy: { keepLast: 1 }, partitionsCount: 2 },
  );
  const scheduler = world.scheduler(
    { schedule: scheduleOf('PT1H'), cleanupSchedule: scheduleOf('PT1H') },
    {
      retention,
      observer: ({ type, slotMs }) => type === 'cleaned' && pruned.push(slotMs, world.clock.now()),
    },
  );
  scheduler.start();
  await world.manual.advance(2 * HOUR - 1);
  expect(pruned).toEqual([Date.UTC(2026, 2, 1, 1), Date.UTC(2026, 2, 1, 1, 30)]);
  await scheduler.close();
});

it('comes to its turn however often it is due', async () => {
  const { world, store, scheduler } = worldWithStore({ keepWithinMs: 2 * DAY }, 'PT4S');
  scheduler.start();
  await world.manual.advance(20_000);
  expect(world.told).toEqual(['triggered', 'cleaned', 'cleaned', 'cleaned', 'cleaned']);
  await scheduler.close();
  await store.close();
});

it('that another node has seen to is not due when this one takes over', async () => {
  const { world, store, retention } = worldWithStore({ keepWithinMs: 2 * DAY });
  let isActive = false;
  const scheduler = world.scheduler(
    { schedule: null, cleanupSchedule: scheduleOf('PT1H') },
    { retention, isActive: () => isActive },
  );
  scheduler.start();
  await world.manual.advance(HOUR);
  isActive = true;
  await world.manual.advance(20 * 60_000);
  expect(world.told).toEqual([]);
  await world.manual.advance(HOUR);
  expect(world.told).toEqual(['cleaned']);
  await scheduler.close();
  await store.close();
});

it('is tried again when it fails, and says so', async () => {
  const world = new ScheduledWorld();
  const retention = new RetentionManager(
    { store: new InMemoryBackupStore(), clock: world.clock },
    { policy: {}, partitionsCount: 2 },
  );
  const scheduler = world.scheduler(
    { schedule: null, cleanupSchedule: parseSchedule('PT1H')._unsafeUnwrap() },
    { retention, logger: silentLogger },
  );
  scheduler.start();
  await world.manual.advance(HOUR);
  expect(world.events[0]).toMatchObject({ type: 'failed', job: 'cleanup', error: { name: 'InvalidInput' } });
  expect(world.events.length).toBeGreaterThan(3);
  expect(world.ids).toEqual([]);
  await scheduler.close();
});
