// The real disk. Catches what node:fs throws, once, and says what to do about it.
import { constants } from 'node:fs';
import {
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { Disk, DiskFile, DiskReader } from './disk.ts';
import { FileWriter } from './file-writer.ts';

/** The machine's file systems. */
export const nodeDisk: Disk = {
  kind: (path) =>
    attempt('inspect', path, async () => {
      const found = await unless('ENOENT', () => stat(path));
      if (found === undefined) return undefined;
      if (found.isDirectory()) return 'directory';
      return found.isFile() ? 'file' : 'other';
    }),

  list: (path) =>
    attempt('list', path, async () => {
      const entries = await unless('ENOENT', () => readdir(path, { withFileTypes: true }));
      return entries?.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
    }),

  readText: (path, limit) =>
    attempt('read', path, async () => {
      const file = await unless('ENOENT', () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
      if (file === undefined) return undefined;
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, 0);
        return buffer.subarray(0, bytesRead).toString('utf8');
      } finally {
        await file.close();
      }
    }),

  openFile: (path) =>
    attempt('read', path, async () => {
      // A link gives ELOOP. Without O_NONBLOCK a pipe would never answer.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const file = await unless('ELOOP', () => unless('ENOENT', () => open(path, flags)));
      if (file === undefined) return undefined;
      const found = await file.stat();
      if (found.isFile()) return nodeDiskReader(path, file, found.size);
      await file.close();
      return undefined;
    }),

  makeDirectory: (path) =>
    attempt('make directory', path, async () => {
      const made = await unless('EEXIST', async () => {
        await mkdir(path);
        return true;
      });
      return made ?? false;
    }),

  makeUniqueDirectory: (prefix) => attempt('make directory', prefix, () => mkdtemp(prefix)),

  createFile: (path) => attempt('create', path, async () => nodeDiskFile(path, await open(path, 'wx'))),

  continueFile: (path, sizeBytes) =>
    attempt('write', path, async () => {
      const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
      await file.truncate(sizeBytes);
      return nodeDiskFile(path, file, sizeBytes);
    }),

  fileSize: (path) =>
    attempt('inspect', path, async () => {
      const found = await unless('ENOENT', () => lstat(path));
      return found?.isFile() ? found.size : 0;
    }),

  freeBytes: (path) =>
    attempt('inspect', path, async () => {
      const { bsize, bavail, blocks } = await statfs(path);
      // Some network file systems tell zeros, which says nothing.
      return blocks > 0 ? bsize * bavail : undefined;
    }),

  syncDirectory: (path) =>
    attempt('sync', path, async () => {
      const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        await directory.sync();
      } finally {
        await directory.close();
      }
    }),

  moveDirectory: (from, to) =>
    attempt('move', to, async () => {
      // rename(2) would replace an empty directory. Nobody's directory is replaced.
      if ((await unless('ENOENT', () => lstat(to))) !== undefined) {
        throw Object.assign(new Error('something is there already'), { code: 'EEXIST' });
      }
      await rename(from, to);
    }),

  moveFile: (from, to) => attempt('move', to, () => rename(from, to)),

  removeFile: (path) =>
    attempt('remove', path, async () => void (await unless('ENOENT', () => unlink(path)))),

  removeDirectory: (path) =>
    attempt('remove', path, async () => {
      const removed = await unless('ENOTEMPTY', async () => {
        await unless('ENOENT', () => rmdir(path));
        return true;
      });
      return removed ?? false;
    }),
};

function nodeDiskReader(path: string, file: FileHandle, sizeBytes: number): DiskReader {
  let memory = Buffer.alloc(0);
  return {
    sizeBytes,
    read: (position, length) =>
      attempt('read', path, async () => {
        if (memory.byteLength < length) memory = Buffer.allocUnsafeSlow(length);
        const { bytesRead } = await file.read(memory, 0, length, position);
        return memory.subarray(0, bytesRead);
      }),
    close: () => attempt('close', path, () => file.close()),
  };
}

function nodeDiskFile(path: string, file: FileHandle, position?: number): DiskFile {
  const writer = new FileWriter(file, position);
  return {
    write: (bytes) => attempt('write', path, () => writer.write(bytes)),
    sync: () => attempt('sync', path, () => writer.sync()),
    close: () => attempt('close', path, () => writer.close()),
  };
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free space or choose another directory, then restore again',
  EDQUOT: 'the quota is used up; raise it or choose another directory, then restore again',
  EFBIG: 'the file is larger than this file system or process may write; raise the limit',
  EACCES: 'permission denied; run the restore as the user that owns the directory',
  EPERM: 'not permitted; run the restore as the user that owns the directory',
  EROFS: 'the file system is read-only; mount it writable',
  EIO: 'the disk failed; check it before anything else',
  EMFILE: 'too many open files; raise the limit or write fewer files at the same time',
  ENOTDIR: 'a part of the path is a file; correct the directory',
  EEXIST: 'something else writes here; stop it, empty the directory and restore again',
  ENOENT: 'it vanished meanwhile; is another restore running here? Restore again when it has ended',
};

async function attempt<T>(operation: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const code = codeOf(cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = ADVICE[code ?? ''];
    const detail = `path=${path} reason=${reason}${advice === undefined ? '' : `; ${advice}`}`;
    throw new RestoreTargetFailure(operation, detail, cause);
  }
}

/** Runs an operation whose failure with `code` is an answer and no failure: undefined. */
async function unless<T>(code: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (cause) {
    if (codeOf(cause) === code) return undefined;
    throw cause;
  }
}

function codeOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}
