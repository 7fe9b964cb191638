// The directory in which a restore gathers its files before they become visible: its name, the mark by which
// a later restore knows it, and its removal. What does not bear the mark is never removed.
import { dirname, join } from 'node:path';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { Disk, DiskEntry } from './disk.ts';

const MARKER = 'RESTORE-IN-PROGRESS';
const STAGING_NAME = /^\.tidemark-restore-([0-9]{1,19})-[A-Za-z0-9]{6}$/;
const PARTITIONS = 'partitions';
/** Holds what was taken over from earlier stagings: one numbered directory for each. */
const KEPT = 'kept';

/** Where the partitions lie in a staging, and in a data directory. */
export function partitionsDirectory(parent: string): string {
  return join(parent, PARTITIONS);
}

/**
 * Makes a staging in a data directory: marked, with an empty directory for the partitions, and durable. Its
 * name is its own, so that two restores of one directory by mistake never write into each other.
 */
export async function makeStaging(
  disk: Disk,
  directory: string,
  checkpointId: CheckpointId,
): Promise<string> {
  const staging = await disk.makeUniqueDirectory(join(directory, `.tidemark-restore-${checkpointId}-`));
  try {
    const marker = await disk.createFile(join(staging, MARKER));
    try {
      await marker.write(new TextEncoder().encode(markerText(String(checkpointId))));
      await marker.sync();
    } finally {
      await marker.close();
    }
    // The mark is durable before anything else is in there: what has content and no mark is not ours.
    await disk.syncDirectory(staging);
    await disk.makeDirectory(partitionsDirectory(staging));
    await disk.syncDirectory(directory);
  } catch (cause) {
    const failure = await stagingFailure(disk, staging, staging, cause);
    await removeStaging(disk, staging).catch(() => {});
    throw failure;
  }
  return staging;
}

/**
 * What to tell of a failure while a staging is filled: `part` of it, which was there, is gone when another restore
 * of the same directory has taken it for a leftover.
 */
export async function stagingFailure(
  disk: Disk,
  staging: string,
  part: string,
  cause: unknown,
): Promise<unknown> {
  const kind = await disk.kind(part).catch(() => 'unknown');
  if (kind !== undefined) return cause;
  const reason = 'another restore is at work in this directory and removed what this one wrote';
  const detail = `path=${dirname(staging)} reason=${reason}; wait until it has ended, and see what it made`;
  return new RestoreTargetFailure('restore', detail, cause);
}

/**
 * Brings what interrupted restores of the same backup have written into a staging of their successor, out of reach of
 * one that still runs by mistake, and removes the rest of them. Gives the directories with the files of partitions.
 */
export async function adoptLeftovers(
  disk: Disk,
  staging: string,
  leftovers: readonly string[],
): Promise<readonly string[]> {
  const adopted: string[] = [];
  for (const leftover of leftovers) {
    const kept = ((await disk.list(join(leftover, KEPT))) ?? []).map(({ name }) =>
      join(leftover, KEPT, name),
    );
    for (const from of [partitionsDirectory(leftover), ...kept]) {
      if ((await disk.kind(from)) !== 'directory') continue;
      await disk.makeDirectory(join(staging, KEPT));
      const to = join(staging, KEPT, String(adopted.length + 1));
      await disk.moveDirectory(from, to);
      adopted.push(to);
    }
    await removeStaging(disk, leftover);
  }
  return adopted;
}

/** The bytes of all files that a staging has taken over. */
export async function adoptedBytes(disk: Disk, staging: string): Promise<number> {
  return bytesBelow(disk, join(staging, KEPT));
}

/** Removes what a staging has taken over and not used. */
export async function removeAdopted(disk: Disk, staging: string): Promise<void> {
  await removeTree(disk, join(staging, KEPT), { name: KEPT, isDirectory: true });
}

async function bytesBelow(disk: Disk, directory: string): Promise<number> {
  let bytes = 0;
  for (const { name, isDirectory } of (await disk.list(directory)) ?? []) {
    const path = join(directory, name);
    bytes += isDirectory ? await bytesBelow(disk, path) : await disk.fileSize(path);
  }
  return bytes;
}

/** Whether a staging, which `isStaging` has found to be one, is of a restore of this backup. */
export function isStagingOf(name: string, checkpointId: CheckpointId): boolean {
  return STAGING_NAME.exec(name)?.[1] === String(checkpointId);
}

/** Whether an entry of a data directory is a staging that an interrupted restore left behind. */
export async function isStaging(disk: Disk, directory: string, entry: DiskEntry): Promise<boolean> {
  const [, checkpointId] = STAGING_NAME.exec(entry.name) ?? [];
  if (checkpointId === undefined || !entry.isDirectory) return false;
  const staging = join(directory, entry.name);
  const entries = await disk.list(staging);
  if (entries === undefined || entries.length === 0) return true;
  const expected = markerText(checkpointId);
  const text = await disk.readText(join(staging, MARKER), expected.length + 1);
  if (text === undefined) return false;
  // A power cut may leave the mark cut or filled with zeros. Then nothing else can be in there yet.
  const isTorn = entries.length === 1 && expected.startsWith(text.replace(/\0+$/, ''));
  return text === expected || isTorn;
}

/** Removes a staging, its mark last, so that this too can be interrupted. Absent is fine. */
export async function removeStaging(disk: Disk, staging: string): Promise<void> {
  const entries = await disk.list(staging);
  if (entries === undefined) return;
  if (entries.some((entry) => entry.name === PARTITIONS)) {
    // In one step out of reach of a restore that still runs here by mistake: it can no more install half of
    // it.
    await disk.moveDirectory(partitionsDirectory(staging), join(staging, 'discarded'));
  }
  for (const entry of (await disk.list(staging)) ?? []) {
    if (entry.name !== MARKER) await removeTree(disk, join(staging, entry.name), entry);
  }
  await disk.removeFile(join(staging, MARKER));
  await disk.removeDirectory(staging);
}

async function removeTree(disk: Disk, path: string, { isDirectory }: DiskEntry): Promise<void> {
  if (!isDirectory) return disk.removeFile(path);
  for (const entry of (await disk.list(path)) ?? []) await removeTree(disk, join(path, entry.name), entry);
  await disk.removeDirectory(path);
}

function markerText(checkpointId: string): string {
  const end = 'This directory goes away when the restore ends.';
  return `tidemark is restoring backup ${checkpointId} here. ${end}\n`;
}
