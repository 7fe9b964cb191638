// What Zeebe's layout is beyond the contract of backup stores: its keys, its traps, and where this store is safer than
// Zeebe's own.
import { createZstdCompress } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../../src/core/ids.ts';
import {
  assertSameBackup,
  GatedFile,
  readWhole,
  sampleBackup,
  sampleBytes,
  sampleFile,
} from '../../../src/testkit/sample-backups.ts';
import { keys } from '../damage.ts';
import type { Fate } from '../scripted-storage.ts';
import { zeebePlace } from './zeebe-place.ts';

const MiB = 1024 * 1024;
const small = (id: number, more: Parameters<typeof sampleBackup>[0] = {}) =>
  sampleBackup({ checkpointId: id, snapshotFiles: [], segmentFiles: [sampleFile('log', 10, id)], ...more });

async function savedPlace() {
  const place = zeebePlace();
  const backup = sampleBackup({ checkpointId: 100 });
  (await place.node().store.save(backup))._unsafeUnwrap();
  return { ...place, backup, store: place.node().store };
}

describe('keys', () => {
  it('are exactly those of the manifest and the files', async () => {
    const { memory, text } = await savedPlace();
    expect(await keys(memory)).toEqual([
      '1/100/0/manifest.json',
      '1/100/0/segments/log-1.segment',
      '1/100/0/snapshot/000042.sst',
      '1/100/0/snapshot/CURRENT',
      '1/100/0/snapshot/LOCK',
    ]);
    expect(await text('1/100/0/manifest.json')).toMatch(
      /^\{"statusCode":"completed","id":\{"nodeId":0,"partitionId":1,"checkpointId":100\},.*\.\d{9}\}$/,
    );
  });

  it('of a backup by Zeebe 8.9 or later are split, and it is read, listed and deleted like the others', async () => {
    const { memory, node, text, put } = zeebePlace();
    const { store } = node();
    const sample = small(7);
    const backup = { ...sample, descriptor: { ...sample.descriptor, brokerVersion: '8.9.0-alpha1' } };
    (await store.save(backup))._unsafeUnwrap();
    (await store.save(small(8)))._unsafeUnwrap();
    await put('ranges/1/7.start', '');
    expect(await keys(memory)).toEqual([
      '1/8/0/manifest.json',
      '1/8/0/segments/log',
      'contents/1/7/0/segments/log',
      'manifests/1/7/0/manifest.json',
      'ranges/1/7.start',
    ]);
    const rows = (await store.list({}))._unsafeUnwrap().backups;
    expect(rows.map(({ id }) => id.checkpointId)).toEqual([8n, 7n]);
    await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
    // Later Zeebes believe the split one of two.
    await put(
      '1/7/0/manifest.json',
      (await text('1/8/0/manifest.json')).replace('"checkpointId":8', '"checkpointId":7'),
    );
    expect((await store.list({ partitionId: 1 }))._unsafeUnwrap().backups).toHaveLength(2);
    (await store.delete(backup.id))._unsafeUnwrap();
    expect(await keys(memory)).toEqual(['1/8/0/manifest.json', '1/8/0/segments/log', 'ranges/1/7.start']);
  });

  it('that only look like a manifest are passed by, and so are those of others', async () => {
    const { store, put, backup } = await savedPlace();
    const manifest = small(1);
    for (const key of [
      '1/100/0/segments/manifest.json',
      '1/100/0/manifest.json.bak',
      '1/0100/0/manifest.json',
      '1/99999999999999999999/0/manifest.json',
      '01/100/0/manifest.json',
      '1/100/9999999999/manifest.json',
      '1x/100/0/manifest.json',
      '-1/100/0/manifest.json',
      '12',
      'other/1/100/0/manifest.json',
      'contents/1/100/0/manifest.json',
    ]) {
      await put(key, 'not json');
    }
    (await store.save(small(1, { partitionId: 3 })))._unsafeUnwrap();
    const rows = (await store.list({}))._unsafeUnwrap().backups;
    expect(rows.map(({ id }) => id)).toEqual([backup.id, { ...manifest.id, partitionId: 3 }]);
  });
});

