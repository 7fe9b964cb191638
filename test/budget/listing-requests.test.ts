// What questions cost, in requests, however many backups there are.
import { beforeAll, describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { nativePlace } from '../stores/native-place.ts';

const BACKUPS = 1_000;
const PARTITIONS = 3;
const place = nativePlace();

beforeAll(async () => {
  const { store } = place.node();
  const tiny = { snapshotFiles: [], segmentFiles: [sampleFile('log', 10)] };
  for (let id = 1; id <= BACKUPS; id += 1) {
    for (let partitionId = 1; partitionId <= PARTITIONS; partitionId += 1) {
      (await store.save(sampleBackup({ checkpointId: id, partitionId, ...tiny })))._unsafeUnwrap();
    }
  }
});

describe(`among ${BACKUPS} backups of ${PARTITIONS} partitions`, () => {
  it('the status of one costs one LIST, and with details one GET per partition', async () => {
    const { storage, store } = place.node();
    const query = { checkpointId: checkpointId(500) };
    const plain = (await store.list(query))._unsafeUnwrap();
    expect(plain.backups.map(({ statusCode }) => statusCode)).toEqual([
      'COMPLETED',
      'COMPLETED',
      'COMPLETED',
    ]);
    expect(storage.calls.map(({ operation }) => operation)).toEqual(['list']);
    storage.calls.length = 0;
    const detailed = (await store.list({ ...query, details: true }))._unsafeUnwrap();
    expect(detailed.backups.every(({ descriptor }) => descriptor !== undefined)).toBe(true);
    expect(storage.calls.map(({ operation }) => operation)).toEqual(['list', 'get', 'get', 'get']);
  });

  it('the status of one partition costs one LIST and one GET', async () => {
    const { storage, store } = place.node();
    const query = { checkpointId: checkpointId(500), partitionId: 2, details: true };
    expect((await store.list(query))._unsafeUnwrap().backups).toHaveLength(1);
    expect(storage.calls.map(({ operation }) => operation)).toEqual(['list', 'get']);
  });

  it.each([undefined, checkpointId(700)])('the newest twenty before %s cost one LIST', async (before) => {
    const { storage, store } = place.node();
    const page = (await store.list({ limit: 20, before }))._unsafeUnwrap();
    expect(page.backups).toHaveLength(20 * PARTITIONS);
    expect(page.next).toBe((before ?? BigInt(BACKUPS + 1)) - 20n);
    expect(storage.calls).toHaveLength(1);
  });

  it('the unsettled attempts of a partition cost one LIST, and opening one a LIST and a GET', async () => {
    const { storage, store } = place.node();
    expect((await store.unsettled(1))._unsafeUnwrap()).toEqual([]);
    expect(storage.calls).toHaveLength(1);
    storage.calls.length = 0;
    expect((await store.open(sampleBackup({ checkpointId: 1 }).id)).isOk()).toBe(true);
    expect(storage.calls.map(({ operation }) => operation)).toEqual(['list', 'get']);
  });

  it('all of them come in pages of 1,000 names', async () => {
    const { storage, store } = place.node();
    const page = (await store.list({ limit: BACKUPS }))._unsafeUnwrap();
    expect(page.backups).toHaveLength(BACKUPS * PARTITIONS);
    expect(page.next).toBeUndefined();
    expect(storage.calls).toHaveLength(3);
  });

  it('small files of one pack are read with one request', async () => {
    const { storage, store } = place.node();
    const snapshotFiles = Array.from({ length: 20 }, (_, index) =>
      sampleFile(`small-${index}`, 40, index + 1),
    );
    const backup = sampleBackup({
      checkpointId: BACKUPS + 1,
      partitionId: 9,
      snapshotFiles,
      segmentFiles: [],
    });
    (await store.save(backup))._unsafeUnwrap();
    const stored = (await store.open(backup.id))._unsafeUnwrap();
    storage.calls.length = 0;
    await Promise.all(
      stored.snapshotFiles.map(async (file) => {
        for await (const _bytes of file.open());
      }),
    );
    expect(storage.count('get')).toBe(1);
  });
});
