// Puts chunks into the store, each content once. Knows nothing of files.
import type { Result, ResultAsync } from 'neverthrow';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { SPARE_BYTES } from '../chunk-memory.ts';
import { compressWorthwhile } from './compression.ts';
import type { DataKey } from './data-key.ts';
import { digestChunk, sha256Hex, toHex } from './digest.ts';
import { chunkKey } from './keys.ts';
import type { Layout } from './layout.ts';
import type { Chunk } from './manifest.ts';

export interface ChunkUploadsOptions {
  readonly partitionId: PartitionId;
  readonly signal: AbortSignal;
  /** With a salt, which is this attempt's alone, chunks get names that nobody has used or will use again. */
  readonly salt?: string | undefined;
  /** With it the chunks are encrypted. */
  readonly key?: DataKey | undefined;
}

/** The chunks that one save sends. Equal chunks of one backup are sent once. */
export class ChunkUploads {
  readonly #layout: Layout;
  readonly #options: ChunkUploadsOptions;
  readonly #sent = new Map<string, PromiseLike<Result<Chunk, StoreError>>>();

  constructor(layout: Layout, options: ChunkUploadsOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  /**
   * Stores the bytes, whose raw digest is `digest`. They may be others afterwards, and so may the
   * spare ones behind them: room for what is made of them.
   */
  send(bytes: Uint8Array<SharedArrayBuffer>, digest: Uint8Array): ResultAsync<Chunk, StoreError> {
    return fromAsync<Chunk, StoreError>(async () => {
      const name = toHex(digest);
      const sent = this.#sent.get(name) ?? this.#put(name, bytes, digest);
      this.#sent.set(name, sent);
      return sent;
    });
  }

  /** An object is named by the bytes it has: what is there already under a name is never another form of a chunk. */
  #put(
    sha256: string,
    bytes: Uint8Array<SharedArrayBuffer>,
    digest: Uint8Array,
  ): ResultAsync<Chunk, StoreError> {
    return fromAsync<Chunk, StoreError>(async () => {
      const { storage, values, rate } = this.#layout;
      const { partitionId, signal } = this.#options;
      const compressed = values.compression === 'auto' ? await compressWorthwhile(bytes) : undefined;
      const plain = bytes.subarray(0, compressed?.length);
      if (compressed !== undefined) plain.set(compressed);
      const plainDigest = compressed === undefined ? digest : await digestChunk(plain);
      const { name, stored, storedDigest } = await this.#asStored(plain, plainDigest);
      const codec = compressed === undefined ? 'none' : 'zstd';
      const chunk = { sha256, sizeBytes: bytes.length, name, codec, storedBytes: stored.length } as const;
      await rate?.turn(partitionId, stored.length, signal);
      return storage
        .put(chunkKey(partitionId, name), stored, { sha256: storedDigest, signal })
        .map(() => chunk)
        .mapErr((error) =>
          error.name === 'ObjectAlreadyExists' ? new StoreFailure('put chunk', error.message, error) : error,
        );
    });
  }

  /** Encrypted where they are, when there is a key. */
  async #asStored(plain: Uint8Array<SharedArrayBuffer>, digest: Uint8Array) {
    const { partitionId, key, salt } = this.#options;
    const hex = toHex(digest);
    if (key === undefined) {
      const name = salt === undefined ? hex : sha256Hex(Buffer.from(`${salt} ${hex}`));
      return { name, stored: plain, storedDigest: digest };
    }
    const name = key.chunkName(partitionId, hex, salt);
    const stored = new Uint8Array(plain.buffer, plain.byteOffset, plain.length + SPARE_BYTES);
    return { name, stored, storedDigest: await key.sealChunk(name, stored) };
  }
}
