// Finds keys in a directory tree in UTF-8 order, reading only the directories that can hold an answer.
// Reads names alone: no file is opened or measured.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys, isObjectKey } from '../object-key.ts';
import { isAbsent } from './file-failure.ts';

export interface KeyBounds {
  readonly prefix: string;
  /** Only keys greater than this one. */
  readonly startAfter: string;
  /** A name in the root that holds no objects. */
  readonly hidden: string;
}

/** The keys of the files below `root` within the bounds, in ascending UTF-8 order. */
export async function* walkKeys(root: string, bounds: KeyBounds): AsyncGenerator<string> {
  const top = bounds.prefix.slice(0, bounds.prefix.lastIndexOf('/') + 1);
  yield* walk(root, top, bounds);
}

/** `path` is empty or ends in `/`. */
async function* walk(root: string, path: string, bounds: KeyBounds): AsyncGenerator<string> {
  for (const name of await names(root, path)) {
    const key = `${path}${name}`;
    if (path === '' && name === `${bounds.hidden}/`) continue;
    if (!mayMatch(key, bounds)) continue;
    if (key.endsWith('/')) yield* walk(root, key, bounds);
    else if (isObjectKey(key)) yield key;
  }
}

/** Whether the key, or some key below it when it ends in `/`, lies within the bounds. */
function mayMatch(key: string, { prefix, startAfter }: KeyBounds): boolean {
  const isDirectory = key.endsWith('/');
  if (!key.startsWith(prefix) && !(isDirectory && prefix.startsWith(key))) return false;
  return compareKeys(key, startAfter) > 0 || (isDirectory && startAfter.startsWith(key));
}

/** The files and directories in one directory, in the order of their keys: a directory's name ends in `/`. */
async function names(root: string, path: string): Promise<string[]> {
  try {
    const entries = await readdir(join(root, path), { withFileTypes: true });
    const found = entries.flatMap((entry) => {
      if (entry.isDirectory()) return [`${entry.name}/`];
      return entry.isFile() ? [entry.name] : [];
    });
    return sorted(found);
  } catch (cause) {
    // Removed while the walk was on its way there.
    if (isAbsent(cause) && path !== '') return [];
    throw cause;
  }
}

/** The plain sort is many times faster, and gives the same order unless a name has surrogates. */
function sorted(found: string[]): string[] {
  const plain = found.every((name) => !/[\ud800-\udfff]/.test(name));
  return plain ? found.sort() : found.sort(compareKeys);
}