describe('listing', () => {
  it('jumps over the files of a copy, and from partition to partition', async () => {
    const { memory, node, put } = zeebePlace();
    const { store, storage } = node();
    for (const partitionId of [1, 2, 10]) (await store.save(small(5, { partitionId })))._unsafeUnwrap();
    for (let file = 0; file < 3_500; file += 1) await put(`1/5/0/segments/log-${file}`, '');
    await put('1/50/0/manifest.json', 'damaged');
    for (let file = 0; file < 2_000; file += 1) await put(`foreign/${file}`, '');
    storage.calls.length = 0;
    const { backups } = (await store.list({ partitionId: 1 }))._unsafeUnwrap();
    expect(backups.map(({ id, statusCode }) => [id.checkpointId, statusCode])).toEqual([
      [50n, 'FAILED'],
      [5n, 'COMPLETED'],
    ]);
    expect(storage.count('list')).toBe(3);
    storage.calls.length = 0;
    const at = (await store.list({ checkpointId: checkpointId(5) }))._unsafeUnwrap();
    expect(at.backups.map(({ id }) => id.partitionId)).toEqual([1, 2, 10]);
    // No split ones; three partitions and their end; one page each, and one more behind the files.
    expect(storage.count('list')).toBe(1 + 4 + 3 + 1);
    expect((await keys(memory)).length).toBeGreaterThan(5_500);
  });
});

describe('a manifest that cannot be read', () => {
  async function damagedPlace() {
    const place = await savedPlace();
    await place.put('1/100/0/manifest.json', '{s');
    (await place.store.save(small(101)))._unsafeUnwrap();
    return place;
  }

  it('does not hide the others, and says so in its own row', async () => {
    const { store, backup } = await damagedPlace();
    const { backups } = (await store.list({ partitionId: 1 }))._unsafeUnwrap();
    expect(backups).toMatchObject([
      { statusCode: 'COMPLETED' },
      { id: backup.id, statusCode: 'FAILED', failureReason: /memory:\/1\/100\/0\/manifest.json is no JSON/ },
    ]);
    expect((await store.unsettled(1))._unsafeUnwrap()).toEqual([]);
  });

  it('is an error to whoever asks for that very copy, and nothing changes it', async () => {
    const { store, backup, text } = await damagedPlace();
    const asked = [
      await store.list(backup.id),
      await store.open(backup.id),
      await store.delete(backup.id),
      await store.markFailed(backup.id, 'x', { term: 9n }),
    ];
    expect(asked.map((result) => result._unsafeUnwrapErr().name)).toEqual(Array(4).fill('BackupCorrupt'));
    expect((await store.save(backup))._unsafeUnwrapErr().name).toBe('BackupAlreadyExists');
    expect(await text('1/100/0/manifest.json')).toBe('{s');
  });
});

describe('deleting', () => {
  it('removes what was left without a manifest', async () => {
    const { store, memory, backup } = await savedPlace();
    (await memory.delete(['1/100/0/manifest.json']))._unsafeUnwrap();
    (await store.save(small(1)))._unsafeUnwrap();
    (await store.delete(backup.id))._unsafeUnwrap();
    expect(await keys(memory)).toEqual(['1/1/0/manifest.json', '1/1/0/segments/log']);
  });

  it('removes more than a thousand objects', async () => {
    const { store, memory, backup, put } = await savedPlace();
    for (let file = 0; file < 2_500; file += 1) await put(`1/100/0/segments/log-${file}`, '');
    (await store.delete(backup.id))._unsafeUnwrap();
    expect(await keys(memory)).toEqual([]);
  });

  it('that stops at any request never leaves a COMPLETED without its files, and can be repeated', async () => {
    const states = new Set<string>();
    for (let at = 0; ; at += 1) {
      const { node, memory, backup } = await savedPlace();
      const deleter = node();
      deleter.storage.script = ({ index }) => (index < at ? 'done' : 'refused');
      const deleted = await deleter.store.delete(backup.id);
      if (deleted.isOk()) break;
      const { store } = node();
      const [row] = (await store.list(backup.id))._unsafeUnwrap().backups;
      states.add(row?.statusCode ?? 'DOES_NOT_EXIST');
      if (row?.statusCode === 'COMPLETED')
        await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
      else expect(row).toMatchObject({ statusCode: 'FAILED', failureReason: /deleted/ });
      (await store.delete(backup.id))._unsafeUnwrap();
      expect(await keys(memory)).toEqual([]);
    }
    expect(states).toEqual(new Set(['COMPLETED', 'FAILED']));
  });

  it('ends what Zeebe 8.9 had begun to delete', async () => {
    const { store, memory, backup, put, text } = await savedPlace();
    const manifest = await text('1/100/0/manifest.json');
    await put('1/100/0/manifest.json', manifest.replace('completed', 'deleted'));
    const [row] = (await store.list({ partitionId: 1 }))._unsafeUnwrap().backups;
    expect(row).toMatchObject({ statusCode: 'FAILED', failureReason: /delete it again/ });
    (await store.delete(backup.id))._unsafeUnwrap();
    expect(await keys(memory)).toEqual([]);
  });
});

