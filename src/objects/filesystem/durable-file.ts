// Files and directory entries that survive a power cut. A file appears under its name whole or not at all.
// Knows nothing of keys; throws what the file system throws.
import { link, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileWriter } from '../../runtime/file-writer.ts';
import { fileErrorCode, isAbsent } from './file-failure.ts';

/** Another writer may remove the directory that was just made; more often in a row than this is no accident. */
const DIRECTORY_RACES_MAX = 100;

/** Writes a new file and syncs its bytes. Removes what it wrote when that fails. */
export async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const writer = new FileWriter(await open(path, 'wx'));
  try {
    await writer.write(bytes);
    await writer.sync();
  } catch (cause) {
    await rm(path, { force: true });
    throw cause;
  } finally {
    await writer.close();
  }
}

/** Gives a written file its final name, in place of what has the name, and makes that durable. */
export async function publish(temporary: string, path: string, root: string): Promise<void> {
  await inDirectory(path, root, () => rename(temporary, path));
}

/** Gives a written file a final name beside its own, unless that is taken: then false. Makes it durable. */
export async function publishIfAbsent(temporary: string, path: string, root: string): Promise<boolean> {
  try {
    await inDirectory(path, root, () => link(temporary, path));
    return true;
  } catch (cause) {
    if (fileErrorCode(cause) !== 'EEXIST') throw cause;
    // A network file system may lose its answer to a link that was made; the repetition then fails.
    if ((await stat(temporary)).nlink < 2) return false;
    await syncUp(dirname(path), root);
    return true;
  }
}

/** Removes the directory and those above it, as long as they are empty and below the root. Syncs the rest. */
export async function removeEmptyUp(directory: string, root: string): Promise<void> {
  for (let at = directory; ; at = dirname(at)) {
    if (at === root || !(await removeIfEmpty(at))) {
      if (await syncIfThere(at)) return;
      if (at === root) return;
    }
  }
}

/** Runs a step that needs the directory of `path`, making that as often as somebody else removes it. */
async function inDirectory(path: string, root: string, step: () => Promise<void>): Promise<void> {
  const directory = dirname(path);
  for (let race = 0; ; race += 1) {
    try {
      await step();
      break;
    } catch (cause) {
      if (fileErrorCode(cause) !== 'ENOENT' || race === DIRECTORY_RACES_MAX) throw cause;
      await makeBelow(root, directory);
    }
  }
  await syncUp(directory, root);
}

/** All the way up: another writer may have made these directories and not have synced them yet. */
async function syncUp(directory: string, root: string): Promise<void> {
  for (const at of [...chainBelow(root, directory), root]) await syncIfThere(at);
}

/** Makes the directories between the root and `directory`; never the root. */
async function makeBelow(root: string, directory: string): Promise<void> {
  for (const at of chainBelow(root, directory).reverse()) {
    try {
      await mkdir(at);
    } catch (cause) {
      const code = fileErrorCode(cause);
      if (code === 'ENOENT' && dirname(at) !== root) return;
      if (code !== 'EEXIST') throw cause;
    }
  }
}

/** `directory` and those above it, without the root. */
function chainBelow(root: string, directory: string): string[] {
  const chain: string[] = [];
  for (let at = directory; at !== root; at = dirname(at)) chain.push(at);
  return chain;
}

async function syncIfThere(directory: string): Promise<boolean> {
  try {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch (cause) {
    if (isAbsent(cause)) return false;
    // Some network file systems cannot sync a directory and write its entries through instead.
    if (fileErrorCode(cause) === 'EINVAL') return true;
    throw cause;
  }
}

async function removeIfEmpty(directory: string): Promise<boolean> {
  try {
    await rmdir(directory);
    return true;
  } catch (cause) {
    if (isAbsent(cause)) return true;
    if (['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(fileErrorCode(cause) ?? '')) return false;
    throw cause;
  }
}
