// A whole bucket that a real Zeebe 8.6.0 wrote: listed, opened and read, byte for byte. Runs only when ZEEBE_FIXTURES
// names the directory with its archives.
import { execFileSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FilesystemObjectStorage } from '../../../src/objects/filesystem-object-storage.ts';
import { systemClock } from '../../../src/runtime/system-clock.ts';
import { systemRandom } from '../../../src/runtime/system-random.ts';
import { ZeebeBackupStore } from '../../../src/stores/zeebe/zeebe-backup-store.ts';
import { readWhole } from '../../../src/testkit/sample-backups.ts';
import { keys } from '../damage.ts';

const { ZEEBE_FIXTURES } = process.env;

if (ZEEBE_FIXTURES === undefined) {
  process.stderr.write(
    'fixtures: NOT RUN on the bucket of a real Zeebe: set ZEEBE_FIXTURES to its directory\n',
  );
}

/** Archive, rows (newest first), and whether its backups have a snapshot. */
const BUCKETS = [
  ['bucket-8.6.0', ['2/1', '2/2', '2/3', '1/1', '1/2', '1/3'], true],
  ['bucket-8.6.0-nosnapshot', ['1/1', '1/2', '1/3'], false],
] as const;

describe.runIf(ZEEBE_FIXTURES !== undefined).each(BUCKETS)('%s', (name, expected, hasSnapshot) => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bucket-'));
    execFileSync('tar', ['xzf', join(ZEEBE_FIXTURES ?? '', `${name}.tar.gz`), '-C', directory]);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const open = (at = directory) => {
    const storage = new FilesystemObjectStorage(
      { clock: systemClock, random: systemRandom },
      { directory: at },
    );
    return { storage, store: new ZeebeBackupStore({ storage }) };
  };

  it('is listed', async () => {
    const { backups } = (await open().store.list({ details: true }))._unsafeUnwrap();
    expect(backups.map(({ id }) => `${id.checkpointId}/${id.partitionId}`)).toEqual(expected);
    for (const { statusCode, descriptor } of backups) {
      expect(statusCode).toBe('COMPLETED');
      expect(descriptor).toMatchObject({ numberOfPartitions: 3, brokerVersion: '8.6.0' });
      expect(descriptor?.snapshotId === null).toBe(!hasSnapshot);
    }
    expect((await open().store.unsettled(1))._unsafeUnwrap()).toEqual([]);
  });

  it('gives every file as it lies there', async () => {
    const { store } = open();
    let read = 0;
    for (const { id } of (await store.list({}))._unsafeUnwrap().backups) {
      const backup = (await store.open(id))._unsafeUnwrap();
      const at = join(directory, `${id.partitionId}/${id.checkpointId}/${id.nodeId}`);
      for (const [folder, files] of Object.entries({
        snapshot: backup.snapshotFiles,
        segments: backup.segmentFiles,
      })) {
        const there = await readdir(join(at, folder)).catch(() => []);
        expect(files.map((file) => file.name).sort()).toEqual(there.sort());
        for (const file of files) {
          const bytes = await readFile(join(at, folder, file.name));
          expect(bytes.equals(await readWhole(file)), file.name).toBe(true);
          read += 1;
        }
      }
    }
    expect(read).toBeGreaterThanOrEqual(3);
  });

  it('is emptied by deletes, object for object', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'bucket-copy-'));
    try {
      await cp(directory, copy, { recursive: true });
      const { store, storage } = open(copy);
      const { backups } = (await store.list({}))._unsafeUnwrap();
      for (const { id } of backups) {
        expect((await store.markFailed(id, 'no', { term: 1n }))._unsafeUnwrap()).toBe('COMPLETED');
        (await store.delete(id))._unsafeUnwrap();
      }
      expect(await keys(storage)).toEqual([]);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
});
