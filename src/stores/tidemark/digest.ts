// SHA-256 in two speeds: on another thread for chunks, at once for what is small.
import { hash } from 'node:crypto';
import { digestElsewhere } from '../../runtime/hash-worker.ts';

/** Up to this size work at once costs less than the way to another thread and back. */
export const AT_ONCE_BYTES_MAX = 64 * 1024;

/** Hashes a chunk, so that four gigabytes do not stop the broker for seconds. */
export async function digestChunk(bytes: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
  return bytes.length <= AT_ONCE_BYTES_MAX ? sha256(bytes) : digestElsewhere(bytes);
}

/** Hashes at once. For what is small. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** The same, as text. */
export function sha256Hex(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** The digest of a file: over its pieces' raw digests. No byte of the file is hashed twice for it. */
export function fileDigest(pieces: readonly { readonly sha256: string }[]): string {
  return hash('sha256', Buffer.from(pieces.map((piece) => piece.sha256).join(''), 'hex'), 'hex');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
