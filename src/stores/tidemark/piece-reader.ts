// Fetches pieces of a backup and checks each one. Never gives out a byte whose digest was not checked.
import { err, ok, type ResultAsync } from 'neverthrow';
import { untilAborted } from '../../core/deadline.ts';
import { BackupCorrupt, type StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { contain, fromAsync } from '../../core/result.ts';
import { SPARE_BYTES } from '../chunk-memory.ts';
import { decompress } from './compression.ts';
import type { DataKey } from './data-key.ts';
import { digestChunk, sha256, toHex } from './digest.ts';
import { chunkKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import type { Chunk, Piece } from './manifest.ts';

export type ReadPieceError = StoreError | BackupCorrupt;

/** Packs kept for the files that follow. A restore reads files in order, and neighbours share a pack. */
const PACKS_KEPT = 2;

/** Reads the pieces of one opened backup. Small files of one pack cost one request together. */
export class PieceReader {
  readonly #layout: Layout;
  readonly #partitionId: PartitionId;
  readonly #closing: AbortSignal;
  readonly #key: DataKey | undefined;
  readonly #packs = new Map<Chunk, ResultAsync<Uint8Array, ReadPieceError>>();

  /** `key`: that of the backup, when it is encrypted. */
  constructor(layout: Layout, partitionId: PartitionId, closing: AbortSignal, key?: DataKey) {
    this.#layout = layout;
    this.#partitionId = partitionId;
    this.#closing = closing;
    this.#key = key;
  }

  /** Reads a piece that is a chunk of its own into the memory, which has its size. */
  readChunk(
    { chunk, sha256: expected }: Piece,
    memory: Uint8Array<SharedArrayBuffer>,
    signal: AbortSignal,
  ): ResultAsync<Uint8Array, ReadPieceError> {
    const read = () =>
      fromAsync<Uint8Array, ReadPieceError>(async () => {
        const fetched = await this.#fetch(chunk, signal, memory);
        if (fetched.isErr()) return err(fetched.error);
        // A storage that has memory of its own, or what was decompressed.
        if (fetched.value.buffer !== memory.buffer) memory.set(fetched.value);
        const found = toHex(await digestChunk(memory));
        return found === expected ? ok(memory) : err(this.#otherDigest(chunk, expected, found));
      });
    // What is fetched ahead may have nobody who waits for it: a throw, as of a lost thread, would end the process.
    return contain('read chunk', read);
  }

  /** Reads a part of a pack. Others may still read the pack, and its parts are small. */
  readPart({ chunk, offset, length, sha256: expected }: Piece, signal: AbortSignal) {
    return fromAsync<Uint8Array, ReadPieceError>(async () => {
      const pack = await this.#pack(chunk, signal);
      if (pack.isErr()) return err(pack.error);
      const part = pack.value.subarray(offset, offset + length);
      const found = toHex(sha256(part));
      return found === expected ? ok(part) : err(this.#otherDigest(chunk, expected, found));
    });
  }

  /**
   * A pack is fetched once for all who wait for it, so not one of their signals may end it: they only stop
   * waiting.
   */
  #pack(chunk: Chunk, signal: AbortSignal): ResultAsync<Uint8Array, ReadPieceError> {
    // Contained: what it throws must not stay here for all who come later.
    const pack = this.#packs.get(chunk) ?? contain('read pack', () => this.#fetch(chunk, this.#closing));
    this.#packs.delete(chunk);
    this.#packs.set(chunk, pack);
    const [oldest] = this.#packs.keys();
    if (this.#packs.size > PACKS_KEPT && oldest !== undefined) this.#packs.delete(oldest);
    return untilAborted(signal, () => pack).mapErr((error) => {
      if (this.#packs.get(chunk) === pack) this.#packs.delete(chunk);
      return error;
    });
  }

  #fetch(
    chunk: Chunk,
    signal: AbortSignal,
    memory?: Uint8Array<SharedArrayBuffer>,
  ): ResultAsync<Uint8Array, ReadPieceError> {
    return fromAsync<Uint8Array, ReadPieceError>(async () => {
      const key = chunkKey(this.#partitionId, chunk.name);
      // A byte more than it should have is enough to see that it has more.
      await this.#layout.rate?.turn(this.#partitionId, chunk.storedBytes, signal);
      const range = { start: 0, length: chunk.storedBytes + 1 };
      const room = memory && new Uint8Array(memory.buffer, memory.byteOffset, chunk.storedBytes);
      const into = room && { into: room };
      const options = { range, signal, ...into };
      const bytes = await contain('get chunk', () => this.#layout.storage.get(key, options));
      if (bytes.isErr()) {
        const { error } = bytes;
        return err(error.name === 'ObjectNotFound' ? this.#corrupt(chunk, 'is missing', error) : error);
      }
      const found = bytes.value.length;
      if (found !== chunk.storedBytes) {
        const what = found > chunk.storedBytes ? 'more' : found;
        return err(this.#corrupt(chunk, `expected ${chunk.storedBytes} bytes found ${what}`));
      }
      const plain = await this.#unsealed(chunk, bytes.value, room);
      if (plain.isErr()) return err(plain.error);
      return chunk.codec === 'none' ? ok(plain.value) : this.#decompressed(chunk, plain.value);
    });
  }

  /** As it is, when the backup is not encrypted. */
  #unsealed(
    chunk: Chunk,
    stored: Uint8Array,
    room?: Uint8Array<SharedArrayBuffer>,
  ): ResultAsync<Uint8Array, BackupCorrupt> {
    return fromAsync<Uint8Array, BackupCorrupt>(async () => {
      if (this.#key === undefined) return ok(stored);
      const shared = room ?? new Uint8Array(new SharedArrayBuffer(stored.length));
      if (stored.buffer !== shared.buffer) shared.set(stored);
      const isWhole = await this.#key.unsealChunk(chunk.name, shared);
      if (!isWhole) return err(this.#corrupt(chunk, 'does not decrypt: its tag does not fit'));
      return ok(shared.subarray(0, shared.length - SPARE_BYTES));
    });
  }

  #decompressed(chunk: Chunk, stored: Uint8Array): ResultAsync<Uint8Array, BackupCorrupt> {
    return fromAsync<Uint8Array, BackupCorrupt>(async () => {
      try {
        const bytes = await decompress(stored, chunk.sizeBytes);
        if (bytes.length === chunk.sizeBytes) return ok(bytes);
        return err(this.#corrupt(chunk, `expected ${chunk.sizeBytes} bytes in it, found ${bytes.length}`));
      } catch (cause) {
        const detail = `does not decompress to ${chunk.sizeBytes} bytes: ${(cause as Error).message}`;
        return err(this.#corrupt(chunk, detail, cause));
      }
    });
  }

  #otherDigest(chunk: Chunk, expected: string, found: string): BackupCorrupt {
    return this.#corrupt(chunk, `expected sha256=${expected} found sha256=${found}`);
  }

  #corrupt(chunk: Chunk, detail: string, cause?: unknown): BackupCorrupt {
    const key = chunkKey(this.#partitionId, chunk.name);
    return new BackupCorrupt(objectName(this.#layout.storage, key), detail, cause);
  }
}
