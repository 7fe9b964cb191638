// Reading, SHA-256 and AES-256-GCM on threads of their own, so that neither the broker's event loop nor the
// threads that its own file calls need are kept busy. All of it in memory that the threads share: no byte is
// sent. Nobody else may use that memory meanwhile.
import { invariant } from '../core/invariant.ts';
import type { HashAnswer, HashJob, Work } from './hash-thread.ts';
import { Thread } from './thread.ts';

/** Two, so that one can read while the other hashes. Per process; each is started when it is needed. */
const threads = [1, 2].map(
  (number) => new Thread<HashJob, HashAnswer>(`tidemark hashing ${number}`, 'hash-thread', import.meta.url),
);

function run(work: Work, bytes: Uint8Array<SharedArrayBuffer>): Promise<HashAnswer> {
  const [first, second] = threads;
  invariant(first !== undefined && second !== undefined, 'there are two');
  const thread = second.waiting < first.waiting ? second : first;
  const { buffer, byteOffset: offset, length } = bytes;
  return thread.ask({ id: thread.nextId(), ...work, buffer, offset, length });
}

/** Hashes bytes on another thread. They must stay as they are until it has answered. */
export async function digestElsewhere(bytes: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
  return sha256Of(await run({ kind: 'digest' }, bytes));
}

/**
 * Encrypts bytes where they are, with a nonce of zeros: the key is for these bytes alone. The last 16 are room for the
 * tag. Gives the digest of all of it.
 */
export async function sealElsewhere(
  key: Uint8Array,
  bytes: Uint8Array<SharedArrayBuffer>,
): Promise<Uint8Array> {
  return sha256Of(await run({ kind: 'seal', key }, bytes));
}

/** Decrypts bytes where they are; the last 16 are the tag. False when it does not fit: then nothing has changed. */
export async function unsealElsewhere(
  key: Uint8Array,
  bytes: Uint8Array<SharedArrayBuffer>,
): Promise<boolean> {
  return (await run({ kind: 'unseal', key }, bytes)).fits === true;
}

/** Fills the bytes from a file. Gives how many it had: fewer at its end. Throws what the file system says. */
export async function readElsewhere(
  path: string,
  bytes: Uint8Array<SharedArrayBuffer>,
  position: number,
): Promise<number> {
  const { readBytes = 0, failure } = await run({ kind: 'read', path, position }, bytes);
  if (failure !== undefined) throw new Error(failure);
  return readBytes;
}

function sha256Of({ sha256 }: HashAnswer): Uint8Array {
  invariant(sha256 !== undefined, 'the hashing thread answers with a digest');
  return sha256;
}
