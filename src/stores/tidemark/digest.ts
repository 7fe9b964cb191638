// SHA-256 in two speeds: off the main thread for chunks, at once for what is small.
import { createHash, webcrypto } from 'node:crypto';

/** Up to this size a digest at once costs less than the way to the thread pool and back. */
const AT_ONCE_BYTES_MAX = 16 * 1024;

/** Hashes a chunk on a thread of the pool, so that four gigabytes do not stop the broker for seconds. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  if (bytes.length <= AT_ONCE_BYTES_MAX) return createHash('sha256').update(bytes).digest();
  // Never over shared memory: the chunks are our own, or what a storage gave.
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** Hashes at once. For what is small. */
export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The digest of a file: over its pieces' raw digests. No byte of the file is hashed twice for it. */
export function fileDigest(pieces: readonly { readonly sha256: string }[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(Buffer.from(piece.sha256, 'hex'));
  return hash.digest('hex');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
