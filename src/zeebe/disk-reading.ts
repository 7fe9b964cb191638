// Looks at a broker's disk without changing it. The one place where the data directory's reader meets
// node:fs.
import { readdir, readFile, stat } from 'node:fs/promises';
import { BrokerFailure } from '../core/errors.ts';

const LOCKS_OF_THE_MACHINE = '/proc/locks';

/** The names in a directory by kind, sorted; undefined when there is no such directory. */
export async function listDirectory(
  path: string,
): Promise<{ readonly files: readonly string[]; readonly directories: readonly string[] } | undefined> {
  const entries = await orUndefined(path, () => readdir(path, { withFileTypes: true }));
  if (entries === undefined) return undefined;
  const names = (wanted: 'isFile' | 'isDirectory') =>
    entries
      .filter((entry) => entry[wanted]())
      .map(({ name }) => name)
      .sort();
  return { files: names('isFile'), directories: names('isDirectory') };
}

/** A small file as text; undefined when there is none. */
export function readText(path: string): Promise<string | undefined> {
  return orUndefined(path, () => readFile(path, 'utf8'));
}

/**
 * Whether a process of this machine holds a lock on a file. Only Linux tells; elsewhere, and for a process in
 * another container, the answer is false.
 */
export async function isLocked(path: string): Promise<boolean> {
  const file = await orUndefined(path, () => stat(path, { bigint: true }));
  const locks = await readText(LOCKS_OF_THE_MACHINE);
  if (file === undefined || locks === undefined) return false;
  const { dev, ino } = file;
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  const wanted = `${hex(major)}:${hex(minor)}:${ino}`;
  return locks.split('\n').some((line) => line.split(/\s+/).includes(wanted));
}

function hex(value: bigint): string {
  return value.toString(16).padStart(2, '0');
}

async function orUndefined<T>(path: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BrokerFailure('read data directory', `path=${path} reason=${reason}`, cause);
  }
}
