// Restores with the real stores, into real directories, in a real process that is killed.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredBackup } from '../../src/core/backup.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { FilesystemBackupStore } from '../../src/stores/filesystem-backup-store.ts';
import { InMemoryBackupStore } from '../../src/stores/in-memory-backup-store.ts';
import {
  expectedLayout,
  filesBelow,
  SEVEN,
  ShelfStore,
  sampleBackup,
  sampleBackups,
} from './sample-backups.ts';

let root: string;
let data: string;
let shelf: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-restore-'));
  data = join(root, 'data');
  shelf = join(root, 'backups');
  await mkdir(shelf);
});
afterEach(() => rm(root, { recursive: true }));

async function save(store: BackupStore, backups: readonly StoredBackup[]): Promise<void> {
  for (const { id, descriptor, snapshotFiles, segmentFiles } of backups) {
    const saved = await store.save({ id, term: 1n, descriptor, snapshotFiles, segmentFiles });
    if (saved.isErr()) throw saved.error;
  }
}

function restore(store: BackupStore, partitionIds = [1, 2]) {
  const target = new DirectoryRestoreTarget({ directory: data });
  const components = { store, target, clock: systemClock, logger: silentLogger };
  return new RestoreManager(components, { partitionIds, partitionsCount: 2 }).restore(SEVEN);
}

const BACKUPS = sampleBackups({ files: 3, fileSizeBytes: 300_000 });

