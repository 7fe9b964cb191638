// The old data of a place that is restored over: set aside in the staging right before the new data comes in its place,
// and put back where that did not happen. It removes nothing: the old data goes with the staging.
import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';

const REPLACED = 'replaced';

/** What a restore may replace: the directory of the partitions first, then files that go with it. */
export interface Replaceable {
  /** Its name while it is set aside. */
  readonly name: string;
  readonly path: string;
  readonly isDirectory: boolean;
}

/** Whether old data is set aside in a staging. */
export async function holdsReplaced(disk: Disk, staging: string): Promise<boolean> {
  return ((await disk.list(join(staging, REPLACED))) ?? []).length > 0;
}

/** Sets aside what is there, the partitions first: from then on nobody can take the place for one with data in it. */
export async function setAside(
  disk: Disk,
  staging: string,
  replaceable: readonly Replaceable[],
): Promise<void> {
  const aside = join(staging, REPLACED);
  await disk.makeDirectory(aside);
  await disk.syncDirectory(staging);
  for (const { name, path, isDirectory } of replaceable) {
    if ((await disk.kind(path)) === undefined) continue;
    await move(disk, path, join(aside, name), isDirectory);
  }
}

/** Puts back what is set aside and whose place is free, the partitions last. May be called when nothing is. */
export async function putBack(
  disk: Disk,
  staging: string,
  replaceable: readonly Replaceable[],
): Promise<void> {
  for (const { name, path, isDirectory } of [...replaceable].reverse()) {
    const from = join(staging, REPLACED, name);
    if ((await disk.kind(from)) === undefined || (await disk.kind(path)) !== undefined) continue;
    await move(disk, from, path, isDirectory);
  }
}

/** The new name is durable before the old one is gone for good. */
async function move(disk: Disk, from: string, to: string, isDirectory: boolean): Promise<void> {
  await (isDirectory ? disk.moveDirectory(from, to) : disk.moveFile(from, to));
  await disk.syncDirectory(dirname(to));
  await disk.syncDirectory(dirname(from));
}
