import { okAsync } from 'neverthrow';
import { type BackupStatus, checkpointId, systemClock } from 'tidemark';
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreBackups } from '../../src/cli/store-backups.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { MeteredStorage } from '../../src/objects/metered-storage.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { partitionBackup } from './cli-world.ts';

const PARTITIONS = 3;
const { id, descriptor } = partitionBackup(9n, 1, 1_000_000_000);
const ABSURD: BackupStatus = { id, descriptor, statusCode: 'COMPLETED' };
const signal = new AbortController().signal;

describe('backups from the store', () => {
  let storage: MeteredStorage;
  let backups: StoreBackups;
  beforeEach(async () => {
    storage = new MeteredStorage({ storage: new MemoryObjectStorage({ clock: systemClock }) });
    const store = new TidemarkBackupStore({ storage });
    for (const id of [6n, 7n, 8n]) {
      for (let partition = 1; partition <= PARTITIONS; partition += 1) {
        expect((await store.save(partitionBackup(id, partition, PARTITIONS))).isOk()).toBe(true);
      }
    }
    backups = new StoreBackups(store, { partitionsCount: PARTITIONS });
    storage.reset();
  });

  it('cost one listing and one read per partition for the state of one', async () => {
    const status = await backups.status(checkpointId(7), { signal });
    expect(status.isOk() && status.value.state).toBe('COMPLETED');
    const { list, get, head, put } = storage.counts();
    expect({ list, head, put }).toEqual({ list: 1, head: 0, put: 0 });
    expect(get).toBeLessThanOrEqual(PARTITIONS);
  });

  it('are damaged when they tell of more partitions than a cluster can have', async () => {
    const store = new TidemarkBackupStore({ storage });
    const refused = await store.save(partitionBackup(9n, 1, 1_000_000_000));
    expect(refused.isErr() && refused.error.message).toContain('numberOfPartitions=1000000000');
    // A store that somebody else wrote may give what ours would not keep.
    const foreign = new Proxy(store, {
      get: (target, name) =>
        name === 'list' ? () => okAsync({ backups: [ABSURD] }) : Reflect.get(target, name),
    });
    const status = await new StoreBackups(foreign, { partitionsCount: 1 }).status(checkpointId(9), {
      signal,
    });
    expect(status.isErr() && status.error.name).toBe('BackupCorrupt');
    expect(status.isErr() && status.error.message).toContain('1000000000 partitions');
  });

  it('cost one listing for a page of them', async () => {
    const page = await backups.list({ limit: 2 }, { signal });
    expect(page.isOk() && page.value.backups.map(({ backupId }) => backupId)).toEqual([8n, 7n]);
    const { list, get, head, put } = storage.counts();
    expect({ list, get, head, put }).toEqual({ list: 1, get: 0, head: 0, put: 0 });
  });
});

describe('how many partitions there are', () => {
  const row = (partitionId: number, statusCode: BackupStatus['statusCode'], count: number): BackupStatus => ({
    id: { checkpointId: checkpointId(9), partitionId, nodeId: count },
    statusCode,
    descriptor: { ...descriptor, numberOfPartitions: count },
    ...(statusCode === 'FAILED' && { failureReason: 'a test' }),
  });
  const over = (rows: readonly BackupStatus[], partitionsCount: number) => {
    const store = new TidemarkBackupStore({ storage: new MemoryObjectStorage({ clock: systemClock }) });
    const list = () => okAsync({ backups: rows });
    const told = new Proxy(store, {
      get: (target, name) => (name === 'list' ? list : Reflect.get(target, name)),
    });
    return new StoreBackups(told, { partitionsCount });
  };

  it('is told by the copies that a restore reads, not by one that failed', async () => {
    const rows = [row(1, 'FAILED', 5), row(1, 'COMPLETED', 2), row(2, 'COMPLETED', 2)];
    const status = (await over(rows, 2).status(checkpointId(9), { signal }))._unsafeUnwrap();
    expect(status).toMatchObject({ state: 'COMPLETED', details: [{ partitionId: 1 }, { partitionId: 2 }] });
  });

  it('is the same in a listing as in the state of one, whatever the configuration says', async () => {
    for (const partitionsCount of [1, 2, 3, 4]) {
      const backups = over([row(1, 'COMPLETED', 3), row(2, 'COMPLETED', 3)], partitionsCount);
      const page = (await backups.list({ limit: 10 }, { signal }))._unsafeUnwrap();
      expect(page.backups.map(({ state }) => state)).toEqual(['INCOMPLETE']);
      expect((await backups.status(checkpointId(9), { signal }))._unsafeUnwrap()).toEqual(page.backups[0]);
    }
  });

  it('is the configured one in a listing where a copy tells more than a cluster can have', async () => {
    const page = (await over([ABSURD], 1).list({ limit: 10 }, { signal }))._unsafeUnwrap();
    expect(page.backups).toMatchObject([{ details: [{ partitionId: 1 }] }]);
  });
});
