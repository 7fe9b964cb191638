// Pruning on the real store: what goes, in which order, what is left alone at the last moment, and what it costs.
import { beforeAll, describe, expect, it } from 'vitest';
import { type CheckpointId, checkpointId } from '../../src/core/ids.ts';
import type { RetentionPolicy } from '../../src/core/retention-policy.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { type PruneOptions, RetentionManager } from '../../src/retention/retention-manager.ts';
import { markerKey, newAttempt } from '../../src/stores/tidemark/keys.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { nativePlace } from '../stores/native-place.ts';
import { type Fate, ScriptedStorage } from '../stores/scripted-storage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PARTITIONS = 3;

async function placeWith(backups: number, partitions = PARTITIONS) {
  const place = nativePlace();
  const { store } = place.node();
  const save = async (id: number, ids = Array.from({ length: partitions }, (_, at) => at + 1)) => {
    for (const partitionId of ids) {
      const files = { snapshotFiles: [], segmentFiles: [sampleFile('log', 100, id)] };
      (await store.save(sampleBackup({ checkpointId: id, partitionId, ...files })))._unsafeUnwrap();
    }
  };
  for (let id = 1; id <= backups; id += 1) {
    await save(id);
    await place.clock.advance(DAY);
  }
  const prune = (policy: RetentionPolicy, options: PruneOptions = {}, partitionsCount = PARTITIONS) => {
    const node = place.node();
    const manager = new RetentionManager(
      { store: node.store, clock: place.clock },
      { policy, partitionsCount },
    );
    return { storage: node.storage, run: () => manager.prune(options) };
  };
  const left = async () => {
    const page = (await store.list({ limit: 1_000 }))._unsafeUnwrap();
    return [...new Set(page.backups.map(({ id }) => Number(id.checkpointId)))];
  };
  return { ...place, store, save, prune, left };
}

const ids = (...numbers: number[]): CheckpointId[] => numbers.map((number) => checkpointId(number));

