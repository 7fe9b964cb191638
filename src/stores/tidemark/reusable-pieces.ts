// What an earlier backup already holds: by digest and length for whoever has read the bytes, and by the version of the
// file for whoever has not. Pure.
import type { Manifest, ManifestFile, Piece } from './manifest.ts';
import type { SourceFile } from './storing-plan.ts';

/**
 * Where each run of bytes of a base lies. The base's manifest proves that it is stored: nobody is asked
 * again.
 */
export class ReusablePieces {
  readonly #files: readonly ManifestFile[];
  readonly #vouchedFor = new Map<string, ManifestFile>();
  #pieces: Map<string, Piece> | undefined;

  constructor(base: Manifest | undefined) {
    this.#files = base?.files ?? [];
    for (const file of this.#files) {
      if (file.version !== undefined) this.#vouchedFor.set(fileKey(file.kind, file.name), file);
    }
  }

  find(sha256: string, length: number): Piece | undefined {
    // Not before it is asked for: where versions vouch for nearly all, nobody asks.
    this.#pieces ??= piecesByDigest(this.#files);
    return this.#pieces.get(pieceKey(sha256, length));
  }

  /** The base's file that agrees with this one as far as both go. Undefined where nobody vouches for that. */
  fileOfVersion({ kind, file: { name, version } }: SourceFile): ManifestFile | undefined {
    const file = this.#vouchedFor.get(fileKey(kind, name));
    return file?.version === version ? file : undefined;
  }
}

function piecesByDigest(files: readonly ManifestFile[]): Map<string, Piece> {
  const found = new Map<string, Piece>();
  for (const { pieces } of files) {
    for (const piece of pieces) found.set(pieceKey(piece.sha256, piece.length), piece);
  }
  return found;
}

function fileKey(kind: string, name: string): string {
  return `${kind}/${name}`;
}

function pieceKey(sha256: string, length: number): string {
  return `${length}:${sha256}`;
}
