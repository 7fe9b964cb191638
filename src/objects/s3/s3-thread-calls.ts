// S3 requests on a thread of their own, so that signing, TLS and received bytes keep neither the broker's event
// loop nor its garbage collector busy. One thread per process for all buckets.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { isThreadLost, Thread } from '../../runtime/thread.ts';
import type { S3Failure } from './s3-failure.ts';
import type { S3Answer, S3ConnectionSettings, S3Requests } from './s3-requests.ts';
import type { S3CallAnswer, S3CallInput, S3CallMethod, ToS3Thread } from './s3-thread-messages.ts';

type Output<M extends S3CallMethod> =
  ReturnType<S3Requests[M]> extends ResultAsync<S3Answer<infer O>, S3Failure> ? O : never;

const CALLED_OFF: S3Failure = { code: 'AbortError', message: 'called off' };

const thread = new Thread<ToS3Thread, S3CallAnswer>('tidemark S3', 's3-thread', import.meta.url);

/**
 * The requests of {@link S3Requests} to one place. A call that is called off ends when the thread has let go of the
 * memory that it was lent.
 */
export class S3ThreadCalls {
  readonly #settings: S3ConnectionSettings;
  /** By which name which thread knows the settings. */
  #open: { readonly start: number; readonly place: number } | undefined;

  constructor(settings: S3ConnectionSettings) {
    this.#settings = settings;
  }

  async call<M extends S3CallMethod>(
    method: M,
    input: S3CallInput<M>,
    signal: AbortSignal,
  ): Promise<Result<S3Answer<Output<M>>, S3Failure>> {
    if (signal.aborted) return err(CALLED_OFF);
    const sent = asSent(input);
    const id = thread.nextId();
    const onAbort = () => thread.tell({ kind: 'abort', id });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const place = this.#place();
      const call = { kind: 'call', id, place, method, input: sent.input } as const;
      const { value, failure } = await thread.ask(call, sent.given);
      if (failure !== undefined) return err(failure);
      return ok(inMemoryOf(input as MemoryOfInput, value as S3Answer<Output<M> & object>));
    } catch (cause) {
      if (!isThreadLost(cause)) throw cause;
      return err({ code: cause.code, message: cause.message });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Closes the connections. May be called twice. */
  destroy(): void {
    if (this.#open === undefined) return;
    thread.tell({ kind: 'close', place: this.#open.place });
    this.#open = undefined;
  }

  #place(): number {
    const start = thread.start();
    if (this.#open?.start === start) return this.#open.place;
    const place = thread.nextId();
    thread.tell({ kind: 'open', place, settings: this.#settings });
    this.#open = { start, place };
    return place;
  }
}

/** Whatever memory an input has. */
interface MemoryOfInput {
  readonly body?: Uint8Array;
  readonly bytes?: Uint8Array;
  readonly into?: Uint8Array;
}

/** Memory that is shared is lent. Of other memory the bytes are copied, just these, and the copy is given away. */
function asSent<I extends object>(input: I): { readonly input: I; readonly given: ArrayBuffer[] } {
  const { body, bytes, into } = input as MemoryOfInput;
  const given: ArrayBuffer[] = [];
  const lentOrGiven = (memory: Uint8Array) => {
    if (memory.buffer instanceof SharedArrayBuffer) return memory;
    const copy = new Uint8Array(memory);
    given.push(copy.buffer);
    return copy;
  };
  const sent = {
    ...input,
    ...(body === undefined ? {} : { body: lentOrGiven(body) }),
    ...(bytes === undefined ? {} : { bytes: lentOrGiven(bytes) }),
    ...(into?.buffer instanceof SharedArrayBuffer ? {} : { into: undefined }),
  };
  return { input: sent, given };
}

/** What was received in lent memory comes back as another view of it: gives the caller's own. */
function inMemoryOf<T extends S3Answer<object>>({ into }: MemoryOfInput, answer: T): T {
  const { bytes } = answer.output as { readonly bytes?: Uint8Array };
  if (into === undefined || !(bytes?.buffer instanceof SharedArrayBuffer)) return answer;
  return { ...answer, output: { ...answer.output, bytes: into.subarray(0, bytes.byteLength) } };
}
