// What a repeated backup sends, and what it may rely on: bytes and requests are counted.
import { describe, expect, it } from 'vitest';
import type { BackupProgress } from '../../src/core/status.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { parseEntryKey } from '../../src/stores/tidemark/keys.ts';
import { assertSameBackup, sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { CHUNK, nativePlace } from './native-place.ts';
import type { Fate } from './scripted-storage.ts';

const files = {
  snapshotFiles: [
    sampleFile('a', 100, 1),
    sampleFile('b', 300, 2),
    sampleFile('c', 700, 3),
    sampleFile('big', 5 * CHUNK + 10, 4),
  ],
  segmentFiles: [sampleFile('log-1', 2 * CHUNK, 5), sampleFile('empty', 0)],
};
const total = 100 + 300 + 700 + 5 * CHUNK + 10 + 2 * CHUNK;

async function save(node: ReturnType<ReturnType<typeof nativePlace>['node']>, backup = sampleBackup(files)) {
  let progress: BackupProgress | undefined;
  node.storage.calls.length = 0;
  const saved = await node.store.save(backup, {
    onProgress: (seen) => {
      progress = seen;
    },
  });
  return { saved, progress, chunks: node.storage.count('put', '/chunks/') };
}

describe('a backup', () => {
  it('packs its small files and cuts its large ones', async () => {
    const { node } = nativePlace();
    const { chunks, progress } = await save(node());
    // a, b share a pack and c has its own; five whole chunks and a rest; two chunks of the log.
    expect(chunks).toBe(2 + 6 + 2);
    expect(progress).toEqual({
      filesDone: 6,
      filesTotal: 6,
      bytesDone: total,
      bytesTotal: total,
      bytesReused: 0,
    });
  });

  it('of an unchanged partition sends no chunk, whichever node takes it', async () => {
    const { node } = nativePlace();
    await save(node());
    const again = sampleBackup({ ...files, checkpointId: 2, nodeId: 1, term: 2n });
    const other = node();
    const { chunks, progress } = await save(other, again);
    expect(chunks).toBe(0);
    expect(progress).toMatchObject({ bytesDone: total, bytesReused: total });
    expect(other.storage.calls.map(({ operation }) => operation).join(' ')).toBe(
      'get list list put put list get put head list put delete',
    );
    await assertSameBackup((await other.store.open(again.id))._unsafeUnwrap(), again);
  });

  it('of a grown segment sends its end, and of a changed small file that file', async () => {
    const { node } = nativePlace();
    const grown = (bytes: number) => [sampleFile('log', sampleBytes(4 * CHUNK).subarray(0, bytes))];
    const first = node();
    await save(
      first,
      sampleBackup({ snapshotFiles: files.snapshotFiles, segmentFiles: grown(2 * CHUNK + 5) }),
    );
    const snapshotFiles = [sampleFile('a', 100, 99), ...files.snapshotFiles.slice(1)];
    const next = sampleBackup({ checkpointId: 2, snapshotFiles, segmentFiles: grown(3 * CHUNK + 7) });
    const { chunks } = await save(first, next);
    expect(chunks).toBe(1 + 2);
    expect(
      first.storage.calls
        .filter(({ key }) => key.includes('/chunks/'))
        .map(({ sizeBytes }) => sizeBytes)
        .sort(),
    ).toEqual([100, CHUNK, 7].sort());
    await assertSameBackup((await first.store.open(next.id))._unsafeUnwrap(), next);
  });

  it('builds on chains of backups, and each stays whole when those before it are deleted', async () => {
    const { node } = nativePlace();
    const { store } = node();
    const backups = [1, 2, 3, 4].map((checkpointId) =>
      sampleBackup({
        checkpointId,
        snapshotFiles: [...files.snapshotFiles, sampleFile('changing', 50, checkpointId)],
        segmentFiles: files.segmentFiles,
      }),
    );
    for (const backup of backups) (await store.save(backup))._unsafeUnwrap();
    for (const backup of backups.slice(0, 3)) (await store.delete(backup.id))._unsafeUnwrap();
    const last = backups[3] ?? sampleBackup();
    await assertSameBackup((await store.open(last.id))._unsafeUnwrap(), last);
  });

  it('does not build on another partition, a later checkpoint, a failed or a damaged backup', async () => {
    const { node, memory } = nativePlace();
    const writer = node();
    await save(writer, sampleBackup({ ...files, partitionId: 10 }));
    await save(writer, sampleBackup({ ...files, checkpointId: 9 }));
    expect((await save(writer, sampleBackup({ ...files, checkpointId: 5 }))).chunks).toBe(10);
    const manifest =
      (await keys(memory)).find((key) => key.includes('9223372036854775802/1/completed.')) ?? '';
    const bytes = (await memory.get(manifest))._unsafeUnwrap();
    (await memory.put(manifest, bytes.subarray(1)))._unsafeUnwrap();
    const { chunks, saved } = await save(writer, sampleBackup({ ...files, checkpointId: 6 }));
    expect([saved.isOk(), chunks]).toEqual([true, 10]);
  });

  it('stores equal chunks once', async () => {
    const { node } = nativePlace();
    const zeros = sampleFile('zeros', new Uint8Array(8 * CHUNK));
    const backup = sampleBackup({
      snapshotFiles: [zeros],
      segmentFiles: [sampleFile('zeros', new Uint8Array(CHUNK))],
    });
    const writer = node();
    expect((await save(writer, backup)).chunks).toBe(1);
    await assertSameBackup((await writer.store.open(backup.id))._unsafeUnwrap(), backup);
  });
});

describe('deleting and sweeping the base at any moment of a save', () => {
  /** A sweep as the format document wants it, without a grace period: the hardest case. */
  async function deleteAndSweep(storage: ObjectStorage, manifest: string) {
    (await storage.delete([manifest]))._unsafeUnwrap();
    const used = await usedChunks(storage);
    const attempts = (await keys(storage, 'partitions/1/attempts/')).filter(
      (key) => parseEntryKey(key)?.kind === 'entry',
    );
    if (attempts.length > 0) return;
    if (
      (await keys(storage, 'backups/')).some(
        (key) => key.includes('completed') && !used.manifests.includes(key),
      )
    )
      return;
    const garbage = (await keys(storage, 'partitions/1/chunks/')).filter(
      (key) => !used.chunks.has(key.split('/').at(-1) ?? ''),
    );
    (await storage.delete(garbage))._unsafeUnwrap();
  }

  async function usedChunks(storage: ObjectStorage) {
    const manifests = (await keys(storage, 'backups/')).filter((key) => key.includes('/completed.'));
    const chunks = new Set<string>();
    for (const key of manifests) {
      const text = new TextDecoder().decode((await storage.get(key))._unsafeUnwrap());
      for (const [, name] of text.matchAll(/"sha256":"([0-9a-f]{64})","size"/g)) chunks.add(name ?? '');
    }
    return { manifests, chunks };
  }

  it('never costs a completed backup a chunk', async () => {
    const ends = new Set<number>();
    for (let at = 0; ; at += 1) {
      const place = nativePlace();
      await save(place.node());
      const base = (await keys(place.memory)).find((key) => key.includes('/completed.')) ?? '';
      const writer = place.node();
      let happened = false;
      writer.storage.script = async ({ index }): Promise<Fate> => {
        if (index === at) {
          happened = true;
          await deleteAndSweep(place.memory, base);
        }
        return 'done';
      };
      const next = sampleBackup({ ...files, checkpointId: 2 });
      const { saved, chunks } = await save(writer, next);
      if (!happened) break;
      expect(saved.isOk(), `before request ${at}`).toBe(true);
      await assertSameBackup((await place.node().store.open(next.id))._unsafeUnwrap(), next);
      ends.add(chunks);
    }
    expect(ends).toEqual(new Set([0, 10]));
  });
});
