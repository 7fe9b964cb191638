// The key that the chunks and manifests of a place are encrypted with, and all that is made of it. The secret itself
// never leaves: not in a print, not in a log.
import type { PartitionId } from '../../core/ids.ts';
import { sealElsewhere, unsealElsewhere } from '../../runtime/hash-worker.ts';
import { AT_ONCE_BYTES_MAX, sha256 } from './digest.ts';
import { keyed, keyFor, NONCE_BYTES, seal, TAG_BYTES, unseal } from './sealing.ts';

const ZEROS = new Uint8Array(NONCE_BYTES);

/** A data key, opened. `id` is public. */
export class DataKey {
  readonly id: string;
  readonly #names: Uint8Array;
  readonly #chunks: Uint8Array;
  readonly #manifests: Uint8Array;

  /** `secret` has 32 bytes. */
  constructor(id: string, secret: Uint8Array) {
    this.id = id;
    this.#names = keyFor('chunk names', secret);
    this.#chunks = keyFor('chunks', secret);
    this.#manifests = keyFor('manifests', secret);
  }

  /**
   * What the object of a chunk is called: nobody without the key can tell what it says of the bytes. Equal bytes have
   * equal names within a partition; with a `salt` they have another one.
   */
  chunkName(partitionId: PartitionId, sha256OfPlain: string, salt = ''): string {
    return keyed(this.#names, `${partitionId} ${salt} ${sha256OfPlain}`).toString('hex');
  }

  /**
   * Seals the bytes of a chunk where they are; the last 16 of the memory are room for the tag. Each name has a key of
   * its own, and stands for one content alone: so a nonce of zeros is never used for two. Gives the SHA-256 of what
   * it made.
   */
  async sealChunk(name: string, memory: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
    const key = this.#chunkKey(name);
    if (memory.length > AT_ONCE_BYTES_MAX) return sealElsewhere(key, memory);
    memory.set(seal(key, ZEROS, memory.subarray(0, -TAG_BYTES)));
    return sha256(memory);
  }

  /** The other way round: the plain bytes are where the sealed ones were. False when these are damaged. */
  async unsealChunk(name: string, memory: Uint8Array<SharedArrayBuffer>): Promise<boolean> {
    const key = this.#chunkKey(name);
    if (memory.length > AT_ONCE_BYTES_MAX) return unsealElsewhere(key, memory);
    const plain = unseal(key, ZEROS, memory);
    if (plain !== undefined) memory.set(plain);
    return plain !== undefined;
  }

  #chunkKey(name: string): Uint8Array {
    return keyed(this.#chunks, name);
  }

  /** Seals the lines of one manifest. Its first line holds chance, so each manifest has a key of its own. */
  manifestSeal(firstLine: string | Uint8Array): ManifestSeal {
    return new ManifestSeal(keyed(this.#manifests, firstLine));
  }
}

/** Seals or opens parts of one manifest in their order. Use one for one direction. */
export class ManifestSeal {
  readonly #key: Uint8Array;
  #count = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(plain: Uint8Array): Uint8Array {
    return seal(this.#key, this.#nonce(), plain);
  }

  unseal(sealed: Uint8Array): Uint8Array | undefined {
    return unseal(this.#key, this.#nonce(), sealed);
  }

  #nonce(): Uint8Array {
    const nonce = Buffer.alloc(NONCE_BYTES);
    nonce.writeUInt32BE(this.#count, NONCE_BYTES - 4);
    this.#count += 1;
    return nonce;
  }
}
