// A restore over data that is there. The old data stays whole until the new data is, and nobody ever finds a mixture:
// where it is stopped, by an error or by the power, the next one finds the old, the new, or nothing visible.
import { describe, expect, it, vi } from 'vitest';
import type { StoredBackup } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { nodeDisk } from '../../src/runtime/node-disk.ts';
import { defaultLayout } from '../../src/runtime/restore-layout.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { NOTE, SEVEN, ShelfStore, sampleBackups, withDigests } from '../restore/sample-backups.ts';
import { LOSSES, PowerCutFs } from '../support/power-cut-fs.ts';

vi.mock('node:fs/promises', async () => (await import('../support/power-cut-fs.ts')).powerCutModule);

const DATA = '/srv/broker/data';
const TOPOLOGY = '/srv/broker/topology';
const EIGHT = checkpointId(8);

/** The later backup: of each partition one segment has grown, and the snapshot is another that shares a file. */
const SEVENTH = await Promise.all(sampleBackups().map((backup) => withDigests(backup, 4)));
const EIGHTH = await Promise.all(
  sampleBackups().map((backup) => {
    const [first, second] = backup.segmentFiles;
    const [state] = backup.snapshotFiles;
    const grown = bytesFile('log-1', Buffer.from(`log-1 of ${backup.id.partitionId} and more`));
    return withDigests(
      {
        ...backup,
        id: { ...backup.id, checkpointId: EIGHT },
        descriptor: { ...backup.descriptor, snapshotId: 'later' },
        snapshotFiles: [state!, bytesFile('new', Buffer.from('new state'))],
        segmentFiles: [first!, { ...second!, ...grown }],
      },
      4,
    );
  }),
);

function restore(disk: PowerCutFs, backups: readonly StoredBackup[], replace: boolean) {
  const target = new DirectoryRestoreTarget({ directory: DATA, replace }, nodeDisk, defaultLayout, [
    TOPOLOGY,
  ]);
  const components = {
    store: new ShelfStore(backups),
    target,
    clock: new ManualClock(),
    logger: silentLogger,
  };
  const restoring = new RestoreManager(components, { partitionIds: [1, 2], partitionsCount: 2 });
  return disk.run(() => restoring.restore(backups[0]!.id.checkpointId));
}

type Content = Record<string, string | null>;

async function done(disk: PowerCutFs, backups: readonly StoredBackup[], replace: boolean) {
  const end = await restore(disk, backups, replace);
  if (end === 'cut') throw new Error('nothing was to cut the power');
  return end;
}

/** The eighth in place, with what a broker has written since. */
async function inUse(): Promise<PowerCutFs> {
  const disk = new PowerCutFs();
  disk.makeDurable('/srv/broker');
  (await done(disk, EIGHTH, false))._unsafeUnwrap();
  await disk.run(async () => {
    for (const path of [TOPOLOGY, `${DATA}/partitions/2/log/log-9`]) {
      const file = await nodeDisk.createFile(path);
      await file.write(Buffer.from('of the broker'));
      await file.sync();
      await file.close();
    }
    await nodeDisk.syncDirectory('/srv/broker');
    await nodeDisk.syncDirectory(`${DATA}/partitions/2/log`);
  });
  return disk;
}

/** A disk with the same in it, as if it had been off for a while. */
async function again(): Promise<PowerCutFs> {
  return (await inUse()).afterPowerCut({ names: 'lost', data: 'lost' });
}

const visible = (content: Content) =>
  Object.fromEntries(Object.entries(content).filter(([path]) => !path.includes('/.tidemark-restore-')));
const partitionsOf = (content: Content) =>
  Object.fromEntries(Object.entries(content).filter(([path]) => path.startsWith(`${DATA}/partitions/`)));

async function restoredOnly(): Promise<Content> {
  const disk = new PowerCutFs();
  disk.makeDurable('/srv/broker');
  (await done(disk, SEVENTH, false))._unsafeUnwrap();
  return disk.content();
}

