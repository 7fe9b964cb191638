// SHA-256 and AES-256-GCM on a thread of its own: one per process, started at the first job, never holding the process
// open. It works in memory that both threads share: no byte is sent. Nobody else may use that memory meanwhile.
import { Worker } from 'node:worker_threads';
import { invariant } from '../core/invariant.ts';

interface Answer {
  readonly id: number;
  /** The digest of the bytes as they are now. Absent of an `unseal`: what it gives may be compressed still. */
  readonly sha256?: Uint8Array;
  /** False when the tag of an `unseal` does not fit. */
  readonly fits: boolean;
}

interface Job {
  readonly kind: 'digest' | 'seal' | 'unseal';
  readonly key?: Uint8Array;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: Error) => void;
}

/** Source text, so that it is found wherever the library is bundled to. */
const SOURCE = `
const { createCipheriv, createDecipheriv, createHash } = require('node:crypto');
const { parentPort } = require('node:worker_threads');
const TAG = 16;
const NONCE = new Uint8Array(12);
const sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());
const jobs = {
  digest: (bytes) => ({ sha256: sha256(bytes), fits: true }),
  seal(bytes, key) {
    const end = bytes.length - TAG;
    const cipher = createCipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG });
    bytes.set(cipher.update(bytes.subarray(0, end)));
    cipher.final();
    bytes.set(cipher.getAuthTag(), end);
    return { sha256: sha256(bytes), fits: true };
  },
  unseal(bytes, key) {
    const end = bytes.length - TAG;
    const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG });
    decipher.setAuthTag(new Uint8Array(bytes.subarray(end)));
    const plain = decipher.update(bytes.subarray(0, end));
    try { decipher.final(); } catch { return { fits: false }; }
    bytes.set(plain);
    return { fits: true };
  },
};
parentPort.on('message', ({ id, kind, key, buffer, offset, length }) => {
  parentPort.postMessage({ id, ...jobs[kind](new Uint8Array(buffer, offset, length), key) });
});`;

class HashWorker {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #asked = 0;

  async run(job: Job, bytes: Uint8Array<SharedArrayBuffer>): Promise<Answer> {
    const { buffer, byteOffset: offset, length } = bytes;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const worker = this.#running();
    const id = this.#asked;
    this.#asked += 1;
    worker.postMessage({ id, ...job, buffer, offset, length });
    this.#waiting.set(id, { resolve, reject });
    worker.ref();
    return await promise;
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(SOURCE, { eval: true, name: 'tidemark hashing', env: {}, execArgv: [] });
    worker.unref();
    worker.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
      if (this.#waiting.size === 0) worker.unref();
    });
    // It has no reason to end. If it does all the same, what it had is lost, and the next digest starts another.
    worker.on('error', (cause) =>
      this.#lost(worker, cause instanceof Error ? cause : new Error(String(cause))),
    );
    worker.on('exit', (code) => this.#lost(worker, new Error(`the hashing thread ended with ${code}`)));
    this.#worker = worker;
    return worker;
  }

  #lost(worker: Worker, cause: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(cause);
    this.#waiting.clear();
  }
}

const hashWorker = new HashWorker();

/** Hashes bytes on another thread. They must stay as they are until it has answered. */
export function digestElsewhere(bytes: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
  return hashWorker.run({ kind: 'digest' }, bytes).then(sha256Of);
}

/**
 * Encrypts bytes where they are, with a nonce of zeros: the key is for these bytes alone. The last 16 are room for the
 * tag. Gives the digest of all of it.
 */
export function sealElsewhere(key: Uint8Array, bytes: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
  return hashWorker.run({ kind: 'seal', key }, bytes).then(sha256Of);
}

/** Decrypts bytes where they are; the last 16 are the tag. False when it does not fit: then nothing has changed. */
export function unsealElsewhere(key: Uint8Array, bytes: Uint8Array<SharedArrayBuffer>): Promise<boolean> {
  return hashWorker.run({ kind: 'unseal', key }, bytes).then(({ fits }) => fits);
}

function sha256Of({ sha256 }: Answer): Uint8Array {
  invariant(sha256 !== undefined, 'the hashing thread answers with a digest');
  return sha256;
}
