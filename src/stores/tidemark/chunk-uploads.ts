// Puts chunks into the store, each content once. Knows nothing of files.
import type { Result, ResultAsync } from 'neverthrow';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { compressWorthwhile } from './compression.ts';
import { digestChunk, sha256Hex, toHex } from './digest.ts';
import { chunkKey } from './keys.ts';
import type { Layout } from './layout.ts';
import type { Chunk } from './manifest.ts';

/** The chunks that one save sends. Equal chunks of one backup are sent once. */
export class ChunkUploads {
  readonly #layout: Layout;
  readonly #partitionId: PartitionId;
  readonly #signal: AbortSignal;
  readonly #salt: string | undefined;
  readonly #sent = new Map<string, PromiseLike<Result<Chunk, StoreError>>>();

  /** With a `salt`, which is this attempt's alone, the chunks get names that nobody has used or will use again. */
  constructor(layout: Layout, partitionId: PartitionId, signal: AbortSignal, salt?: string) {
    this.#layout = layout;
    this.#partitionId = partitionId;
    this.#signal = signal;
    this.#salt = salt;
  }

  /** Stores the bytes, whose raw digest is `digest`. They may be others afterwards: room for what is made of them. */
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
      const compressed = values.compression === 'auto' ? await compressWorthwhile(bytes) : undefined;
      const stored = bytes.subarray(0, compressed?.length);
      if (compressed !== undefined) stored.set(compressed);
      const storedDigest = compressed === undefined ? digest : await digestChunk(stored);
      const plain = toHex(storedDigest);
      const name = this.#salt === undefined ? plain : sha256Hex(Buffer.from(`${this.#salt} ${plain}`));
      const key = chunkKey(this.#partitionId, name);
      const codec = compressed === undefined ? 'none' : 'zstd';
      const chunk = {
        sha256,
        sizeBytes: bytes.length,
        name,
        codec,
        storedBytes: stored.length,
      } as const;
      await rate?.turn(this.#partitionId, stored.length, this.#signal);
      return storage
        .put(key, stored, { sha256: storedDigest, signal: this.#signal })
        .map(() => chunk)
        .mapErr((error) =>
          error.name === 'ObjectAlreadyExists' ? new StoreFailure('put chunk', error.message, error) : error,
        );
    });
  }
}