describe('a restore over data', () => {
  it('makes what a restore into an empty place makes, and fetches only what is not there', async () => {
    const disk = await inUse();
    const report = (await done(disk, SEVENTH, true))._unsafeUnwrap();
    expect(disk.content()).toEqual(await restoredOnly());
    expect(report).toMatchObject({ checkpointId: SEVEN, bytes: 84 });
    // Of each partition both segments, of the grown one without its end, and the file that the snapshots share.
    expect(report.bytesKept).toBe(2 * (10 + 11 + 10));
  });

  it('is done again over what it has made itself, and keeps all of it', async () => {
    const disk = await inUse();
    (await done(disk, SEVENTH, true))._unsafeUnwrap();
    const report = (await done(disk, SEVENTH, true))._unsafeUnwrap();
    expect(report).toMatchObject({ bytes: 84, bytesKept: 84 });
    expect(report.alreadyRestored).toBeUndefined();
    expect(disk.content()).toEqual(await restoredOnly());
  });

  it('is refused for what it would not replace', async () => {
    const disk = await inUse();
    await disk.run(() => nodeDisk.makeDirectory(`${DATA}/mine`));
    const before = disk.content();
    const error = (await done(disk, SEVENTH, true))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'DataDirectoryNotEmpty', found: ['mine'] });
    expect(disk.content()).toEqual(before);
  });

  it('that fails at any operation leaves the old data as it was', async () => {
    const old = (await inUse()).content();
    const fresh = await restoredOnly();
    let failed = 0;
    for (let operation = 1; ; operation += 1) {
      const disk = await inUse();
      disk.operations = 0;
      disk.failAt = operation;
      const result = await done(disk, SEVENTH, true);
      if (disk.operations < operation) break;
      if (result.isOk()) {
        expect(visible(disk.content()), `operation ${operation}`).toEqual(fresh);
        continue;
      }
      failed += 1;
      expect(result.error.name, `operation ${operation}`).toBe('RestoreTargetFailure');
      expect(disk.content(), `operation ${operation}`).toEqual(old);
    }
    expect(failed).toBeGreaterThan(100);
  });

  it('can lose its power at every file operation', { timeout: 120_000 }, async () => {
    const old = (await inUse()).content();
    const fresh = await restoredOnly();
    const seen = new Set<string>();
    const found = { old: 0, new: 0, nothing: 0 };
    for (let operation = 1; ; operation += 1) {
      const disk = await again();
      disk.cutAt = operation;
      const end = await restore(disk, SEVENTH, true);
      for (const loss of LOSSES) {
        const next = disk.afterPowerCut(loss);
        const image = JSON.stringify(next.content());
        if (seen.has(image)) continue;
        seen.add(image);
        const what = `operation ${operation}, names ${loss.names}, data ${loss.data}`;
        const partitions = partitionsOf(next.content());
        const state =
          Object.keys(partitions).length === 0
            ? 'nothing'
            : partitions[`${DATA}/partitions/${NOTE}`] === fresh[`${DATA}/partitions/${NOTE}`]
              ? 'new'
              : 'old';
        found[state] += 1;
        if (state !== 'nothing')
          expect(partitions, what).toEqual(partitionsOf(state === 'new' ? fresh : old));
        if (state === 'nothing') {
          // The old data is still there, and nobody who did not ask for it removes it.
          const error = (await done(next, SEVENTH, false))._unsafeUnwrapErr();
          expect(error, what).toMatchObject({ name: 'DataDirectoryNotEmpty' });
          expect(error.message, what).toContain('/replaced');
        }
        (await done(next, SEVENTH, true)).mapErr((error) => expect.fail(`${what}: ${error.message}`));
        expect(next.content(), what).toEqual(fresh);
      }
      if (end !== 'cut') break;
    }
    expect(found.old).toBeGreaterThan(50);
    expect(found.nothing).toBeGreaterThan(1);
    expect(found.new).toBeGreaterThan(1);
  });

  it('puts the old data back when it was stopped in between, before it does anything else', async () => {
    const old = (await inUse()).content();
    for (let operation = 1; ; operation += 1) {
      const disk = await again();
      disk.cutAt = operation;
      if ((await restore(disk, SEVENTH, true)) !== 'cut') break;
      const next = disk.afterPowerCut({ names: 'kept', data: 'kept' });
      if (Object.keys(partitionsOf(next.content())).length > 0) continue;
      // A backup that cannot be read: the restore fails, and the old data is what is left.
      const broken = SEVENTH.map((backup) => ({
        ...backup,
        segmentFiles: backup.segmentFiles.map(unreadable),
      }));
      expect((await done(next, broken, true)).isErr()).toBe(true);
      expect(next.content(), `operation ${operation}`).toEqual(old);
    }
  });
});

function unreadable(file: StoredBackup['segmentFiles'][number]): StoredBackup['segmentFiles'][number] {
  return {
    name: file.name,
    sizeBytes: file.sizeBytes,
    // biome-ignore lint/correctness/useYield: it ends before it gives anything
    async *open() {
      throw new Error('planted');
    },
  };
}
