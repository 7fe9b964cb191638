import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import {
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredBackup } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { RestoreManager, type RestoreSettings } from '../../src/restore/restore-manager.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import type { Disk } from '../../src/runtime/disk.ts';
import { nodeDisk } from '../../src/runtime/node-disk.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import {
  bytesOf,
  expectedLayout,
  filesBelow,
  SEVEN,
  ShelfStore,
  sampleBackup,
  sampleBackups,
  sampleOrigin,
  withDigests,
} from '../restore/sample-backups.ts';

let root: string;
let data: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tidemark-restore-'));
  data = join(root, 'data');
});
afterEach(() => rm(root, { recursive: true }));

function restore(
  directory = data,
  disk: Disk = nodeDisk,
  backups = sampleBackups(),
  settings: Pick<RestoreSettings, 'spaceCheck'> = {},
) {
  const target = new DirectoryRestoreTarget({ directory }, disk);
  const components = { store: new ShelfStore(backups), target, clock: systemClock, logger: silentLogger };
  return new RestoreManager(components, { partitionIds: [1, 2], partitionsCount: 2, ...settings }).restore(
    SEVEN,
  );
}

/** As a restore leaves it that was killed right before it installed. */
async function restoreUntilKilled(backups: readonly StoredBackup[]): Promise<void> {
  const staging = await new DirectoryRestoreTarget({ directory: data }).begin(SEVEN);
  for (const { id, descriptor, snapshotFiles, segmentFiles } of backups) {
    const { partitionId } = id;
    const { snapshotId } = descriptor;
    for (const { name, sizeBytes, open } of snapshotFiles)
      await staging.write({ partitionId, kind: 'snapshot', snapshotId, name, sizeBytes }, open());
    for (const { name, sizeBytes, open } of segmentFiles)
      await staging.write({ partitionId, kind: 'segment', snapshotId: null, name, sizeBytes }, open());
  }
}

async function put(path: string, text = ''): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
}

