// A thread that answers questions: started at the first one, never holding the process open without one. It has no
// reason to end; if it does all the same, those who wait are told, and the next question starts another.
import { SHARE_ENV, Worker } from 'node:worker_threads';

const BUNDLED = 'do not bundle tidemark: it starts threads from files of its own';

/** What no second start mends, and what does. */
const NEVER_STARTS: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND: BUNDLED,
  MODULE_NOT_FOUND: BUNDLED,
  ERR_INVALID_URL: BUNDLED,
  ERR_ACCESS_DENIED: 'it works on threads, so give --allow-worker beside --permission',
};

/** What threads leave behind is short-lived and small: more room for it would only be filled. */
const LIMITS = { maxYoungGenerationSizeMb: 4 };

/** Why a question got no answer. When the program was never found, asking again does not help. */
export interface ThreadLost extends Error {
  readonly code: 'THREAD_ENDED' | 'THREAD_MISSING';
}

/** Whether it is one of these, or a bug. */
export function isThreadLost(cause: unknown): cause is ThreadLost {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return cause instanceof Error && (code === 'THREAD_ENDED' || code === 'THREAD_MISSING');
}

function threadLost(thread: string, cause: unknown): ThreadLost {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = NEVER_STARTS[(cause as { readonly code?: string } | undefined)?.code ?? ''];
  const what = `the thread ended: name='${thread}' reason=${reason}`;
  return advice === undefined
    ? Object.assign(new Error(what, { cause }), { code: 'THREAD_ENDED' } as const)
    : Object.assign(new Error(`${what}; ${advice}`, { cause }), { code: 'THREAD_MISSING' } as const);
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (cause: ThreadLost) => void;
}

/** Answers carry the id of their question. */
export class Thread<Message extends object, Answer extends { readonly id: number }> {
  readonly #name: string;
  readonly #program: string;
  readonly #caller: string | undefined;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #worker: Worker | undefined;
  #starts = 0;
  #ids = 0;

  /** `program` stands beside the module at `caller`, from the sources and built. */
  constructor(name: string, program: string, caller: string | undefined) {
    this.#name = name;
    this.#program = program;
    this.#caller = caller;
  }

  /** Of how many questions the answer is not there yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** An id that was not given before. */
  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /**
   * Sees that it runs. Gives another number for each thread: what one was told the next has not heard. Throws a
   * ThreadLost.
   */
  start(): number {
    this.#running();
    return this.#starts;
  }

  /** Expects no answer. Nothing happens when the thread does not run. */
  tell(message: Message): void {
    this.#worker?.postMessage(message);
  }

  /** Memory that is `given` is the thread's from now on. Rejects with a ThreadLost. */
  ask(message: Message & { readonly id: number }, given: ArrayBuffer[] = []): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const worker = this.#running();
      worker.postMessage(message, given);
      this.#waiting.set(message.id, { resolve, reject });
      worker.ref();
    });
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#made();
    worker.unref();
    worker.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.resolve(answer);
      this.#waiting.delete(answer.id);
      if (this.#waiting.size === 0) worker.unref();
    });
    worker.on('error', (cause) => this.#lost(worker, cause));
    // An answer that cannot be read here: without it somebody would wait for ever.
    worker.on('messageerror', (cause) => {
      this.#lost(worker, cause);
      void worker.terminate();
    });
    worker.on('exit', (code) => this.#lost(worker, `exit code ${code}`));
    this.#worker = worker;
    this.#starts += 1;
    return worker;
  }

  #made(): Worker {
    const ending = this.#caller?.endsWith('.ts') ? 'ts' : 'js';
    try {
      // A module that was bundled may know no address of its own.
      const program = new URL(`./${this.#program}.${ending}`, this.#caller);
      return new Worker(program, {
        name: this.#name,
        // Not a copy: the AWS SDK looks for credentials in it, and the program may set them later than it starts us.
        env: SHARE_ENV,
        execArgv: [],
        resourceLimits: LIMITS,
      });
    } catch (cause) {
      throw threadLost(this.#name, cause);
    }
  }

  #lost(worker: Worker, cause: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    const lost = threadLost(this.#name, cause);
    for (const { reject } of this.#waiting.values()) reject(lost);
    this.#waiting.clear();
  }
}
