// What an earlier backup already holds, by digest and length. Pure.
import type { Manifest, Piece } from './manifest.ts';

/**
 * Where each run of bytes of a base lies. The base's manifest proves that it is stored: nobody is asked
 * again.
 */
export class ReusablePieces {
  readonly #pieces = new Map<string, Piece>();

  constructor(base: Manifest | undefined) {
    for (const file of base?.files ?? []) {
      for (const piece of file.pieces) this.#pieces.set(`${piece.length}:${piece.sha256}`, piece);
    }
  }

  find(sha256: string, length: number): Piece | undefined {
    return this.#pieces.get(`${length}:${sha256}`);
  }
}
