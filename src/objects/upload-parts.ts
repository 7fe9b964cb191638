// Which parts of an upload have been sent, for every storage alike. Throws when the parts do not make one object:
// whoever cuts them wrongly is wrong himself.
import { invariant } from '../core/invariant.ts';

/** The parts of one upload, each with what the storage remembers of it. */
export class UploadParts<T> {
  readonly #partSizeBytes: number;
  readonly #parts = new Map<number, { readonly sizeBytes: number; readonly value: T }>();

  constructor(partSizeBytes: number) {
    const isSize = Number.isSafeInteger(partSizeBytes) && partSizeBytes > 0;
    invariant(isSize, `a part has at least one byte, got partSizeBytes=${partSizeBytes}`);
    this.#partSizeBytes = partSizeBytes;
  }

  /** Throws when no part of this size can stand there. To be asked before anything is written. */
  assertFits(index: number, sizeBytes: number): void {
    const isIndex = Number.isSafeInteger(index) && index >= 0;
    invariant(isIndex, `a part has an index from zero on, got ${index}`);
    invariant(sizeBytes <= this.#partSizeBytes, `part ${index} has ${sizeBytes} bytes, more than a part`);
  }

  /** Remembers a part that the storage has. */
  set(index: number, sizeBytes: number, value: T): void {
    this.assertFits(index, sizeBytes);
    this.#parts.set(index, { sizeBytes, value });
  }

  get sizeBytes(): number {
    return [...this.#parts.values()].reduce((sum, part) => sum + part.sizeBytes, 0);
  }

  /** What is remembered of the parts, first to last. Throws when one is missing, or too small to stand there. */
  inOrder(): T[] {
    return Array.from({ length: this.#parts.size }, (_, index) => {
      const part = this.#parts.get(index);
      invariant(part !== undefined, `part ${index} was never sent`);
      const isWhole = part.sizeBytes === this.#partSizeBytes || index === this.#parts.size - 1;
      invariant(isWhole, `part ${index} has ${part.sizeBytes} bytes and is not the last`);
      return part.value;
    });
  }

  clear(): void {
    this.#parts.clear();
  }
}
