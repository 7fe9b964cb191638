// Takes exact amounts of bytes from a stream of chunks. It holds one chunk, or one amount that spans several.

const ZEROS = Buffer.alloc(64 * 1024);

/** Reads a stream front to back. Call `close` when it is not read to its end. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #offset = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** How many bytes were taken. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `length` bytes; fewer only where the stream ends. Whole pieces of a chunk are not copied. */
  async read(length: number): Promise<Uint8Array> {
    if (length <= this.#chunk.byteLength) return this.#take(length);
    const parts: Uint8Array[] = [];
    let missing = length;
    do {
      const part = this.#take(Math.min(missing, this.#chunk.byteLength));
      if (part.byteLength > 0) parts.push(part);
      missing -= part.byteLength;
    } while (missing > 0 && (await this.#pull()));
    return Buffer.concat(parts);
  }

  /** The next bytes as they come, at most `length` of them. Empty only where the stream ends. */
  async readSome(length: number): Promise<Uint8Array> {
    if (this.#chunk.byteLength === 0) await this.#pull();
    return this.#take(Math.min(length, this.#chunk.byteLength));
  }

  /** Takes all that is left; stops early when it is not all zeros. */
  async restIsZero(): Promise<boolean> {
    for (;;) {
      const bytes = await this.readSome(ZEROS.byteLength);
      if (bytes.byteLength === 0) return true;
      if (!isZero(bytes)) return false;
    }
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  #take(length: number): Uint8Array {
    const taken = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    this.#offset += length;
    return taken;
  }

  async #pull(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
      if (this.#chunk.byteLength > 0) return true;
    }
  }
}

function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, ZEROS.subarray(0, bytes.byteLength)) === 0;
}
