// Files that lie on the disk already and may be used again: what an interrupted restore left, or data that is to be
// replaced. Not a byte is believed that no digest vouches for, and what goes on being written is a file of its own.
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import type { FilePiece } from '../ports/restore-target.ts';
import type { Disk, DiskFile, DiskReader } from './disk.ts';

const READ_BYTES = 1024 * 1024;

/** A directory with the tree of restored partitions in it. */
export interface KeptTree {
  readonly directory: string;
  /** Whether nobody else needs the files: then they are moved, and what is of no use goes. */
  readonly isOurs: boolean;
}

export interface WantedFile {
  /** Below a tree. */
  readonly path: string;
  /** Whether directories beside its own may have it too, under the same name, as snapshots share files. */
  readonly isShared: boolean;
  readonly to: string;
  readonly pieces: readonly FilePiece[];
}

/**
 * Brings the leading pieces of a file that one of the trees has to `to`, where nothing is yet. Gives how many those
 * are, and 0 when nothing was made. The file may be longer than that: cut it. Its bytes are not synced.
 */
export async function takeKeptFile(
  disk: Disk,
  trees: readonly KeptTree[],
  file: WantedFile,
  signal: AbortSignal,
): Promise<number> {
  for (const { directory, isOurs } of trees) {
    for (const from of await places(disk, join(directory, file.path), file.isShared && !isOurs)) {
      const source = await disk.openFile(from);
      if (source === undefined) continue;
      try {
        const taken = await take(disk, source, { ...file, from, isOurs }, signal);
        if (taken > 0) return taken;
      } finally {
        await source.close();
      }
    }
  }
  return 0;
}

/** Its own place first. */
async function places(disk: Disk, path: string, isShared: boolean): Promise<readonly string[]> {
  if (!isShared) return [path];
  const above = dirname(dirname(path));
  const others = ((await disk.list(above)) ?? [])
    .filter(({ name, isDirectory }) => isDirectory && name !== basename(dirname(path)))
    .map(({ name }) => join(above, name, basename(path)));
  return [path, ...others];
}

interface Taking {
  readonly from: string;
  readonly to: string;
  readonly pieces: readonly FilePiece[];
  readonly isOurs: boolean;
}

async function take(
  disk: Disk,
  source: DiskReader,
  { from, to, pieces, isOurs }: Taking,
  signal: AbortSignal,
): Promise<number> {
  if (isOurs && source.sizeBytes === pieces.reduce((total, { sizeBytes }) => total + sizeBytes, 0)) {
    if ((await leadingPieces(source, pieces, signal)) === pieces.length) {
      await disk.moveFile(from, to);
      return pieces.length;
    }
  }
  // A part is copied: a process that still writes the old file by mistake must not write behind what was checked.
  const [first] = pieces;
  const begins = first !== undefined && (await leadingPieces(source, [first], signal)) === 1;
  const copied = begins ? await copy(disk, source, to, pieces, signal) : 0;
  if (begins && copied === 0) await disk.removeFile(to);
  if (isOurs) await disk.removeFile(from);
  return copied;
}

async function copy(
  disk: Disk,
  source: DiskReader,
  to: string,
  pieces: readonly FilePiece[],
  signal: AbortSignal,
): Promise<number> {
  const out = await disk.createFile(to);
  try {
    return await leadingPieces(source, pieces, signal, out);
  } finally {
    await out.close();
  }
}

/** How many pieces from the first one on are what they should be. All that is read goes to `out`, right or wrong. */
async function leadingPieces(
  source: DiskReader,
  pieces: readonly FilePiece[],
  signal: AbortSignal,
  out?: DiskFile,
): Promise<number> {
  let position = 0;
  for (const [index, { sizeBytes, sha256 }] of pieces.entries()) {
    if (position + sizeBytes > source.sizeBytes) return index;
    const hash = createHash('sha256');
    for (let left = sizeBytes; left > 0; ) {
      signal.throwIfAborted();
      const bytes = await source.read(position, Math.min(left, READ_BYTES));
      if (bytes.byteLength === 0) return index;
      hash.update(bytes);
      await out?.write(bytes);
      position += bytes.byteLength;
      left -= bytes.byteLength;
    }
    if (hash.digest('hex') !== sha256) return index;
  }
  return pieces.length;
}
