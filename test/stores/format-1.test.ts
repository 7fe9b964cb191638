// Format 1 for ever: what was stored once must stay readable, and what is written must stay the same bytes. When the
// second of these fails, the layout has changed: that needs a new format number, a new fixture, and this one kept.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { assertSameBackup, GatedFile, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { nativePlace, STALE } from './native-place.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/format-1/', import.meta.url));

const text = (content: string) => new TextEncoder().encode(content);
const lines = (count: number) => text(Array.from({ length: count }, (_, i) => `record ${i}\n`).join(''));

const full = sampleBackup({
  checkpointId: 7,
  term: 3n,
  snapshotFiles: [
    sampleFile('CURRENT', text('MANIFEST-000004\n')),
    sampleFile('LOCK', 0),
    sampleFile('table ü.sst', text('a small table\n')),
  ],
  segmentFiles: [sampleFile('log-1.segment', lines(200))],
});
const grown = sampleBackup({
  checkpointId: 2n ** 62n + 1n,
  nodeId: 2,
  term: 2n ** 63n - 1n,
  snapshotFiles: [sampleFile('CURRENT', text('MANIFEST-000009\n')), ...full.snapshotFiles.slice(1)],
  segmentFiles: [sampleFile('log-1.segment', lines(230))],
});
const broken = sampleBackup({
  checkpointId: 8,
  snapshotFiles: [],
  segmentFiles: [{ ...sampleFile('log', 10), sizeBytes: 11 }],
});

/** Two completed backups that share chunks, a failed one, and one under way. */
async function write() {
  const place = nativePlace();
  const { store } = place.node({ clusterId: 'a-cluster' });
  (await store.save(full))._unsafeUnwrap();
  await place.clock.advance(1_000);
  expect((await store.save(broken)).isErr()).toBe(true);
  await place.clock.advance(1_000);
  (await store.save(grown))._unsafeUnwrap();
  await place.clock.advance(1_000);
  const gate = new GatedFile('gated');
  const running = sampleBackup({ checkpointId: 9, partitionId: 10, snapshotFiles: [], segmentFiles: [gate] });
  const controller = new AbortController();
  const saving = store.save(running, { signal: controller.signal });
  await gate.reached;
  const written = await contents(place.memory);
  controller.abort();
  await saving;
  return written;
}

async function contents(storage: ObjectStorage): Promise<Map<string, Buffer>> {
  const objects = new Map<string, Buffer>();
  for (const key of await keys(storage))
    objects.set(key, Buffer.from((await storage.get(key))._unsafeUnwrap()));
  return objects;
}

function fixture(): Map<string, Buffer> {
  return new Map(
    readdirSync(FIXTURE, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(FIXTURE, path).replaceAll(sep, '/'), readFileSync(path)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe('format 1', () => {
  it('is written as it always was, byte for byte', async () => {
    const written = await write();
    const stored = fixture();
    expect([...written.keys()].sort()).toEqual([...stored.keys()]);
    for (const [key, bytes] of stored) expect(written.get(key)?.toString(), key).toBe(bytes.toString());
  });

  it('is read as it always was', async () => {
    const { memory, node, clock } = nativePlace();
    for (const [key, bytes] of fixture()) (await memory.put(key, bytes))._unsafeUnwrap();
    const { store } = node({ clusterId: 'a-cluster', chunkSizeBytes: 4096 });
    const rows = async () =>
      (await store.list({ details: true }))
        ._unsafeUnwrap()
        .backups.map(({ id, statusCode, failureReason }) => [
          `${id.checkpointId}/${id.partitionId}/${id.nodeId}`,
          statusCode,
          failureReason ?? '',
        ]);
    const others = [
      ['8/1/0', 'FAILED', expect.stringContaining('file=log said to have 11 bytes and gave only 10')],
      ['7/1/0', 'COMPLETED', ''],
    ];
    const newest = ['4611686018427387905/1/2', 'COMPLETED', ''];
    expect(await rows()).toEqual([newest, ['9/10/0', 'IN_PROGRESS', ''], ...others]);
    await clock.advance(STALE + 1);
    expect(await rows()).toEqual([
      newest,
      ['9/10/0', 'FAILED', expect.stringContaining('sign of life')],
      ...others,
    ]);
    const unsettled = (await store.unsettled(10))._unsafeUnwrap();
    expect(unsettled).toEqual([{ id: { checkpointId: 9n, partitionId: 10, nodeId: 0 }, term: 1n }]);
    for (const backup of [full, grown]) {
      const stored = (await store.open(backup.id))._unsafeUnwrap();
      await assertSameBackup(stored, backup);
    }
    expect((await store.open(full.id))._unsafeUnwrap().createdAt).toBe('2026-01-01T00:00:00.000Z');
    // And built upon: the next backup of the same files sends nothing.
    const next = {
      ...grown,
      id: { ...grown.id, checkpointId: (grown.id.checkpointId + 1n) as typeof grown.id.checkpointId },
    };
    const before = (await keys(memory)).filter((key) => key.includes('/chunks/'));
    (await node({ clusterId: 'a-cluster' }).store.save(next))._unsafeUnwrap();
    expect((await keys(memory)).filter((key) => key.includes('/chunks/'))).toEqual(before);
  });
});
