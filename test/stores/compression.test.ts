// Chunks as zstd: where it pays and only there, under names of their own, and never believed when they are read.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { PartitionBackup } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { compressWorthwhile, decompress } from '../../src/stores/tidemark/compression.ts';
import { assertSameBackup, sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { nativePlace } from './native-place.ts';

const KIB = 1024;
const CHUNK = 128 * KIB;
const AUTO = { compression: 'auto', chunkSizeBytes: CHUNK } as const;
const PLAIN = { compression: 'none', chunkSizeBytes: CHUNK } as const;
const FIXTURE = fileURLToPath(new URL('./fixtures/format-1-zstd/', import.meta.url));

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Records of a log: most of it repeats. */
function records(sizeBytes: number, from = 0): Uint8Array {
  let text = '';
  for (let nth = from; text.length < sizeBytes; nth += 1)
    text += `{"position":${nth},"intent":"CREATED","key":${nth * 7}}\n`;
  return Buffer.from(text).subarray(0, sizeBytes);
}

/** Two compressible chunks and a tail, two that are not, and a pack of small files that is. */
function mixed(id: number): PartitionBackup {
  return sampleBackup({
    checkpointId: id,
    snapshotFiles: [
      sampleFile('000042.sst', 2 * CHUNK, 42),
      sampleFile('CURRENT', records(3 * KIB, 5_000)),
      sampleFile('OPTIONS', records(4 * KIB, 9_000)),
      sampleFile('LOCK', 0),
    ],
    segmentFiles: [sampleFile('log-1', records(2 * CHUNK + 10 * KIB))],
  });
}

interface ChunkFields {
  readonly sha256: string;
  readonly size: number;
  readonly stored: number;
  readonly codec: string;
  readonly name?: string;
}

const COMPLETED = /\/completed\./;
const CHUNKS = /\/chunks\//;

async function objects(storage: ObjectStorage, which: RegExp): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const key of await keys(storage))
    if (which.test(key)) found.set(key, (await storage.get(key))._unsafeUnwrap());
  return found;
}

/** The chunks in the newest manifest. */
async function chunksOf(storage: ObjectStorage): Promise<readonly ChunkFields[]> {
  const [manifest = new Uint8Array()] = [...(await objects(storage, COMPLETED)).values()];
  const [line = '', ...lines] = Buffer.from(manifest).toString().split('\n');
  const { chunks } = JSON.parse(line) as { chunks: number };
  return lines.slice(0, chunks).map((chunk) => JSON.parse(chunk) as ChunkFields);
}

describe('a chunk is compressed', () => {
  it('where that pays, and else is sent as it is', async () => {
    const { node, memory } = nativePlace();
    const { store } = node(AUTO);
    (await store.save(mixed(1)))._unsafeUnwrap();
    const chunks = await chunksOf(memory);
    expect(chunks.map(({ codec }) => codec).sort()).toEqual(['none', 'none', 'zstd', 'zstd', 'zstd', 'zstd']);
    const stored = await objects(memory, CHUNKS);
    for (const { sha256: digest, size, stored: storedBytes, codec, name = digest } of chunks) {
      const [key, bytes] = [...stored].find(([other]) => other.endsWith(`/${name}`)) ?? [];
      expect(bytes?.length, key).toBe(storedBytes);
      expect(sha256(bytes ?? new Uint8Array()), 'an object is named by its bytes').toBe(name);
      const raw = codec === 'zstd' ? zstdDecompressSync(bytes ?? new Uint8Array()) : bytes;
      expect(raw?.length).toBe(size);
      expect(sha256(raw ?? new Uint8Array())).toBe(digest);
    }
    await assertSameBackup((await store.open(mixed(1).id))._unsafeUnwrap(), mixed(1));
  });

  it('never without being asked', async () => {
    const { node, memory } = nativePlace();
    (await node({ chunkSizeBytes: CHUNK }).store.save(mixed(1)))._unsafeUnwrap();
    expect((await chunksOf(memory)).map(({ codec }) => codec)).toEqual(Array(6).fill('none'));
  });

  it('as its samples say, without looking at the rest', async () => {
    const noise = sampleBytes(1024 * KIB);
    const looksRandom = Buffer.alloc(1024 * KIB);
    for (const at of [0, 504 * KIB, 1008 * KIB]) looksRandom.set(noise.subarray(at, at + 16 * KIB), at);
    expect(zstdCompressSync(looksRandom).length).toBeLessThan(looksRandom.length / 10);
    expect(await compressWorthwhile(looksRandom)).toBeUndefined();
    looksRandom.fill(0, 504 * KIB, 520 * KIB);
    expect(await compressWorthwhile(looksRandom)).toBeDefined();
    // And when they were wrong, the rest counts.
    const looksEmpty = Buffer.from(noise);
    for (const at of [0, 504 * KIB, 1008 * KIB]) looksEmpty.fill(0, at, at + 16 * KIB);
    expect(await compressWorthwhile(looksEmpty)).toBeUndefined();
    expect(await compressWorthwhile(Buffer.alloc(KIB - 1))).toBeUndefined();
    expect(await compressWorthwhile(Buffer.alloc(KIB))).toBeDefined();
  });
});