/** Whether this process may mount a small file system to fill it up. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
    execFileSync('umount', [directory]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(directory);
  }
}

const MARK = 'tidemark is restoring backup 7 here. This directory goes away when the restore ends.\n';
const LEFT = '.tidemark-restore-7-Ab12Cd';

describe('a restore into a directory', () => {
  it('makes the default layout, and the directory where it is absent', async () => {
    expect((await restore(join(data, 'a', 'b'))).isOk()).toBe(true);
    expect(await filesBelow(join(data, 'a', 'b'))).toEqual(await expectedLayout(sampleBackups()));
    expect(await readdir(join(data, 'a', 'b'))).toEqual(['partitions']);
  });

  it('writes large files in pieces', async () => {
    const backups = sampleBackups({ fileSizeBytes: 3_000_000, files: 1 });
    expect((await restore(data, nodeDisk, backups)).isOk()).toBe(true);
    const expected = await bytesOf(backups[1]!.segmentFiles[0]!.open());
    expect((await readFile(join(data, 'partitions/2/log/log-0'))).equals(expected)).toBe(true);
  });

  it('follows a link to the directory', async () => {
    await mkdir(data);
    await symlink(data, join(root, 'link'));
    expect((await restore(join(root, 'link'))).isOk()).toBe(true);
    expect(await readdir(data)).toEqual(['partitions']);
  });
});

describe('what is in the way', () => {
  it.each<[string, (directory: string) => Promise<unknown>, string]>([
    ['a file', (to) => put(join(to, 'x')), 'x'],
    ['a hidden file', (to) => put(join(to, '.topology')), '.topology'],
    ['an empty directory', (to) => mkdir(join(to, 'logs'), { recursive: true }), 'logs'],
    ['partitions', (to) => mkdir(join(to, 'partitions'), { recursive: true }), 'partitions'],
    ['a file named lost+found', (to) => put(join(to, 'lost+found')), 'lost+found'],
    ['a file named as a staging', (to) => put(join(to, LEFT)), LEFT],
    ['a foreign directory named as a staging', (to) => put(join(to, LEFT, 'x')), LEFT],
    ['one with a foreign mark', (to) => put(join(to, LEFT, 'RESTORE-IN-PROGRESS'), 'mine'), LEFT],
    [
      'a link named as a staging',
      async (to) => {
        await put(join(to, '..', 'elsewhere', 'RESTORE-IN-PROGRESS'), MARK);
        await mkdir(to, { recursive: true });
        await symlink(join(to, '..', 'elsewhere'), join(to, LEFT));
      },
      LEFT,
    ],
  ])('%s', async (_, occupy, found) => {
    await occupy(data);
    const before = await filesBelow(root);
    const error = (await restore())._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'DataDirectoryNotEmpty', directory: data, found: [found] });
    expect(await filesBelow(root)).toEqual(before);
  });

  it.each<[string, (directory: string) => Promise<unknown>]>([
    ['nothing', (to) => mkdir(to)],
    ['lost+found', (to) => mkdir(join(to, 'lost+found'), { recursive: true })],
    ['an unmarked staging, empty', (to) => mkdir(join(to, LEFT), { recursive: true })],
    ['a staging whose mark was cut', (to) => put(join(to, LEFT, 'RESTORE-IN-PROGRESS'), MARK.slice(0, 9))],
    ['a staging whose mark is zeros', (to) => put(join(to, LEFT, 'RESTORE-IN-PROGRESS'), '\0'.repeat(80))],
    [
      'a marked staging with files',
      async (to) => {
        await put(join(to, LEFT, 'RESTORE-IN-PROGRESS'), MARK);
        await put(join(to, LEFT, 'partitions/1/log/log-0'), 'half');
        await symlink(root, join(to, LEFT, 'partitions/1/up'));
      },
    ],
  ])('is not %s', async (_, prepare) => {
    await prepare(data);
    await put(join(root, 'neighbour'), 'precious');
    expect((await restore()).isOk()).toBe(true);
    expect(await filesBelow(data)).toEqual(await expectedLayout(sampleBackups()));
    expect((await readdir(data)).filter((name) => name !== 'lost+found')).toEqual(['partitions']);
    expect(await readFile(join(root, 'neighbour'), 'utf8')).toBe('precious');
  });

  it('is a plain file in place of the directory, or above it', async () => {
    await writeFile(data, 'a file');
    for (const directory of [data, join(data, 'below')]) {
      const error = (await restore(directory))._unsafeUnwrapErr();
      expect(error.name).toBe('RestoreTargetFailure');
      expect(error.message).toContain(data);
    }
    expect(await readFile(data, 'utf8')).toBe('a file');
  });

  it('may appear while the restore runs: nothing of it is replaced, nothing is left', async () => {
    const late: Disk = {
      ...nodeDisk,
      moveDirectory: async (from, to) => {
        if (to === join(data, 'partitions')) await put(join(to, 'x'), 'someone else');
        return nodeDisk.moveDirectory(from, to);
      },
    };
    const error = (await restore(data, late))._unsafeUnwrapErr();
    expect(error.message).toContain('something else writes here');
    expect(await filesBelow(data)).toEqual({ 'partitions/x': 'someone else' });
    expect(await readdir(data)).toEqual(['partitions']);
  });
});

describe('a failure', () => {
  it('in the midst of a file leaves nothing', async () => {
    const breaking: Disk = {
      ...nodeDisk,
      createFile: async (path) => {
        const file = await nodeDisk.createFile(path);
        return path.endsWith('log-1') ? { ...file, write: () => Promise.reject(new Error('EIO')) } : file;
      },
    };
    const error = (await restore(data, breaking))._unsafeUnwrapErr();
    expect(error.name).toBe('RestoreTargetFailure');
    expect(await readdir(root)).toEqual([]);
  });

  it.runIf(canMount())('of a full disk names the path and what to do, and gives the space back', async () => {
    await mkdir(data);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data]);
    try {
      const backups = sampleBackups({ fileSizeBytes: 600_000, files: 1 });
      const error = (await restore(data, nodeDisk, backups, { spaceCheck: false }))._unsafeUnwrapErr();
      expect(error.name).toBe('RestoreTargetFailure');
      expect(error.message).toMatch(/path=.*ENOSPC.*the disk is full/);
      expect(await readdir(data)).toEqual([]);
      expect((await restore()).isOk()).toBe(true);
    } finally {
      execFileSync('umount', [data]);
    }
  });

  it.runIf(canMount())('that is to come for want of room is told with both numbers first', async () => {
    await mkdir(data);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', data]);
    try {
      // What an interrupted restore left fills the disk, and is no reason to refuse.
      await put(join(data, LEFT, 'RESTORE-IN-PROGRESS'), MARK);
      await put(join(data, LEFT, 'partitions/1/log/log-0'), 'x'.repeat(1_000_000));
      const fitting = sampleBackups({ fileSizeBytes: 100_000, files: 1 });
      expect((await restore(data, nodeDisk, fitting)).isOk()).toBe(true);
      await rm(join(data, 'partitions'), { recursive: true });

      const written: string[] = [];
      const createFile = (path: string) => {
        written.push(path);
        return nodeDisk.createFile(path);
      };
      const backups = sampleBackups({ fileSizeBytes: 600_000, files: 1 });
      const error = (await restore(data, { ...nodeDisk, createFile }, backups))._unsafeUnwrapErr();
      const neededBytes = backups
        .flatMap(({ snapshotFiles, segmentFiles }) => [...snapshotFiles, ...segmentFiles])
        .reduce((total, { sizeBytes }) => total + sizeBytes, 0);
      expect(error).toMatchObject({ name: 'RestoreTargetFailure', space: { neededBytes } });
      expect(error.message).toMatch(/neededBytes=\d+ freeBytes=\d+ .*free \d+ bytes or choose/);
      expect(written).toHaveLength(1); // the mark of the staging
      expect(await readdir(data)).toEqual([]);
    } finally {
      execFileSync('umount', [data]);
    }
  });

  it('keeps the directory that was there', async () => {
    await mkdir(data);
    const broken: Disk = { ...nodeDisk, syncDirectory: () => Promise.reject(new Error('EIO')) };
    expect((await restore(data, broken)).isErr()).toBe(true);
    expect(await readdir(root)).toEqual(['data']);
    expect(await readdir(data)).toEqual([]);
  });

  it('of permission says so', async () => {
    const error = (await restore('/proc/tidemark'))._unsafeUnwrapErr();
    expect(error.name).toBe('RestoreTargetFailure');
    expect(error.message).toContain('path=/proc/tidemark');
  });
});

describe('a staging', () => {
  it.each([
    ['a file', { name: '../x' }],
    ['a file', { name: '' }],
    ['a snapshot', { kind: 'snapshot' as const, snapshotId: '..' }],
    ['a snapshot', { kind: 'snapshot' as const, snapshotId: null }],
  ])('refuses the name of %s that leads elsewhere: %o', async (_, change) => {
    const staging = await new DirectoryRestoreTarget({ directory: data }).begin(SEVEN);
    const file = {
      partitionId: 1,
      kind: 'segment' as const,
      snapshotId: null,
      name: 'x',
      sizeBytes: 1,
      ...change,
    };
    const content = sampleBackup(1).segmentFiles[0]!.open();
    await expect(staging.write(file, content)).rejects.toMatchObject({ name: 'BackupCorrupt' });
    await staging.discard();
    expect(await readdir(root)).toEqual([]);
  });

  it('does not seal a partition whose snapshot has no file', async () => {
    const staging = await new DirectoryRestoreTarget({ directory: data }).begin(SEVEN);
    await expect(staging.seal(1, sampleBackup(1).descriptor)).rejects.toMatchObject({
      name: 'BackupCorrupt',
    });
    await staging.discard();
  });

  it('is lost to a second restore of the same directory, and cannot harm it', async () => {
    const target = new DirectoryRestoreTarget({ directory: data });
    const first = await target.begin(SEVEN);
    const file = { partitionId: 1, kind: 'segment' as const, snapshotId: null, name: 'x', sizeBytes: 1 };
    const content = sampleBackup(1).segmentFiles[0]!;
    await first.write(file, content.open());
    const second = await target.begin(checkpointId(8));
    const lost = {
      name: 'RestoreTargetFailure',
      message: expect.stringContaining('another restore is at work'),
    };
    await expect(first.write({ ...file, name: 'y' }, content.open())).rejects.toMatchObject(lost);
    await expect(first.seal(1, sampleBackup(1, { snapshot: false }).descriptor)).rejects.toMatchObject(lost);
    await expect(first.install(sampleOrigin())).rejects.toMatchObject(lost);
    await first.discard();
    await second.write(file, content.open());
    await second.seal(1, sampleBackup(1, { snapshot: false }).descriptor);
    await second.install(sampleOrigin());
    expect(Object.keys(await filesBelow(data))).toEqual(['partitions/1/log/x']);
  });

  it('is lost while it is begun, and says so', async () => {
    const meanwhile: Disk = {
      ...nodeDisk,
      createFile: async (path) => {
        await rm(join(path, '..'), { recursive: true });
        return nodeDisk.createFile(path);
      },
    };
    const begun = new DirectoryRestoreTarget({ directory: data }, meanwhile).begin(SEVEN);
    await expect(begun).rejects.toThrow('another restore is at work');
  });

  it('cannot be installed while a second restore is removing it', async () => {
    const first = await new DirectoryRestoreTarget({ directory: data }).begin(SEVEN);
    const file = { partitionId: 1, kind: 'segment' as const, snapshotId: null, name: 'x', sizeBytes: 1 };
    await first.write(file, sampleBackup(1).segmentFiles[0]!.open());
    const attempts: string[] = [];
    const meanwhile: Disk = {
      ...nodeDisk,
      removeFile: async (path) => {
        await nodeDisk.removeFile(path);
        await first.install(sampleOrigin()).catch((error: Error) => attempts.push(error.name));
      },
    };
    const second = await new DirectoryRestoreTarget({ directory: data }, meanwhile).begin(SEVEN);
    expect(attempts[0]).toBe('RestoreTargetFailure');
    await second.install(sampleOrigin());
    expect(await filesBelow(data)).toEqual({});
  });

  it('syncs what it keeps: nobody knows whether the killed restore had', async () => {
    const backups = await Promise.all(sampleBackups().map((backup) => withDigests(backup, 4)));
    await restoreUntilKilled(backups);
    const synced: string[] = [];
    const noting: Disk = {
      ...nodeDisk,
      continueFile: async (path, sizeBytes) => {
        const file = await nodeDisk.continueFile(path, sizeBytes);
        return { ...file, sync: () => file.sync().then(() => void synced.push(basename(path))) };
      },
    };
    const report = (await restore(data, noting, backups))._unsafeUnwrap();
    expect(report).toMatchObject({ bytes: 84, bytesKept: 84 });
    expect(synced).toHaveLength(8);
    expect(await filesBelow(data)).toEqual(await expectedLayout(backups));
  });

  it('copies the good beginning of a file, which a restore that still runs cannot reach', async () => {
    const backups = await Promise.all(sampleBackups().map((backup) => withDigests(backup, 4)));
    await restoreUntilKilled(backups);
    const [left] = await readdir(data);
    const path = join(data, left!, 'partitions/1/log/log-1');
    await truncate(path, 9);
    const open = await openFile(path, 'r+');
    const staging = await new DirectoryRestoreTarget({ directory: data }).begin(SEVEN);
    const file = { partitionId: 1, kind: 'segment' as const, snapshotId: null, name: 'log-1', sizeBytes: 11 };
    const pieces = [...(backups[0]!.segmentFiles[1]!.parts?.() ?? [])].map(({ sizeBytes, sha256 = '' }) => ({
      sizeBytes,
      sha256,
    }));
    expect(await staging.keep?.(file, pieces, new AbortController().signal)).toBe(2);
    await open.write('XXXXXXXXX', 0);
    await open.close();
    await staging.write(file, bytesFile('rest', Buffer.from('1 X')).open());
    const [made] = await readdir(data);
    expect(await readFile(join(data, made!, 'partitions/1/log/log-1'), 'utf8')).toBe('log-1 of1 X');
    await staging.discard();
  });

  it('once installed is not discarded', async () => {
    const staging = await new DirectoryRestoreTarget({ directory: data }).begin(SEVEN);
    await staging.install(sampleOrigin());
    await staging.discard();
    expect(await readdir(data)).toEqual(['partitions']);
  });
});
