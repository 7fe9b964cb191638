// Objects that are larger, deeper or longer than anything a store writes: refused at once, and never taken into memory
// whole.
import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { BODY_SIZE_BYTES_MAX, MANIFEST_SIZE_BYTES_MAX } from '../../src/core/limits.ts';
import { markerKey } from '../../src/stores/tidemark/keys.ts';
import { parseManifest } from '../../src/stores/tidemark/parse-manifest.ts';
import { readWhole, sampleBackup } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { sealedLines } from './manifest-json.ts';
import { nativePlace } from './native-place.ts';
import { zeebePlace } from './zeebe/zeebe-place.ts';

const id = { checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 };
const attempt = { text: '1-2-0000000a', term: 1n, startedAtMs: 2 };
const utf8 = (text: string) => new TextEncoder().encode(text);
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const manifest = (line: string) =>
  parseManifest(sealedLines([line]), { object: 'the object', id, attempt: attempt.text });

describe('a manifest of the native layout', () => {
  it.each([100, 3_000, 100_000, 5_000_000])('nested %i levels deep is no JSON', async (depth) => {
    expect((await manifest(`{"format":1,"labels":${nested(depth)}}`))._unsafeUnwrapErr().message).toContain(
      'is no JSON',
    );
  });

  it.each(['{"toString":1,"valueOf":1}', nested(60), '"2"', 'null'])(
    'of the format %s is too new',
    async (format) => {
      expect((await manifest(`{"format":${format}}`))._unsafeUnwrapErr().name).toBe('StoreFailure');
    },
  );

  it('with a number of 20 million digits is refused without counting them', async () => {
    const read = await manifest(`{"format":1,"chunkSize":${'9'.repeat(20_000_000)}}`);
    expect(read._unsafeUnwrapErr().name).toBe('BackupCorrupt');
  });

  it('is not fetched when it is larger than one can be', async () => {
    const { memory, node } = nativePlace();
    const { store, storage } = node();
    const key = markerKey('completed', id, attempt);
    await memory.put(key, new Uint8Array(MANIFEST_SIZE_BYTES_MAX + 1));
    expect((await store.open(id))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
    expect(storage.count('get')).toBe(0);
  });
});

describe('the native layout', () => {
  it.each(['begun', 'failed'] as const)('does not fetch a huge `%s`', async (kind) => {
    const { memory, node } = nativePlace();
    const { store, storage } = node();
    await memory.put(markerKey(kind, id, attempt), new Uint8Array(BODY_SIZE_BYTES_MAX + 1));
    const page = (await store.list({ details: true }))._unsafeUnwrap();
    expect(page.backups).toHaveLength(1);
    expect(storage.count('get')).toBe(0);
  });

  it('reads no more of a huge cluster.json than it may have', async () => {
    const { memory, node } = nativePlace();
    const { store } = node();
    await memory.put('cluster.json', utf8(`{"format":1,"clusterId":"${'a'.repeat(BODY_SIZE_BYTES_MAX)}"}`));
    expect((await store.delete(id))._unsafeUnwrapErr().message).toContain('does not name a cluster');
  });

  it('reads no more of a huge hold than it may have', async () => {
    const { memory, node } = nativePlace();
    const { store } = node();
    (await store.holds.hold(id.checkpointId, 'audit'))._unsafeUnwrap();
    const [key = ''] = await keys(memory, 'holds/');
    await memory.put(key, utf8(`{"format":1,"reason":"${'a'.repeat(BODY_SIZE_BYTES_MAX)}"}`));
    expect((await store.holds.get(id.checkpointId))._unsafeUnwrapErr().message).toContain('is no JSON');
  });

  it('reads no more of a chunk that has grown than shows it', async () => {
    const { memory, node } = nativePlace();
    const { store, storage } = node();
    const backup = sampleBackup({ checkpointId: 1n });
    (await store.save(backup))._unsafeUnwrap();
    const chunks = await keys(memory, 'partitions/1/chunks/');
    for (const key of chunks) await memory.put(key, new Uint8Array(1_000_000));
    let read = 0;
    storage.script = () => 'done';
    const get = storage.get.bind(storage);
    storage.get = (key, options) =>
      get(key, options).map((bytes) => {
        read = Math.max(read, bytes.byteLength);
        return bytes;
      });
    const opened = (await store.open(id))._unsafeUnwrap();
    const [file] = opened.segmentFiles;
    await expect(file && readWhole(file)).rejects.toThrow('bytes found more');
    expect(read).toBeLessThan(100_000);
  });

  it('pages through many thousand names, and asks for no page more than it needs', async () => {
    const { memory, node } = nativePlace();
    const { store, storage } = node();
    for (let n = 1; n <= 12_000; n += 1) {
      const copy = { ...id, checkpointId: checkpointId(n) };
      await memory.put(markerKey('completed', copy, attempt), new Uint8Array(1));
    }
    const page = (await store.list({ limit: 100 }))._unsafeUnwrap();
    expect(page.backups).toHaveLength(100);
    expect(storage.count('list')).toBe(1);
    const whole = (await store.list({ limit: 5_000 }))._unsafeUnwrap();
    expect(whole.backups).toHaveLength(5_000);
    expect(storage.count('list')).toBe(1 + 6);
  });

  it('tells the state of a copy with 50,000 attempts', async () => {
    const { memory, node } = nativePlace();
    const { store } = node();
    for (let n = 0; n < 50_000; n += 1) {
      const text = `1-2-${n.toString(16).padStart(8, '0')}`;
      await memory.put(markerKey('begun', id, { ...attempt, text }), new Uint8Array(1));
    }
    expect((await store.list({}))._unsafeUnwrap().backups).toHaveLength(1);
  });
});

describe("Zeebe's layout", () => {
  const head = '"id":{"nodeId":0,"partitionId":1,"checkpointId":1}';
  const tail =
    '"snapshotFiles":{"files":{}},"segmentFiles":{"files":{}},"createdAt":1700000000.1,"modifiedAt":1700000000.1}';
  const descriptor = (more: string) =>
    `{"snapshotId":null,"checkpointPosition":1,"numberOfPartitions":3,"brokerVersion":"8.6.0",${more}}`;

  it.each([4_500, 100_000])(
    'deletes nothing of what is nested %i levels deep, and says so',
    async (depth) => {
      const { put, node } = zeebePlace();
      const { store } = node();
      const deep = descriptor(`"later":${nested(depth)}`);
      await put('1/1/0/manifest.json', `{"statusCode":"completed",${head},"descriptor":${deep},${tail}`);
      expect((await store.delete(id))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
      expect((await store.open(id))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
      const [row] = (await store.list({}))._unsafeUnwrap().backups;
      expect(row?.statusCode).toBe('FAILED');
    },
  );

  it('refuses a manifest that is larger than one can be', async () => {
    const { memory, node } = zeebePlace();
    const { store } = node();
    await memory.put('1/1/0/manifest.json', new Uint8Array(MANIFEST_SIZE_BYTES_MAX + 10));
    expect((await store.open(id))._unsafeUnwrapErr().message).toContain('has more than');
  });
});