describe('compressed and plain chunks', () => {
  it.each([
    ['compressed', AUTO, PLAIN],
    ['plain', PLAIN, AUTO],
  ])('of a %s base are reused with either setting', async (_, first, second) => {
    const { node, memory } = nativePlace();
    (await node(first).store.save(mixed(1)))._unsafeUnwrap();
    const before = [...(await objects(memory, CHUNKS)).keys()];
    const { store } = node(second);
    (await store.save(mixed(2)))._unsafeUnwrap();
    expect([...(await objects(memory, CHUNKS)).keys()]).toEqual(before);
    await assertSameBackup((await store.open(mixed(2).id))._unsafeUnwrap(), mixed(2));
  });

  it('of the same bytes do not write over each other', async () => {
    const { node } = nativePlace();
    // Lower ids later: none of them is the base of the next.
    for (const [id, settings] of [
      [3, PLAIN],
      [2, AUTO],
      [1, PLAIN],
    ] as const)
      (await node(settings).store.save(mixed(id)))._unsafeUnwrap();
    for (const id of [1, 2, 3])
      await assertSameBackup((await node().store.open(mixed(id).id))._unsafeUnwrap(), mixed(id));
  });

  it('are kept apart when one file is the compressed form of another', async () => {
    const { node, memory } = nativePlace();
    const raw = Buffer.from(Buffer.from(sampleBytes(CHUNK / 2)).toString('hex'));
    const frame = await compressWorthwhile(raw);
    const files = [sampleFile('raw', raw), sampleFile('frame', frame ?? new Uint8Array())];
    const backup = sampleBackup({ snapshotFiles: [], segmentFiles: files });
    const { store } = node(AUTO);
    (await store.save(backup))._unsafeUnwrap();
    await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
    expect((await chunksOf(memory)).map(({ codec }) => codec).sort()).toEqual(['none', 'zstd']);
    expect((await objects(memory, CHUNKS)).size).toBe(1);
  });

  it('are spared by a sweep while a backup uses them, and freed after', async () => {
    const { node, memory, clock } = nativePlace();
    const { store } = node(AUTO);
    (await store.save(mixed(1)))._unsafeUnwrap();
    const used = [...(await objects(memory, CHUNKS)).keys()];
    await clock.advance(100 * 60 * 60 * 1000);
    (await store.sweep())._unsafeUnwrap();
    expect([...(await objects(memory, CHUNKS)).keys()]).toEqual(used);
    (await store.delete(mixed(1).id))._unsafeUnwrap();
    (await store.sweep())._unsafeUnwrap();
    expect([...(await objects(memory, CHUNKS)).keys()]).toEqual([]);
  });
});

describe('a compressed chunk that is', () => {
  const changes: Record<string, (bytes: Buffer) => Uint8Array | undefined> = {
    'cut short': (bytes) => bytes.subarray(0, -1),
    'longer than it should be': (bytes) => Buffer.concat([bytes, Buffer.from('x')]),
    'no zstd': (bytes) => Buffer.alloc(bytes.length, 'x'),
    'changed in its midst': (bytes) => {
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 0x10, bytes.length >> 1);
      return bytes;
    },
    'the frame of fewer bytes, filled up': (bytes) =>
      Buffer.concat([zstdCompressSync(Buffer.from('few')), Buffer.alloc(bytes.length)]).subarray(
        0,
        bytes.length,
      ),
    'the frame of a gigabyte': (bytes) => {
      const bomb = Buffer.concat(Array(64).fill(zstdCompressSync(Buffer.alloc(16 * 1024 * KIB))));
      return Buffer.concat([bomb, bytes]).subarray(0, bytes.length);
    },
    gone: () => undefined,
  };
  it.each(Object.entries(changes))('%s is BackupCorrupt, and names the object', async (_, change) => {
    const { node, memory } = nativePlace();
    const { store } = node(AUTO);
    (await store.save(mixed(1)))._unsafeUnwrap();
    const last = (await chunksOf(memory)).findLast(({ codec }) => codec === 'zstd');
    const [key = '', bytes] =
      [...(await objects(memory, CHUNKS))].find(([k]) => k.endsWith(last?.name ?? '-')) ?? [];
    const changed = change(Buffer.from(bytes ?? new Uint8Array()));
    const put = changed === undefined ? memory.delete([key]) : memory.put(key, changed);
    (await put)._unsafeUnwrap();
    const opened = (await store.open(mixed(1).id))._unsafeUnwrap();
    const [log] = opened.segmentFiles;
    const reading = (async () => {
      for await (const part of log?.open() ?? []) expect(part.length).toBeLessThanOrEqual(CHUNK);
    })();
    await expect(reading).rejects.toMatchObject({
      name: 'BackupCorrupt',
      object: `${memory.location}/${key}`,
    });
  });

  it('larger than the manifest says is never decompressed to its end', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * KIB));
    await expect(decompress(bomb, 1_000)).rejects.toThrow(/larger than 1000 bytes/);
    await expect(decompress(bomb, 1024 * KIB)).rejects.toThrow(/larger than 1048576 bytes/);
  });
});

describe('format 1 with zstd', () => {
  it('is read as it always was', async () => {
    const { memory, node } = nativePlace();
    for (const entry of readdirSync(FIXTURE, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      (await memory.put(relative(FIXTURE, path).replaceAll(sep, '/'), readFileSync(path)))._unsafeUnwrap();
    }
    expect((await chunksOf(memory)).map(({ codec }) => codec)).toContain('zstd');
    const { store } = node();
    const id = { checkpointId: checkpointId(7), partitionId: 1, nodeId: 0 };
    await assertSameBackup((await store.open(id))._unsafeUnwrap(), kept());
  });
});

function kept(): PartitionBackup {
  return sampleBackup({
    checkpointId: 7,
    snapshotFiles: [sampleFile('CURRENT', records(2 * KIB, 700)), sampleFile('table.sst', 3 * KIB, 3)],
    segmentFiles: [sampleFile('log-1', records(10 * KIB))],
  });
}
