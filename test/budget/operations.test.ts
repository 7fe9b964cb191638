// What each operation of a store costs: its requests of each kind, and the bytes that it sends. An operation that comes to need more (or
// less) changes a number here.
import { errAsync, type ResultAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { PartitionBackup } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { MeteredStorage, type StorageCounts } from '../../src/objects/metered-storage.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { ShelfTarget } from '../restore/shelf-target.ts';

const CHUNK = 1024;
const DAY = 24 * 60 * 60 * 1000;
/** Twenty chunks, and thirty small files that make one more. */
const LARGE = sampleBytes(20 * CHUNK, 1);
const FILES_BYTES = LARGE.length + 30 * 32;

function backupOf(id: number, partitionId: number, large = LARGE): PartitionBackup {
  const snapshotFiles = Array.from({ length: 30 }, (_, index) => sampleFile(`small-${index}`, 32, index + 1));
  return sampleBackup({
    checkpointId: id,
    partitionId,
    snapshotFiles,
    segmentFiles: [sampleFile('log', large)],
  });
}

/** The same with one byte changed: one chunk of twenty is new. */
function changed(): Uint8Array {
  const large = LARGE.slice();
  large[5 * CHUNK] = (large[5 * CHUNK] ?? 0) ^ 1;
  return large;
}

function setUp(format: 'native' | 'zeebe') {
  const clock = new ManualClock();
  const storage = new MeteredStorage({ storage: new MemoryObjectStorage({ clock }) });
  const components = { storage, clock };
  const store: BackupStore =
    format === 'zeebe'
      ? new ZeebeBackupStore(components)
      : new TidemarkBackupStore(components, { clusterId: 'a', chunkSizeBytes: CHUNK });
  const cost = async (run: () => ResultAsync<unknown, Error>): Promise<StorageCounts> => {
    storage.reset();
    (await run())._unsafeUnwrap();
    return storage.counts();
  };
  const saveAll = async (id: number, large = LARGE) => {
    for (const partitionId of [1, 2, 3]) await store.save(backupOf(id, partitionId, large));
  };
  const restore = () => {
    const target = new ShelfTarget();
    return new RestoreManager(
      { store, target, clock, logger: silentLogger },
      { partitionIds: [1, 2, 3], partitionsCount: 3 },
    ).restore(checkpointId(1));
  };
  return { clock, store, cost, saveAll, restore };
}

const requests = ({ put, get, head, list, delete: deleted }: StorageCounts) => ({
  put,
  get,
  head,
  list,
  delete: deleted,
});

const NONE = { put: 0, get: 0, head: 0, list: 0, delete: 0 };

describe('the native layout', () => {
  it('the first save', async () => {
    const { store, cost } = setUp('native');
    const spent = await cost(() => store.save(backupOf(1, 1)));
    expect(requests(spent)).toEqual({ put: 21 + 6, get: 3, head: 1, list: 4, delete: 1 });
    expect(spent.bytesSent - FILES_BYTES).toBeLessThan(10_500);
  });

  it('a save of nothing new', async () => {
    const { store, cost } = setUp('native');
    await store.save(backupOf(1, 1));
    const spent = await cost(() => store.save(backupOf(2, 1)));
    expect(requests(spent)).toEqual({ put: 4, get: 1, head: 1, list: 4, delete: 1 });
    expect(spent.bytesSent).toBeLessThan(10_500);
  });

  it('a save with one chunk that is new', async () => {
    const { store, cost } = setUp('native');
    await store.save(backupOf(1, 1));
    const same = await cost(() => store.save(backupOf(2, 1)));
    const spent = await cost(() => store.save(backupOf(3, 1, changed())));
    expect(spent.put).toBe(same.put + 1);
    expect(spent.bytesSent - same.bytesSent).toBeLessThan(CHUNK + 200);
  });

  it('a restore', async () => {
    const { cost, saveAll, restore } = setUp('native');
    await saveAll(1);
    const spent = await cost(restore);
    expect(requests(spent)).toEqual({ ...NONE, get: 3 * (21 + 2), list: 1 + 3 });
  });

  it('status, listing and what is unsettled', async () => {
    const { store, cost, saveAll } = setUp('native');
    await saveAll(1);
    await saveAll(2);
    const query = { checkpointId: checkpointId(1) };
    expect(requests(await cost(() => store.list(query)))).toEqual({ ...NONE, list: 1 });
    expect(requests(await cost(() => store.list({ ...query, details: true })))).toEqual({
      ...NONE,
      list: 1,
      get: 3,
    });
    expect(requests(await cost(() => store.list({ limit: 20 })))).toEqual({ ...NONE, list: 1 });
    expect(requests(await cost(() => store.unsettled(1)))).toEqual({ ...NONE, list: 1 });
  });

  it('a delete', async () => {
    const { store, cost, saveAll } = setUp('native');
    await saveAll(1);
    expect(requests(await cost(() => store.delete(backupOf(1, 1).id)))).toEqual({
      ...NONE,
      list: 2,
      delete: 1,
    });
  });

  it('a sweep that finds nothing, and one that frees what a deleted backup left', async () => {
    const { clock, store, cost, saveAll } = setUp('native');
    await saveAll(1);
    await saveAll(2, changed());
    await clock.advance(DAY);
    const sweep = () => store.sweep?.() ?? errAsync(new Error('it cannot sweep'));
    expect(requests(await cost(sweep))).toEqual({ ...NONE, get: 6, list: 14 });
    for (const partitionId of [1, 2, 3]) await store.delete(backupOf(2, partitionId).id);
    const spent = await cost(sweep);
    expect(requests(spent)).toEqual({ put: 3, get: 3, head: 0, list: 26, delete: 6 });
  });
});

describe("Zeebe's layout", () => {
  it('a save puts each file, and its manifest twice', async () => {
    const { store, cost } = setUp('zeebe');
    const spent = await cost(() => store.save(backupOf(1, 1)));
    expect(requests(spent)).toEqual({ ...NONE, put: 31 + 2, get: 4, list: 1 });
    expect(spent.bytesSent - FILES_BYTES).toBeLessThan(1_600);
  });

  it('a restore gets each file once', async () => {
    const { cost, saveAll, restore } = setUp('zeebe');
    await saveAll(1);
    expect(requests(await cost(restore))).toEqual({ ...NONE, get: 3 * (31 + 3), list: 11 });
  });

  it('status, listing and a delete', async () => {
    const { store, cost, saveAll } = setUp('zeebe');
    await saveAll(1);
    const query = { checkpointId: checkpointId(1) };
    expect(requests(await cost(() => store.list(query)))).toEqual({ ...NONE, get: 3, list: 8 });
    expect(requests(await cost(() => store.list({ limit: 20 })))).toEqual({ ...NONE, get: 3, list: 8 });
    expect(requests(await cost(() => store.delete(backupOf(1, 1).id)))).toEqual({
      put: 1,
      get: 2,
      head: 0,
      list: 2,
      delete: 2,
    });
  });
});
