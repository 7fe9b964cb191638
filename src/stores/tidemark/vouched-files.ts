// What the versions of a backup's files vouch for: files that the base holds as they are, and pieces of those that have
// grown or shrunk. Found before anything is read. Pure, but for the turns that it leaves to others.
import { yieldTurn } from '../../runtime/yield-turn.ts';
import type { ManifestFile, Piece } from './manifest.ts';
import type { ReusablePieces } from './reusable-pieces.ts';
import type { SourceFile } from './storing-plan.ts';

/** So many files are looked at, and then others may run: there may be a hundred thousand. */
const FILES_AT_ONCE = 500;

export interface VouchedFiles {
  /** Files that need not be read, with their pieces. */
  readonly whole: ReadonlyMap<SourceFile, readonly Piece[]>;
  /** Of others, the pieces that the base holds, by where in the file they begin. */
  readonly parts: ReadonlyMap<SourceFile, ReadonlyMap<number, Piece>>;
}

export interface VouchedFilesOptions {
  readonly chunkSizeBytes: number;
  /** No file is taken whole: what is read is to be held against the pieces. */
  readonly readEverything: boolean;
}

export async function vouchedFiles(
  sources: readonly SourceFile[],
  reusable: ReusablePieces,
  { chunkSizeBytes, readEverything }: VouchedFilesOptions,
): Promise<VouchedFiles> {
  const whole = new Map<SourceFile, readonly Piece[]>();
  const parts = new Map<SourceFile, ReadonlyMap<number, Piece>>();
  for (const [index, source] of sources.entries()) {
    if (index % FILES_AT_ONCE === FILES_AT_ONCE - 1) await yieldTurn();
    const inBase = reusable.fileOfVersion(source);
    if (inBase === undefined) continue;
    const { sizeBytes } = source.file;
    if (inBase.sizeBytes === sizeBytes && !readEverything) whole.set(source, inBase.pieces);
    else parts.set(source, commonPieces(inBase, sizeBytes, chunkSizeBytes));
  }
  return { whole, parts };
}

/** The pieces that a file of this size is cut in as well: all but the last one, where that has grown or was cut. */
function commonPieces(inBase: ManifestFile, sizeBytes: number, chunkSizeBytes: number): Map<number, Piece> {
  const common = new Map<number, Piece>();
  let at = 0;
  for (const piece of inBase.pieces) {
    const isCutHere = at % chunkSizeBytes === 0 && piece.length === Math.min(chunkSizeBytes, sizeBytes - at);
    if (isCutHere) common.set(at, piece);
    at += piece.length;
  }
  return common;
}