describe('pruning', () => {
  it('deletes what the policy does not keep, oldest first, and tells how far it is', async () => {
    const { prune, left } = await placeWith(5);
    const seen: unknown[] = [];
    const { run, storage } = prune({ keepLast: 2 }, { onProgress: (progress) => seen.push(progress) });
    const report = (await run())._unsafeUnwrap();
    expect(report.deleted).toEqual(ids(1, 2, 3));
    expect(report.decisions.map(({ reason }) => reason).slice(0, 3)).toEqual(['NEWEST', 'LAST', 'SURPLUS']);
    expect(report).toMatchObject({ dryRun: false, changed: [], passedOver: false });
    expect(seen.at(-1)).toEqual({ deleted: 3, total: 3 });
    expect(await left()).toEqual([5, 4]);
    const order = storage.calls.filter(({ operation }) => operation === 'delete').map(({ key }) => key);
    expect(order[0]).toContain('backups/9223372036854775806/');
    expect((await prune({ keepLast: 2 }).run())._unsafeUnwrap().deleted).toEqual([]);
  });

  it('changes nothing in a dry run', async () => {
    const { prune, left } = await placeWith(3);
    const { run, storage } = prune({ keepLast: 1 }, { dryRun: true, sweep: true });
    const report = (await run())._unsafeUnwrap();
    expect(report.decisions.map(({ keep }) => keep)).toEqual([true, false, false]);
    expect(report).toMatchObject({ dryRun: true, deleted: [], sweep: { dryRun: true } });
    expect(storage.calls.filter(({ operation }) => operation === 'put' || operation === 'delete')).toEqual(
      [],
    );
    expect(await left()).toEqual([3, 2, 1]);
  });

  it('sweeps afterwards when it is asked to', async () => {
    const { prune } = await placeWith(3);
    const report = (await prune({ keepLast: 1 }, { sweep: true }).run())._unsafeUnwrap();
    expect(report.sweep?.partitions.map(({ freed }) => freed.chunks)).toEqual([2, 2, 2]);
  });

  it('leaves alone what is held, and what is held only when its turn comes', async () => {
    const { prune, store, left } = await placeWith(4);
    (await store.holds.hold(checkpointId(1), 'audit'))._unsafeUnwrap();
    const { run, storage } = prune({ keepLast: 1 });
    storage.script = async ({ operation, key }): Promise<Fate> => {
      if (operation === 'get' && key.startsWith('holds/'))
        (await store.holds.hold(checkpointId(2), 'late'))._unsafeUnwrap();
      return 'done';
    };
    const report = (await run())._unsafeUnwrap();
    expect(report.decisions.map(({ reason }) => reason)).toEqual(['NEWEST', 'SURPLUS', 'SURPLUS', 'HELD']);
    expect(report).toMatchObject({ deleted: ids(3), changed: ids(2) });
    expect(await left()).toEqual([4, 2, 1]);
  });

  it('does not take a backup that lacks a partition for one', async () => {
    const { prune, save, left } = await placeWith(2);
    await save(3, [1, 2]);
    expect(
      (await prune({ keepLast: 1 }).run())._unsafeUnwrap().decisions.map(({ reason }) => reason),
    ).toEqual(['NOT_SUPERSEDED', 'NEWEST', 'SURPLUS']);
    expect(await left()).toEqual([3, 2]);
  });

  it('takes no backup for broken that has a copy of a partition which the cluster has not', async () => {
    const { prune, save } = await placeWith(2);
    await save(1, [10]);
    await save(2, [10]);
    const report = (await prune({ keepLast: 1 }, { dryRun: true }).run())._unsafeUnwrap();
    expect(report.decisions.map(({ state, reason }) => [state, reason])).toEqual([
      ['COMPLETED', 'NEWEST'],
      ['COMPLETED', 'SURPLUS'],
    ]);
    expect((await prune({ keepLast: 1 }).run())._unsafeUnwrap().deleted).toEqual(ids(1));
  });

  it('refuses when the newest backup has another number of partitions than the cluster', async () => {
    for (const partitionsCount of [1, 2, 4]) {
      const { prune, left } = await placeWith(2);
      const { error } = (await prune({ keepLast: 1 }, {}, partitionsCount).run()) as unknown as {
        error: Error;
      };
      // With four, three are a backup that may have been taken before the cluster grew.
      expect(error).toMatchObject({ name: 'PartitionCountMismatch', inBackup: 3 });
      expect(await left()).toEqual([2, 1]);
    }
  });

  it('ends at the first error, and goes on when it is repeated', async () => {
    const { prune, left } = await placeWith(3);
    const { run, storage } = prune({ keepLast: 1 });
    storage.script = ({ operation }) => (operation === 'delete' ? 'refused' : 'done');
    expect((await run())._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    storage.script = () => 'done';
    expect((await run())._unsafeUnwrap().deleted).toEqual(ids(1, 2));
    expect(await left()).toEqual([3]);
  });

  it('refuses a policy without a rule', async () => {
    const { prune } = await placeWith(1);
    expect((await prune({}).run())._unsafeUnwrapErr().name).toBe('InvalidInput');
  });

  it("works on Zeebe's layout, which knows no holds and needs no sweep", async () => {
    const clock = new ManualClock();
    const store = new ZeebeBackupStore({ storage: new MemoryObjectStorage({ clock }), clock });
    for (const id of [1, 2, 3]) {
      const backup = sampleBackup({ checkpointId: id });
      const descriptor = { ...backup.descriptor, numberOfPartitions: 1 };
      (await store.save({ ...backup, descriptor }))._unsafeUnwrap();
      await clock.advance(DAY);
    }
    const manager = new RetentionManager({ store, clock }, { policy: { keepLast: 1 }, partitionsCount: 1 });
    const report = (await manager.prune({ sweep: true }))._unsafeUnwrap();
    expect(report.deleted).toEqual(ids(1, 2));
    expect(report).not.toHaveProperty('sweep');
  });
});

it("takes at once what a delete in Zeebe's layout left behind when it was stopped", async () => {
  const clock = new ManualClock();
  const storage = new ScriptedStorage(new MemoryObjectStorage({ clock }));
  const store = new ZeebeBackupStore({ storage, clock });
  for (const checkpointId of [1, 2]) {
    for (const partitionId of [1, 2]) {
      const backup = sampleBackup({ checkpointId, partitionId });
      const descriptor = { ...backup.descriptor, numberOfPartitions: 2 };
      (await store.save({ ...backup, descriptor }))._unsafeUnwrap();
    }
  }
  storage.script = ({ operation }) => (operation === 'delete' ? 'refused' : 'done');
  expect((await store.delete({ checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 })).isErr()).toBe(
    true,
  );
  storage.script = () => 'done';
  const manager = new RetentionManager({ store, clock }, { policy: { keepLast: 5 }, partitionsCount: 2 });
  const report = (await manager.prune())._unsafeUnwrap();
  expect(report.decisions.map(({ reason }) => reason)).toEqual(['NEWEST', 'BEING_DELETED']);
  expect(report.deleted).toEqual(ids(1));
  const left = (await store.list({}))._unsafeUnwrap().backups;
  expect(left.map(({ id }) => Number(id.checkpointId))).toEqual([2, 2]);
});

describe('a hold', () => {
  it('is there until it is released, with its first reason', async () => {
    const { holds } = nativePlace().node().store;
    const id = checkpointId(7);
    expect((await holds.get(id))._unsafeUnwrap()).toBeUndefined();
    (await holds.hold(id, 'audit'))._unsafeUnwrap();
    (await holds.hold(id, 'again'))._unsafeUnwrap();
    (await holds.hold(checkpointId(9), 'audit'))._unsafeUnwrap();
    expect((await holds.get(id))._unsafeUnwrap()).toEqual({
      reason: 'audit',
      heldAt: '2026-01-01T00:00:00.000Z',
    });
    expect((await holds.list())._unsafeUnwrap()).toEqual(ids(9, 7));
    for (let time = 0; time < 2; time += 1) (await holds.release(id))._unsafeUnwrap();
    expect((await holds.list())._unsafeUnwrap()).toEqual(ids(9));
  });
});

describe.each([1_000, 10_000, 100_000])('among %i backups', (count) => {
  const clock = new ManualClock();
  const memory = new MemoryObjectStorage({ clock });
  const storage = new ScriptedStorage(memory);
  const store = new TidemarkBackupStore({ storage, clock });
  const first = clock.now() - count * 60_000;

  /** Names alone, but for the newest: one a minute. */
  beforeAll(async () => {
    for (let partitionId = 1; partitionId <= PARTITIONS; partitionId += 1) {
      (await store.save(sampleBackup({ checkpointId: clock.now(), partitionId })))._unsafeUnwrap();
    }
    for (let at = count - 1; at > 0; at -= 1) {
      for (let partitionId = 1; partitionId <= PARTITIONS; partitionId += 1) {
        const startedAt = first + at * 60_000;
        const id = { checkpointId: checkpointId(startedAt), partitionId, nodeId: 0 };
        const key = markerKey('completed', id, newAttempt(1n, startedAt, '00000000'));
        (await memory.put(key, new Uint8Array()))._unsafeUnwrap();
      }
    }
  }, 60_000);

  const prune = async (policy: RetentionPolicy) => {
    storage.calls.length = 0;
    const manager = new RetentionManager({ store, clock }, { policy, partitionsCount: PARTITIONS });
    return (await manager.prune())._unsafeUnwrap();
  };

  it('a policy that must see them all costs a LIST for each 333', async () => {
    const report = await prune({ keepDaily: 1_000, keepWithinMs: 1_000 * DAY });
    expect(report.decisions).toHaveLength(count);
    expect(storage.calls).toHaveLength(1 + Math.ceil(count / 333) + 2);
  });

  it('what goes decides what it costs, and not what stays', async () => {
    const oldest = first + 60_000;
    const report = await prune({ keepWithinMs: clock.now() - oldest - 5 * 60_000 });
    expect(report.deleted).toEqual(ids(...[0, 1, 2, 3, 4].map((at) => oldest + at * 60_000)));
    const perBackup = 2 + 3 * PARTITIONS;
    // Holds, two pages, the newest backup's descriptor, at most 41 halvings of an id in milliseconds, one page.
    expect(storage.calls.length).toBeLessThanOrEqual(1 + 2 + 2 + 41 + 1 + 5 * perBackup);
  });
});