describe('marking as failed', () => {
  it('never rewrites what is completed', async () => {
    const { store, backup, text } = await savedPlace();
    const before = await text('1/100/0/manifest.json');
    expect((await store.markFailed(backup.id, 'late', { term: 99n }))._unsafeUnwrap()).toBe('COMPLETED');
    expect(await text('1/100/0/manifest.json')).toBe(before);
  });

  it('keeps all else that the manifest says, and the first reason', async () => {
    const { node, put, text } = zeebePlace();
    const { store } = node();
    const id = { checkpointId: checkpointId(9), partitionId: 2, nodeId: 1 };
    const body = (statusCode: string, reason: string, modified: string) =>
      `{"statusCode":"${statusCode}","id":{"nodeId":1,"partitionId":2,"checkpointId":9},` +
      '"descriptor":{"snapshotId":"s","checkpointPosition":4,"numberOfPartitions":3,"brokerVersion":"8.7.1","later":1},' +
      `${reason}"snapshotFiles":{"files":{"a":{}}},"segmentFiles":{"files":{"b":{}}},` +
      `"createdAt":1700000000.000000001,"modifiedAt":${modified}}`;
    await put('2/9/1/manifest.json', body('in_progress', '', '1700000000.000000001'));
    expect((await store.unsettled(2))._unsafeUnwrap()).toEqual([{ id, term: 0n }]);
    expect((await store.markFailed(id, 'first', { term: 0n }))._unsafeUnwrap()).toBe('FAILED');
    const failed = await text('2/9/1/manifest.json');
    const [, modified = ''] = /"modifiedAt":(\d+\.\d{9})\}$/.exec(failed) ?? [];
    expect(failed).toBe(body('failed', '"failureReason":"first",', modified));
    expect((await store.markFailed(id, 'second', { term: 0n }))._unsafeUnwrap()).toBe('FAILED');
    expect(await text('2/9/1/manifest.json')).toBe(failed);
  });

  it('by an older leader spares a save of this store, and by the same one ends it at once', async () => {
    const { store } = zeebePlace().node();
    const gate = new GatedFile('gated');
    const backup = sampleBackup({ term: 5n, segmentFiles: [gate] });
    const saving = store.save(backup);
    await gate.reached;
    expect((await store.markFailed(backup.id, 'old', { term: 4n }))._unsafeUnwrap()).toBe('IN_PROGRESS');
    expect((await store.markFailed(backup.id, 'enough', { term: 5n }))._unsafeUnwrap()).toBe('FAILED');
    expect((await saving)._unsafeUnwrapErr().name).toBe('AttemptFenced');
  });
});

describe('damage that can be seen', () => {
  it.each<[string, (bytes: Uint8Array) => Uint8Array | undefined]>([
    ['a file that is missing', () => undefined],
  ])('%s', async (_what, change) => {
    const { store, memory, backup } = await savedPlace();
    const key = '1/100/0/snapshot/CURRENT';
    const changed = change((await memory.get(key))._unsafeUnwrap());
    if (changed === undefined) (await memory.delete([key]))._unsafeUnwrap();
    const error = (await store.open(backup.id))._unsafeUnwrapErr();
    expect(error.name).toBe('BackupCorrupt');
    expect(error.message).toContain(`memory:/${key}`);
  });

  it('a file that is cut or goes while it is read', async () => {
    const { store, memory, put, backup } = await savedPlace();
    const key = '1/100/0/snapshot/000042.sst';
    const file = (await store.open(backup.id))
      ._unsafeUnwrap()
      .snapshotFiles.find(({ name }) => key.endsWith(name));
    if (file === undefined) throw new Error('not there');
    await put(key, new Uint8Array(69_999));
    await expect(readWhole(file)).rejects.toMatchObject({ name: 'BackupCorrupt', object: `memory:/${key}` });
    (await memory.delete([key]))._unsafeUnwrap();
    await expect(readWhole(file)).rejects.toMatchObject({ name: 'BackupCorrupt', object: `memory:/${key}` });
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['changed', (bytes) => bytes.map((byte, index) => (index === bytes.length >> 1 ? byte ^ 1 : byte))],
    ['cut', (bytes) => bytes.subarray(0, -1)],
    ['cut in its header', (bytes) => bytes.subarray(0, 7)],
    ['emptied', () => new Uint8Array()],
  ])('a compressed file that is %s', async (_how, change) => {
    const { memory, node, put } = zeebePlace();
    const { store } = node({ compression: 'zstd' });
    const content = sampleBytes(9 * MiB).map((byte) => byte & 15);
    const backup = small(1, { segmentFiles: [sampleFile('log', content)] });
    (await store.save(backup))._unsafeUnwrap();
    await put('1/1/0/segments/log', change((await memory.get('1/1/0/segments/log'))._unsafeUnwrap()));
    const opened = await store.open(backup.id);
    const reading = opened.isErr()
      ? Promise.reject(opened.error)
      : Promise.all(opened.value.segmentFiles.map((file) => readWhole(file)));
    await expect(reading).rejects.toMatchObject({
      name: 'BackupCorrupt',
      object: 'memory:/1/1/0/segments/log',
    });
  });
});

