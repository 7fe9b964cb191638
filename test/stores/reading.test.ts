// Listing and reading in bad times: damaged copies, deletions under way, readers that stop.
import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { readWhole, sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { CHUNK, nativePlace } from './native-place.ts';
import type { Fate } from './scripted-storage.ts';

const long = sampleBackup({ snapshotFiles: [], segmentFiles: [sampleFile('log', 40 * CHUNK, 3)] });

async function withThree() {
  const place = nativePlace();
  const { store } = place.node();
  for (const id of [1, 2, 3]) (await store.save(sampleBackup({ checkpointId: id })))._unsafeUnwrap();
  const manifests = (await keys(place.memory)).filter((key) => key.includes('/completed.'));
  return { ...place, manifests };
}

describe('a listing with details', () => {
  it('shows the others when one manifest is damaged, and fails when that one is asked for', async () => {
    const { node, memory, manifests } = await withThree();
    (await memory.put(manifests[1] ?? '', new TextEncoder().encode('{}\n')))._unsafeUnwrap();
    const { store } = node();
    const rows = (await store.list({ details: true }))._unsafeUnwrap().backups;
    expect(rows.map((row) => [row.id.checkpointId, row.statusCode, row.descriptor !== undefined])).toEqual([
      [3n, 'COMPLETED', true],
      [2n, 'COMPLETED', false],
      [1n, 'COMPLETED', true],
    ]);
    const asked = await store.list({ checkpointId: checkpointId(2), details: true });
    expect(asked._unsafeUnwrapErr()).toMatchObject({ name: 'BackupCorrupt' });
    expect((await store.list({ checkpointId: checkpointId(2) }))._unsafeUnwrap().backups).toHaveLength(1);
  });

  it('tells of a damaged body of what never completed, and does not let it hide a whole copy', async () => {
    const { node, memory, manifests } = await withThree();
    const { store } = node();
    const id = { checkpointId: checkpointId(2), partitionId: 1, nodeId: 5 };
    (await store.markFailed(id, 'why', { term: 1n }))._unsafeUnwrap();
    const failed = (await keys(memory)).find((key) => key.includes('/failed.')) ?? '';
    (await memory.put(failed, new TextEncoder().encode('{"format":1,')))._unsafeUnwrap();
    const rows = (await store.list({ checkpointId: id.checkpointId, details: true }))._unsafeUnwrap().backups;
    expect(rows.map((row) => [row.statusCode, row.descriptor !== undefined])).toEqual([
      ['COMPLETED', true],
      ['FAILED', false],
    ]);
    expect(rows[1]?.failureReason).toContain('damaged');
    expect(manifests).toHaveLength(3);
  });

  it('leaves out what was deleted between the names and the bodies', async () => {
    const { node, memory, manifests } = await withThree();
    const { storage, store } = node();
    storage.script = async ({ operation }): Promise<Fate> => {
      if (operation === 'get') (await memory.delete([manifests[0] ?? '']))._unsafeUnwrap();
      return 'done';
    };
    const rows = (await store.list({ details: true }))._unsafeUnwrap().backups;
    expect(rows.map((row) => row.id.checkpointId)).toEqual([2n, 1n]);
  });

  it('passes over names that are not its own', async () => {
    const { node, memory, manifests } = await withThree();
    const [first = ''] = manifests;
    const odd = [
      `${first}.bak`,
      first.replace('completed', 'copied'),
      'backups/x/1/completed.0.1-1-00000000',
      'notes',
    ];
    for (const key of odd) (await memory.put(key, new Uint8Array(3)))._unsafeUnwrap();
    expect((await node().store.list({ details: true }))._unsafeUnwrap().backups).toHaveLength(3);
  });

  it('refuses to fetch a manifest of absurd size', async () => {
    const { node, memory } = nativePlace();
    const key = 'backups/9223372036854775806/1/completed.0.1-1-00000000';
    (await memory.put(key, new Uint8Array(128 * 1024 * 1024 + 1)))._unsafeUnwrap();
    const { storage, store } = node();
    expect((await store.open(sampleBackup().id))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
    expect(storage.count('get')).toBe(0);
  });
});

describe('reading a file', () => {
  it('fetches no more than its share ahead, and stops fetching when its reader stops', async () => {
    const { node } = nativePlace();
    const { storage, store } = node({ chunksInFlight: 4 });
    (await store.save(long))._unsafeUnwrap();
    const [file] = (await store.open(long.id))._unsafeUnwrap().segmentFiles;
    storage.calls.length = 0;
    let seen = 0;
    for await (const bytes of file?.open() ?? []) {
      expect(bytes).toEqual(sampleBytes(40 * CHUNK, 3).subarray(seen * CHUNK, (seen + 1) * CHUNK));
      seen += 1;
      expect(storage.count('get')).toBeLessThanOrEqual(seen + 3);
      if (seen === 5) break;
    }
    expect(storage.count('get')).toBeLessThanOrEqual(8);
  });

  it('ends as Aborted with its own signal and with the store', async () => {
    const { node } = nativePlace();
    const { store } = node();
    (await store.save(long))._unsafeUnwrap();
    const [file] = (await store.open(long.id))._unsafeUnwrap().segmentFiles;
    const read = async (signal: AbortSignal, then: () => unknown) => {
      for await (const _bytes of file?.open({ signal }) ?? []) await then();
    };
    const controller = new AbortController();
    await expect(read(controller.signal, () => controller.abort())).rejects.toMatchObject({
      name: 'Aborted',
    });
    await expect(read(new AbortController().signal, () => store.close())).rejects.toMatchObject({
      name: 'Aborted',
    });
  });

  it('of a pack goes on for one reader when another stops waiting for it', async () => {
    const { node } = nativePlace();
    const { storage, store } = node();
    const names = ['a', 'b', 'c'];
    const small = sampleBackup({
      snapshotFiles: names.map((name) => sampleFile(name, 50)),
      segmentFiles: [],
    });
    (await store.save(small))._unsafeUnwrap();
    const [a, b] = (await store.open(small.id))._unsafeUnwrap().snapshotFiles;
    const mayAnswer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    storage.script = async (): Promise<Fate> => {
      asked.resolve();
      await mayAnswer.promise;
      return 'done';
    };
    const controller = new AbortController();
    const given = a?.open({ signal: controller.signal })[Symbol.asyncIterator]().next();
    await asked.promise;
    const kept = b === undefined ? undefined : readWhole(b);
    controller.abort();
    await expect(given).rejects.toMatchObject({ name: 'Aborted' });
    mayAnswer.resolve();
    expect(await kept).toEqual(sampleBytes(50));
  });
});

describe('saving', () => {
  it('holds no more chunks in memory than it may, however slow the storage is', async () => {
    const { node } = nativePlace();
    const { storage, store } = node({ chunksInFlight: 3 });
    let inFlight = 0;
    let most = 0;
    let read = 0;
    let put = 0;
    storage.script = async ({ operation, key }): Promise<Fate> => {
      if (operation !== 'put' || !key.includes('/chunks/')) return 'done';
      inFlight += 1;
      most = Math.max(most, inFlight);
      expect(read - put).toBeLessThanOrEqual(4 * CHUNK);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      put += CHUNK;
      return 'done';
    };
    const files = [1, 2, 3, 4].map((seed) => ({
      name: `log-${seed}`,
      sizeBytes: 8 * CHUNK,
      async *open() {
        for (let part = 0; part < 8; part += 1) {
          read += CHUNK;
          yield sampleBytes(CHUNK, seed * 100 + part);
        }
      },
    }));
    (await store.save(sampleBackup({ snapshotFiles: [], segmentFiles: files })))._unsafeUnwrap();
    expect(most).toBe(3);
  });

  it.each([
    ['a name that is a path', [sampleFile('a/b', 1)]],
    ['a name twice', [sampleFile('a', 1), sampleFile('a', 2)]],
    ['a size that is none', [{ ...sampleFile('a', 1), sizeBytes: -1 }]],
  ])('refuses %s and writes nothing', async (_, segmentFiles) => {
    const { node, memory } = nativePlace();
    const saved = await node().store.save(sampleBackup({ segmentFiles }));
    expect(saved._unsafeUnwrapErr().name).toBe('BrokerFailure');
    expect(await keys(memory)).toEqual([]);
  });

  it('closes the files that it leaves in the midst', async () => {
    const { node } = nativePlace();
    let open = 0;
    const watched = (name: string, fails: boolean) => ({
      name,
      sizeBytes: 4 * CHUNK,
      async *open() {
        open += 1;
        try {
          for (let part = 0; part < 4; part += 1) {
            if (fails && part === 2) throw new Error('gone');
            yield sampleBytes(CHUNK, part + 1);
          }
        } finally {
          open -= 1;
        }
      },
    });
    const segmentFiles = [watched('a', false), watched('b', true), watched('c', false)];
    const saved = await node().store.save(sampleBackup({ snapshotFiles: [], segmentFiles }));
    expect(saved._unsafeUnwrapErr().name).toBe('BrokerFailure');
    expect(open).toBe(0);
  });
});