describe('a restore from the native store', () => {
  it.each([
    ['in memory', () => new InMemoryBackupStore()],
    ['in small chunks', () => new InMemoryBackupStore({ chunkSizeBytes: 65_536 })],
    ['in a directory', () => new FilesystemBackupStore({ basePath: shelf })],
  ])('%s gives every byte back', async (_, open) => {
    const store = open();
    await save(store, BACKUPS);
    expect((await restore(store))._unsafeUnwrap()).toMatchObject({ files: 12 });
    expect(await filesBelow(data)).toEqual(await expectedLayout(BACKUPS));
    await store.close();
  });

  it('takes the same copy on every node', async () => {
    const store = new InMemoryBackupStore();
    const onNode = (nodeId: number) => sampleBackup(1, { nodeId, snapshot: nodeId === 1 });
    await save(store, [onNode(2), onNode(1), sampleBackup(2)]);
    const report = (await restore(store, [1]))._unsafeUnwrap();
    expect(report.partitions).toMatchObject([{ id: { nodeId: 1 }, descriptor: { snapshotId: 'snap-1' } }]);
    await store.close();
  });

  it('refuses a backup of which a partition has failed', async () => {
    const store = new InMemoryBackupStore();
    await save(store, [BACKUPS[0]!]);
    const failed = await store.markFailed(BACKUPS[1]!.id, 'planted', { term: 1n });
    expect(failed.isOk()).toBe(true);
    expect((await restore(store, [1]))._unsafeUnwrapErr().message).toContain('2:FAILED');
    await store.close();
  });

  it('refuses another number of partitions', async () => {
    const store = new InMemoryBackupStore();
    await save(store, sampleBackups({ partitions: 3 }));
    expect((await restore(store))._unsafeUnwrapErr()).toMatchObject({
      name: 'PartitionCountMismatch',
      inBackup: 3,
    });
    await store.close();
  });

  it('leaves nothing when a stored byte has changed', async () => {
    const store = new FilesystemBackupStore({ basePath: shelf });
    await save(store, BACKUPS);
    const chunks = (await readdir(shelf, { recursive: true, withFileTypes: true })).filter(
      (entry) => entry.isFile() && entry.parentPath.includes('/partitions/2/chunks/'),
    );
    expect(chunks.length).toBeGreaterThan(0);
    for (const chunk of chunks) {
      const path = join(chunk.parentPath, chunk.name);
      const bytes = await readFile(path);
      bytes[bytes.length - 1]! ^= 1;
      await writeFile(path, bytes);
    }
    expect((await restore(store))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
    expect(await readdir(root)).toEqual(['backups']);
    await store.close();
  });
});

describe('a restore whose process is killed', () => {
  const run = (step: number, report = '/dev/null') => {
    const script = fileURLToPath(new URL('./restore-process.ts', import.meta.url));
    return spawnSync(process.execPath, [script, shelf, data, String(step), report], {
      encoding: 'utf8',
      timeout: 20_000,
    });
  };

  it.each([1, 7, 20])('at step %i leaves no partition, and can be run again', async (step) => {
    const store = new FilesystemBackupStore({ basePath: shelf, chunkSizeBytes: 100_000 });
    await save(store, BACKUPS);
    await store.close();

    expect(run(step).signal).toBe('SIGKILL');
    const left = await readdir(data);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^\.tidemark-restore-7-/);

    const again = run(0);
    expect([again.status, again.stderr]).toEqual([0, '']);
    expect(await readdir(data)).toEqual(['partitions']);
    expect(await filesBelow(data)).toEqual(await expectedLayout(BACKUPS));

    const third = run(0);
    expect([third.status, third.stderr]).toEqual([0, '']);
    expect(await filesBelow(data)).toEqual(await expectedLayout(BACKUPS));
  });

  const LARGE = sampleBackups({ files: 2, fileSizeBytes: 2_000_000 });
  const LARGE_BYTES = 8 * 2_000_000 + 4;
  const CHUNK_BYTES = 250_000;
  /** Read twice: to plan, and to open. */
  const MANIFESTS_BYTES = 30_000;

  async function saveLarge(): Promise<void> {
    const store = new FilesystemBackupStore({ basePath: shelf, chunkSizeBytes: CHUNK_BYTES });
    await save(store, LARGE);
    await store.close();
  }

  async function runAndTell(step: number) {
    const path = join(root, 'report.json');
    const ended = run(step, path);
    const told = JSON.parse(await readFile(path, 'utf8'));
    return { ...ended, ...(told as Record<'bytesDone' | 'bytesKept' | 'bytesReceived', number>) };
  }

  it.each([[[40]], [[12, 20, 30, 12]]])('again and again fetches only what is left: %o', async (steps) => {
    await saveLarge();
    let done = 0;
    for (const step of steps) {
      const killed = await runAndTell(step);
      expect(killed.signal).toBe('SIGKILL');
      done = killed.bytesDone;
      // What is there counts by itself: other leftovers in other order must not be lost either.
      expect(killed.bytesReceived).toBeLessThanOrEqual(LARGE_BYTES - killed.bytesKept + MANIFESTS_BYTES);
    }
    expect(done).toBeGreaterThan(1_000_000);
    const last = await runAndTell(0);
    expect([last.status, last.stderr]).toEqual([0, '']);
    expect(last.bytesDone).toBe(LARGE_BYTES);
    expect(last.bytesKept).toBeGreaterThanOrEqual(done);
    expect(last.bytesReceived).toBeLessThanOrEqual(LARGE_BYTES - last.bytesKept + MANIFESTS_BYTES);
    expect(await readdir(data)).toEqual(['partitions']);
    expect(await filesBelow(data)).toEqual(await expectedLayout(LARGE));
  });

  it.each([0, 0.5, 1])('does not believe a byte that was changed at %d of each file', async (where) => {
    await saveLarge();
    const killed = await runAndTell(40);
    let damaged = 0;
    for (const [path, text] of Object.entries(await filesBelow(data))) {
      if (text.length <= CHUNK_BYTES) continue;
      const bytes = Buffer.from(text);
      const at = Math.floor(where * (bytes.length - 1));
      bytes[at]! ^= 1;
      await writeFile(join(data, path), bytes);
      damaged += 1;
    }
    expect(damaged).toBeGreaterThan(0);
    const last = await runAndTell(0);
    expect([last.status, last.stderr]).toEqual([0, '']);
    expect(last.bytesKept).toBeLessThan(killed.bytesDone);
    expect(await filesBelow(data)).toEqual(await expectedLayout(LARGE));
  });

  it('keeps nothing of another backup, and starts over where the store knows no digests', async () => {
    await saveLarge();
    await runAndTell(40);
    const [left] = await readdir(data);
    const other = join(data, left!.replace('-7-', '-6-'));
    await rename(join(data, left!), other);
    const mark = join(other, 'RESTORE-IN-PROGRESS');
    await writeFile(mark, (await readFile(mark, 'utf8')).replace('backup 7', 'backup 6'));
    const last = await runAndTell(0);
    expect([last.status, last.bytesKept]).toEqual([0, 0]);
    await rm(data, { recursive: true });

    await runAndTell(40);
    const components = {
      store: new ShelfStore(LARGE),
      target: new DirectoryRestoreTarget({ directory: data }),
      clock: systemClock,
      logger: silentLogger,
    };
    const restoring = new RestoreManager(components, { partitionIds: [1, 2], partitionsCount: 2 });
    expect((await restoring.restore(SEVEN))._unsafeUnwrap().bytesKept).toBe(0);
    expect(await filesBelow(data)).toEqual(await expectedLayout(LARGE));
    expect(await readdir(data)).toEqual(['partitions']);
  });
});