describe('compression', () => {
  it('is for files above 8 MiB when it is asked for, and is read by every store', async () => {
    const { memory, node, text } = zeebePlace();
    const zeros = new Uint8Array(8 * MiB + 1);
    const backup = small(1, {
      snapshotFiles: [sampleFile('noise', 17 * MiB + 5, 3)],
      segmentFiles: [sampleFile('above', zeros), sampleFile('at', zeros.subarray(1))],
    });
    (await node({ compression: 'zstd' }).store.save(backup))._unsafeUnwrap();
    expect(await text('1/1/0/manifest.json')).toContain(
      '"snapshotFiles":{"files":{"noise":{"compressionAlgorithm":"zstd"}}},' +
        '"segmentFiles":{"files":{"above":{"compressionAlgorithm":"zstd"},"at":{}}}',
    );
    expect((await memory.head('1/1/0/segments/above'))._unsafeUnwrap().sizeBytes).toBeLessThan(2_000);
    await assertSameBackup((await node().store.open(backup.id))._unsafeUnwrap(), backup);
    (await node().store.save(small(2, { segmentFiles: backup.segmentFiles })))._unsafeUnwrap();
    expect(await text('1/2/0/manifest.json')).toContain('"files":{"above":{},"at":{}}');
  });

  it('as Zeebe does it, without the size in the frame, is measured when the backup is opened', async () => {
    const { node, put, text } = zeebePlace();
    const { store } = node();
    const content = sampleBytes(9 * MiB, 4).map((byte) => byte & 3);
    const backup = small(1, { segmentFiles: [sampleFile('log', content)] });
    (await store.save(backup))._unsafeUnwrap();
    const manifest = await text('1/1/0/manifest.json');
    await put('1/1/0/manifest.json', manifest.replace('"log":{}', '"log":{"compressionAlgorithm":"zstd"}'));
    const frame = createZstdCompress();
    frame.write(content);
    frame.end();
    await put('1/1/0/segments/log', Buffer.concat(await Array.fromAsync(frame as AsyncIterable<Uint8Array>)));
    await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
  });

  it('by another algorithm is no damage, but not known', async () => {
    const { store, put, text, backup } = await savedPlace();
    const manifest = await text('1/100/0/manifest.json');
    await put('1/100/0/manifest.json', manifest.replace('"LOCK":{}', '"LOCK":{"compressionAlgorithm":"xz"}'));
    const error = (await store.open(backup.id))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreFailure');
    expect(error.message).toMatch(/snapshot\/LOCK is compressed with xz/);
  });
});

