// SHA-256 on a thread of its own: one per process, started at the first digest, never holding the process open.
// It reads memory that both threads share: no byte is copied. Nobody may write there meanwhile.
import { Worker } from 'node:worker_threads';

interface Answer {
  readonly id: number;
  readonly sha256: Uint8Array;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: Error) => void;
}

/** Source text, so that it is found wherever the library is bundled to. */
const SOURCE = `
const { createHash } = require('node:crypto');
const { parentPort } = require('node:worker_threads');
parentPort.on('message', ({ id, buffer, offset, length }) => {
  const sha256 = new Uint8Array(createHash('sha256').update(new Uint8Array(buffer, offset, length)).digest());
  parentPort.postMessage({ id, sha256 });
});`;

class HashWorker {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #asked = 0;

  async digest(bytes: Uint8Array<SharedArrayBuffer>): Promise<Uint8Array> {
    const { buffer, byteOffset: offset, length } = bytes;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const worker = this.#running();
    const id = this.#asked;
    this.#asked += 1;
    worker.postMessage({ id, buffer, offset, length });
    this.#waiting.set(id, { resolve, reject });
    worker.ref();
    return (await promise).sha256;
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
  return hashWorker.digest(bytes);
}
