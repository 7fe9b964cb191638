// The memory that chunks are read into, sent from and received in: a fixed number of pieces, used again and again.
// Memory that is made for each chunk costs more than hashing it. Never lends the same piece to two at once.

/** Behind what is lent the memory goes on so far: for the tag of a chunk that is encrypted where it is. */
export const SPARE_BYTES = 16;

export interface ChunkMemorySettings {
  /** The size of a piece. */
  readonly chunkSizeBytes: number;
  /** How many pieces are lent at the same time, but for those that nobody may wait for. */
  readonly chunksInFlight: number;
}

/** Memory that is lent until one of its two ends is called. It is shared with the hashing thread. */
export interface LentMemory {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Ends the loan. Nobody reads or writes the memory any more: it goes to the next one. */
  giveBack(): void;
  /** Ends the loan of memory that something called off may still be using. It is not lent again. */
  giveUp(): void;
}

/** Lends memory. Keeps what it made for as long as it lives itself. */
export class ChunkMemory {
  readonly #settings: ChunkMemorySettings;
  readonly #free: SharedArrayBuffer[] = [];
  readonly #waiting: (() => void)[] = [];
  #lent = 0;

  constructor(settings: ChunkMemorySettings) {
    this.#settings = settings;
  }

  /** How many pieces are lent now. */
  get lent(): number {
    return this.#lent;
  }

  /** Waits for its turn; undefined when the signal fires first. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<LentMemory | undefined> {
    while (this.#lent >= this.#settings.chunksInFlight) {
      if (signal.aborted) return undefined;
      await this.#turn(signal);
    }
    if (!signal.aborted) return this.takeNow(sizeBytes);
    // The turn was its own, and now it is the next one's.
    this.#waiting.shift()?.();
    return undefined;
  }

  /** Undefined when all is lent: for what can be left for later. */
  takeIfFree(sizeBytes: number): LentMemory | undefined {
    return this.#lent < this.#settings.chunksInFlight ? this.takeNow(sizeBytes) : undefined;
  }

  /** Never waits: for what others wait for who hold memory themselves. */
  takeNow(sizeBytes: number): LentMemory {
    const buffer = this.#bufferFor(sizeBytes);
    this.#lent += 1;
    let isLent = true;
    const end = (after: () => void) => () => {
      if (!isLent) return;
      isLent = false;
      this.#lent -= 1;
      after();
      this.#waiting.shift()?.();
    };
    return {
      bytes: new Uint8Array(buffer, 0, sizeBytes),
      giveBack: end(() => this.#keep(buffer)),
      giveUp: end(() => {}),
    };
  }

  /** More than is lent in turn may come back, of what was taken without waiting: the rest is the collector's. */
  #keep(buffer: SharedArrayBuffer): void {
    if (this.#free.length < this.#settings.chunksInFlight) this.#free.push(buffer);
  }

  /** Chunks that were stored with other settings may be larger than ours: a piece that is too small makes room. */
  #bufferFor(sizeBytes: number): SharedArrayBuffer {
    const free = this.#free.pop();
    if (free !== undefined && free.byteLength >= sizeBytes + SPARE_BYTES) return free;
    return pages(Math.max(sizeBytes, this.#settings.chunkSizeBytes) + SPARE_BYTES);
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(go), 1);
        resolve();
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}

const WASM_PAGE_BYTES = 64 * 1024;

/** The part of it that is used; TypeScript has it among the types of browsers. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => { readonly buffer: ArrayBuffer | SharedArrayBuffer };
};

/**
 * Memory that begins where a page does: a disk takes it as it is. A SharedArrayBuffer by itself begins anywhere, which
 * is slower and all there is where V8 was told to do without WebAssembly, or may not reserve 10 GB of addresses for it.
 */
function pages(sizeBytes: number): SharedArrayBuffer {
  const count = Math.ceil(sizeBytes / WASM_PAGE_BYTES);
  try {
    const { buffer } = new WebAssembly.Memory({ initial: count, maximum: count, shared: true });
    if (buffer instanceof SharedArrayBuffer) return buffer;
  } catch {
    // Then the other kind. When there is no memory at all it throws as well.
  }
  return new SharedArrayBuffer(sizeBytes);
}

/**
 * One memory for all saves of a store at a time, and one for all its reads: a reader that forgets to end keeps no save
 * waiting. Whoever works with one holds it; when nobody does, the collector takes it.
 */
export class ChunkMemories {
  readonly #settings: ChunkMemorySettings;
  #saving: WeakRef<ChunkMemory> | undefined;
  #reading: WeakRef<ChunkMemory> | undefined;

  constructor(settings: ChunkMemorySettings) {
    this.#settings = settings;
  }

  forSaving(): ChunkMemory {
    const memory = this.#saving?.deref() ?? new ChunkMemory(this.#settings);
    this.#saving = new WeakRef(memory);
    return memory;
  }

  forReading(): ChunkMemory {
    const memory = this.#reading?.deref() ?? new ChunkMemory(this.#settings);
    this.#reading = new WeakRef(memory);
    return memory;
  }
}