describe('large files', () => {
  it('go in parts, of which only so many are in memory as the settings say', async () => {
    const { node, memory } = zeebePlace();
    const { store, storage } = node({ chunkSizeBytes: 5 * MiB, chunksInFlight: 2 });
    let inFlight = 0;
    let most = 0;
    storage.script = async ({ operation, sizeBytes }): Promise<Fate> => {
      if (operation !== 'put' || sizeBytes < 7) return 'done';
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return 'done';
    };
    const segmentFiles = [sampleFile('large', 23 * MiB + 7, 1), sampleFile('even', 10 * MiB, 2)];
    const backup = small(1, { segmentFiles: [...segmentFiles, sampleFile('part', 5 * MiB, 3)] });
    (await store.save(backup))._unsafeUnwrap();
    expect(most).toBe(2);
    // Start, parts, end: 1 + 5 + 1, 1 + 2 + 1, and one put.
    expect(storage.count('put', '/segments/')).toBe(7 + 4 + 1);
    expect((await memory.head('1/1/0/segments/large'))._unsafeUnwrap().sizeBytes).toBe(23 * MiB + 7);
    await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
  });

  it('that fail in their midst leave no object', async () => {
    const { node, memory, text } = zeebePlace();
    const { store, storage } = node({ chunkSizeBytes: 5 * MiB });
    storage.script = ({ key, sizeBytes }) => (key.endsWith('large') && sizeBytes === 7 ? 'refused' : 'done');
    const backup = small(1, { segmentFiles: [sampleFile('large', 10 * MiB + 7, 1)] });
    expect((await store.save(backup))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    expect(await keys(memory)).toEqual(['1/1/0/manifest.json']);
    expect(await text('1/1/0/manifest.json')).toMatch(
      /^\{"statusCode":"failed",.*"failureReason":"the backup store did/,
    );
  });
});

describe('two writers of one copy', () => {
  it('the second of two that begin at once finds the id used', async () => {
    const { node, memory } = zeebePlace();
    const backup = sampleBackup();
    const ends = await Promise.all([node().store.save(backup), node().store.save(backup)]);
    expect(ends.map((end) => (end.isOk() ? 'ok' : end.error.name)).sort()).toEqual([
      'BackupAlreadyExists',
      'ok',
    ]);
    await assertSameBackup((await node().store.open(backup.id))._unsafeUnwrap(), backup);
    expect(await keys(memory)).toHaveLength(5);
  });

  it('one that was deleted and begun anew by another process knows that the manifest is not its own', async () => {
    const { node, text } = zeebePlace();
    const gate = new GatedFile('gated');
    const backup = small(1, { segmentFiles: [gate] });
    const saving = node().store.save(backup);
    await gate.reached;
    const other = node().store;
    (await other.markFailed(backup.id, 'x', { term: 1n }))._unsafeUnwrap();
    (await other.delete(backup.id))._unsafeUnwrap();
    const again = small(1, { segmentFiles: [sampleFile('gated', 10)] });
    (await other.save(again))._unsafeUnwrap();
    const manifest = await text('1/1/0/manifest.json');
    gate.letThrough();
    expect((await saving)._unsafeUnwrapErr().name).toBe('AttemptFenced');
    expect(await text('1/1/0/manifest.json')).toBe(manifest);
  });

  it('what is deleted in the midst of its upload does not come back, and leaves nothing', async () => {
    const { node, memory } = zeebePlace();
    const gate = new GatedFile('gated');
    const backup = small(1, { segmentFiles: [sampleFile('first', 9), gate] });
    const saving = node().store.save(backup);
    await gate.reached;
    const other = node().store;
    (await other.markFailed(backup.id, 'x', { term: 1n }))._unsafeUnwrap();
    (await other.delete(backup.id))._unsafeUnwrap();
    gate.letThrough();
    expect((await saving)._unsafeUnwrapErr().name).toBe('AttemptFenced');
    expect(await keys(memory)).toEqual([]);
  });

  it('an object that is gone when the save comes to its end is no completed backup', async () => {
    const { node, memory } = zeebePlace();
    const { store, storage } = node();
    storage.script = async ({ operation }): Promise<Fate> => {
      if (operation === 'list') (await memory.delete(['1/1/0/segments/first']))._unsafeUnwrap();
      return 'done';
    };
    const backup = small(1, { segmentFiles: [sampleFile('first', 9), sampleFile('second', 9)] });
    expect((await store.save(backup))._unsafeUnwrapErr().message).toContain('object=1/1/0/segments/first');
    expect((await store.list(backup.id))._unsafeUnwrap().backups[0]?.statusCode).toBe('FAILED');
  });
});

describe('what does not fit', () => {
  it.each([
    ['a partition', { partitionId: 2 ** 31 }],
    ['a node', { nodeId: 2 ** 31 }],
    ['a file name', { segmentFiles: [sampleFile('a\u0085b', 1)] }],
  ])('%s is refused before anything is written', async (_what, options) => {
    const { node, memory } = zeebePlace();
    expect((await node().store.save(small(1, options)))._unsafeUnwrapErr().name).toBe('BrokerFailure');
    expect(await keys(memory)).toEqual([]);
  });
});
