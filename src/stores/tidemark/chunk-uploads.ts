// Puts chunks into the store, each content once. Knows nothing of files.
import type { Result, ResultAsync } from 'neverthrow';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { sha256Hex, toHex } from './digest.ts';
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

  /** Stores the bytes, whose raw digest is `digest`. */
  send(bytes: Uint8Array, digest: Uint8Array): ResultAsync<Chunk, StoreError> {
    return fromAsync<Chunk, StoreError>(async () => {
      const name = toHex(digest);
      const sent = this.#sent.get(name) ?? this.#put(name, bytes, digest);
      this.#sent.set(name, sent);
      return sent;
    });
  }

  #put(sha256: string, bytes: Uint8Array, digest: Uint8Array): ResultAsync<Chunk, StoreError> {
    const name = this.#salt === undefined ? sha256 : sha256Hex(Buffer.from(`${this.#salt} ${sha256}`));
    const key = chunkKey(this.#partitionId, name);
    return this.#layout.storage
      .put(key, bytes, { sha256: digest, signal: this.#signal })
      .map(() => ({ sha256, sizeBytes: bytes.length, name }))
      .mapErr((error) =>
        error.name === 'ObjectAlreadyExists' ? new StoreFailure('put chunk', error.message, error) : error,
      );
  }
}
