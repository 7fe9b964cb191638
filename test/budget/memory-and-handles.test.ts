// How much a save and a restore hold at the same time, counted: bytes in chunk buffers and open files. Never measured, so it does not
// matter how busy the machine is.
import { getEventListeners } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BackupFile } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import {
  CHUNKS_IN_FLIGHT,
  RESTORED_FILES_IN_FLIGHT,
  RESTORED_PARTITIONS_IN_FLIGHT,
} from '../../src/core/limits.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { RestoreTarget } from '../../src/ports/restore-target.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { nodeFile } from '../../src/runtime/node-file.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { FilesystemBackupStore } from '../../src/stores/filesystem-backup-store.ts';
import { sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { CHUNK, nativePlace } from '../stores/native-place.ts';
import type { Fate, ScriptedStorage } from '../stores/scripted-storage.ts';
import { countOpenFiles } from './open-files.ts';

const LARGE_FILES = 12;
const CHUNKS_OF_ONE = 9;
const isChunk = (key: string) => key.includes('/chunks/');

class Held {
  now = 0;
  peak = 0;

  take(bytes: number): void {
    this.now += bytes;
    this.peak = Math.max(this.peak, this.now);
  }

  /** Some turns later, so that whoever may go on meanwhile does. */
  async giveBack(bytes: number): Promise<void> {
    for (let turns = 0; turns < 20; turns += 1) await turn();
    this.now -= bytes;
  }
}

const bytesOf = (index: number) => sampleBytes(CHUNK * CHUNKS_OF_ONE, index + 1);

/** A file that is read into given memory: from then on the memory counts. */
function heldFile(index: number, held: Held): BackupFile {
  return {
    ...sampleFile(`large-${index}`, bytesOf(index)),
    async read(target, position) {
      held.take(target.length);
      target.set(bytesOf(index).subarray(position, position + target.length));
    },
  };
}

const largeFiles = (make: (index: number) => BackupFile) =>
  Array.from({ length: LARGE_FILES }, (_, i) => make(i));

async function restore(store: BackupStore, target: RestoreTarget, filesInFlight?: number): Promise<void> {
  const manager = new RestoreManager(
    { store, target, clock: systemClock, logger: silentLogger },
    { partitionIds: [1, 2, 3], partitionsCount: 3, filesInFlight },
  );
  (await manager.restore(checkpointId(1)))._unsafeUnwrap();
}

async function saveAll(store: BackupStore, snapshotFiles: readonly BackupFile[]): Promise<void> {
  const segmentFiles = largeFiles((index) => sampleFile(`large-${index}`, bytesOf(index)));
  for (const partitionId of [1, 2, 3]) {
    (await store.save(sampleBackup({ partitionId, snapshotFiles, segmentFiles })))._unsafeUnwrap();
  }
}

describe('bytes in chunk buffers', () => {
  const givingBack = (storage: ScriptedStorage, held: Held) => {
    storage.script = async ({ operation, key, sizeBytes }): Promise<Fate> => {
      if (operation === 'put' && isChunk(key)) await held.giveBack(sizeBytes);
      return 'done';
    };
  };

  it.each([1, 2, 6])(
    'a save with %i chunks in flight holds so many, however many files there are',
    async (n) => {
      const held = new Held();
      const { storage, store } = nativePlace().node({ chunksInFlight: n });
      givingBack(storage, held);
      const segmentFiles = largeFiles((index) => heldFile(index, held));
      (await store.save(sampleBackup({ snapshotFiles: [], segmentFiles })))._unsafeUnwrap();
      expect(held.peak).toBe(n * CHUNK);
      expect(held.now).toBe(0);
    },
  );

  it('saves of several partitions hold no more together than one', async () => {
    const held = new Held();
    const { storage, store } = nativePlace().node({ chunksInFlight: 4 });
    givingBack(storage, held);
    const saves = [1, 2, 3].map((partitionId) => {
      const segmentFiles = largeFiles((index) => heldFile(index, held));
      return store.save(sampleBackup({ partitionId, snapshotFiles: [], segmentFiles }));
    });
    for (const saved of await Promise.all(saves)) saved._unsafeUnwrap();
    expect(held.peak).toBe(4 * CHUNK);
    expect(held.now).toBe(0);
  });

  it('a thousand small files are held in no more than one chunk', async () => {
    const held = new Held();
    const { storage, store } = nativePlace().node({ chunksInFlight: 1 });
    givingBack(storage, held);
    const small = (index: number): BackupFile => ({
      ...sampleFile(`small-${index}`, 16, index + 1),
      async read(target) {
        held.take(target.length);
        target.set(sampleBytes(16, index + 1));
      },
    });
    const snapshotFiles = Array.from({ length: 1_000 }, (_, index) => small(index));
    (await store.save(sampleBackup({ snapshotFiles, segmentFiles: [] })))._unsafeUnwrap();
    expect(held.peak).toBe(CHUNK);
  });

  it.each([
    [1, 1],
    [2, 6],
    [8, 6],
  ])(
    'a restore of %i files at a time with %i chunks holds the larger of both',
    async (filesInFlight, chunksInFlight) => {
      const held = new Held();
      const { storage, store } = nativePlace().node({ chunksInFlight });
      await saveAll(store, []);
      storage.script = ({ operation, key }) => {
        if (operation === 'get' && isChunk(key)) held.take(CHUNK);
        return 'done';
      };
      await restore(store, targetThatGivesBack(held), filesInFlight);
      expect(held.peak).toBe(Math.max(filesInFlight, chunksInFlight) * CHUNK);
    },
  );
});

/** Each chunk counts until it was written. */
function targetThatGivesBack(held: Held): RestoreTarget {
  return {
    location: 'nowhere',
    takesLentChunks: true,
    occupants: async () => [],
    begin: async () => ({
      async write(_file, content) {
        for await (const bytes of content) await held.giveBack(bytes.length);
      },
      seal: async () => {},
      install: async () => {},
      discard: async () => {},
    }),
  };
}

describe('signals', () => {
  it('reading many small files ties nothing to the signal that outlives it', async () => {
    const { store } = nativePlace().node();
    const snapshotFiles = Array.from({ length: 100 }, (_, index) =>
      sampleFile(`small-${index}`, 16, index + 1),
    );
    const backup = sampleBackup({ snapshotFiles, segmentFiles: [sampleFile('large', bytesOf(1))] });
    (await store.save(backup))._unsafeUnwrap();
    const stored = (await store.open(backup.id))._unsafeUnwrap();
    const { signal } = new AbortController();
    const any = vi.spyOn(AbortSignal, 'any');
    for (const file of [...stored.snapshotFiles, ...stored.segmentFiles]) {
      for await (const _bytes of file.open({ signal })) {
        expect(getEventListeners(signal, 'abort').length).toBeLessThanOrEqual(1 + CHUNKS_IN_FLIGHT);
      }
    }
    const made = any.mock.calls.length;
    any.mockRestore();
    expect(made).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('open files', () => {
  let directory: string;
  let files: ReturnType<typeof countOpenFiles>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tidemark-open-'));
    for (let index = 0; index < LARGE_FILES; index += 1) {
      await writeFile(join(directory, `large-${index}`), bytesOf(index));
    }
    files = countOpenFiles();
  });

  afterEach(async () => {
    files.stop();
    await rm(directory, { recursive: true });
  });

  const onDisk = (index: number) => nodeFile(join(directory, `large-${index}`));

  it('a save opens files on the hashing threads alone, and lets go of all', async () => {
    const { store } = nativePlace().node({ chunksInFlight: 6 });
    (await store.save(sampleBackup({ segmentFiles: largeFiles(onDisk) })))._unsafeUnwrap();
    expect(files.peak).toBe(0);
    // A thread has one file open at a time, and none when it has answered.
    if (process.platform === 'linux') expect(descriptorsBelow(directory)).toEqual([]);
  });

  it('a restore opens a file for each one that is written at the time, and a directory for each partition', async () => {
    const { store } = nativePlace().node();
    await saveAll(store, [sampleFile('CURRENT', 16)]);
    await restore(store, new DirectoryRestoreTarget({ directory: join(directory, 'restored') }));
    expect(files.peak).toBeGreaterThanOrEqual(RESTORED_FILES_IN_FLIGHT);
    expect(files.peak).toBeLessThanOrEqual(RESTORED_FILES_IN_FLIGHT + RESTORED_PARTITIONS_IN_FLIGHT);
    expect(files.now).toBe(0);
  });

  it('a save into a directory opens a file twice for each chunk in flight: once past the page cache', async () => {
    const chunkSizeBytes = 1024 * 1024;
    const large = join(directory, 'large');
    await writeFile(large, sampleBytes(10 * chunkSizeBytes));
    const store = new FilesystemBackupStore({ basePath: directory, chunksInFlight: 3, chunkSizeBytes });
    (await store.save(sampleBackup({ snapshotFiles: [], segmentFiles: [nodeFile(large)] })))._unsafeUnwrap();
    await store.close();
    expect(files.peak).toBeGreaterThanOrEqual(3);
    expect(files.peak).toBeLessThanOrEqual(2 * 3);
    expect(files.now).toBe(0);
  });
});

/** The files of a directory that this process has open, on whatever thread. */
function descriptorsBelow(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(directory) ? [path] : [];
    } catch {
      return []; // the descriptor of this very listing
    }
  });
}
