// The program of the hashing threads. Nothing else imports it. It works in memory that it shares with whoever asks, one
// job after the other.
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { invariant } from '../core/invariant.ts';
import { runWithLowPriority } from './low-priority.ts';

/** What is to be done with `length` bytes of the buffer from `offset` on. */
export type HashJob = { readonly id: number } & Memory & Work;

interface Memory {
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

export type Work =
  | { readonly kind: 'digest' }
  | { readonly kind: 'seal' | 'unseal'; readonly key: Uint8Array }
  | { readonly kind: 'read'; readonly path: string; readonly position: number };

export interface HashAnswer {
  readonly id: number;
  /** The digest of the bytes as they are now. Absent of an `unseal`: what it gives may be compressed still. */
  readonly sha256?: Uint8Array;
  /** False when the tag of an `unseal` does not fit. */
  readonly fits?: boolean;
  /** How much a `read` gave before the end of the file. */
  readonly readBytes?: number;
  /** Why a `read` failed. */
  readonly failure?: string;
}

const TAG_BYTES = 16;
const NONCE = new Uint8Array(12);

invariant(parentPort !== null, 'a hashing thread is started by hash-worker.ts');
const port = parentPort;
runWithLowPriority();

port.on('message', (job: HashJob) => {
  const bytes = new Uint8Array(job.buffer, job.offset, job.length);
  port.postMessage({ id: job.id, ...done(job, bytes) } satisfies HashAnswer);
});

function done(work: Work, bytes: Uint8Array<SharedArrayBuffer>): Omit<HashAnswer, 'id'> {
  switch (work.kind) {
    case 'digest':
      return { sha256: sha256(bytes) };
    case 'seal':
      seal(work.key, bytes);
      return { sha256: sha256(bytes) };
    case 'unseal':
      return { fits: unseal(work.key, bytes) };
    case 'read':
      return read(work, bytes);
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function seal(key: Uint8Array, bytes: Uint8Array<SharedArrayBuffer>): void {
  const end = bytes.length - TAG_BYTES;
  const cipher = createCipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES });
  bytes.set(cipher.update(bytes.subarray(0, end)));
  cipher.final();
  bytes.set(cipher.getAuthTag(), end);
}

function unseal(key: Uint8Array, bytes: Uint8Array<SharedArrayBuffer>): boolean {
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(new Uint8Array(bytes.subarray(end)));
  const plain = decipher.update(bytes.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return false;
  }
  bytes.set(plain);
  return true;
}

function read(
  { path, position }: { readonly path: string; readonly position: number },
  bytes: Uint8Array<SharedArrayBuffer>,
): Omit<HashAnswer, 'id'> {
  let readBytes = 0;
  try {
    const file = openSync(path, 'r');
    try {
      while (readBytes < bytes.length) {
        const more = readSync(file, bytes, readBytes, bytes.length - readBytes, position + readBytes);
        if (more === 0) break;
        readBytes += more;
      }
    } finally {
      closeSync(file);
    }
    return { readBytes };
  } catch (cause) {
    return { readBytes, failure: cause instanceof Error ? cause.message : String(cause) };
  }
}
