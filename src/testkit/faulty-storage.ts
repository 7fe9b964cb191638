// A storage that fails on demand: faults wait in a queue per operation, and each call takes the next one that
// fits. Calls without a fault go through untouched. For tests of what stands on a storage.
import { err, type Result, type ResultAsync } from 'neverthrow';
import { Aborted, type ObjectAlreadyExists, type ObjectNotFound, type StoreError } from '../core/errors.ts';
import { fromAsync } from '../core/result.ts';
import type { Clock } from '../ports/environment.ts';
import type {
  GetOptions,
  ListObjectsOptions,
  ObjectCallOptions,
  ObjectInfo,
  ObjectPage,
  ObjectStorage,
  ObjectUpload,
  PutOptions,
  UploadOptions,
} from '../ports/object-storage.ts';

export type StorageOperation = 'put' | 'get' | 'head' | 'list' | 'delete';

/** Which calls a fault is for, by their key: of a `list` its prefix, of a `delete` any of its keys. */
export type KeyFilter = (key: string) => boolean;

interface Fault {
  readonly what: string;
  readonly matches: KeyFilter;
  readonly delayMs: number;
  readonly act: (
    through: () => ResultAsync<unknown, unknown>,
    signal?: AbortSignal,
  ) => Promise<Result<unknown, unknown>>;
  left: number;
}

/** An {@link ObjectStorage} with faults in front of another one. */
export class FaultyStorage implements ObjectStorage {
  readonly location: string;
  readonly #storage: ObjectStorage;
  readonly #clock: Clock;
  readonly #faults: Record<StorageOperation, Fault[]> = { put: [], get: [], head: [], list: [], delete: [] };

  constructor(components: { readonly storage: ObjectStorage; readonly clock: Clock }) {
    this.#storage = components.storage;
    this.#clock = components.clock;
    this.location = components.storage.location;
  }

  /** Starts a fault for the next call of this operation, or the next whose key fits. */
  on(operation: StorageOperation, matches: KeyFilter = () => true): FaultBuilder {
    return new FaultBuilder((fault) => {
      const planned = { ...fault, what: `${operation}: ${fault.what}`, matches };
      this.#faults[operation].push(planned);
      return planned;
    });
  }

  /** Throws when a fault was never met: the test does not test what it says. */
  verifyAllFired(): void {
    const left = Object.values(this.#faults).flatMap((faults) =>
      faults.map((f) => `${f.what} (${f.left} left)`),
    );
    if (left.length > 0) throw new Error(`faults that no call met: ${left.join(', ')}`);
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    return this.#call('put', [key], options, () => this.#storage.put(key, body, options));
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    return this.#call('get', [key], options, () => this.#storage.get(key, options));
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    return this.#call('head', [key], options, () => this.#storage.head(key, options));
  }

  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError> {
    return this.#call('list', [prefix], options, () => this.#storage.list(prefix, options));
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#call('delete', keys, options, () => this.#storage.delete(keys, options));
  }

  /** The calls of an upload in parts are puts of its key. */
  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    return this.#call('put', [key], options, () => this.#storage.startUpload(key, options)).map((upload) => ({
      part: (index, bytes, call) => this.#call('put', [key], call, () => upload.part(index, bytes, call)),
      complete: (call) => this.#call('put', [key], call, () => upload.complete(call)),
      abort: (call) => upload.abort(call),
    }));
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #call<T, E>(
    operation: StorageOperation,
    keys: readonly string[],
    options: ObjectCallOptions | undefined,
    through: () => ResultAsync<T, E>,
  ): ResultAsync<T, E> {
    const queue = this.#faults[operation];
    const index = queue.findIndex((fault) => keys.some(fault.matches));
    const fault = queue[index];
    if (fault === undefined) return through();
    fault.left -= 1;
    if (fault.left === 0) queue.splice(index, 1);
    return fromAsync<T, E>(async () => {
      if (fault.delayMs > 0) await this.#clock.sleep(fault.delayMs, options?.signal);
      return (await fault.act(through, options?.signal)) as Result<T, E>;
    });
  }
}

type PlannedFault = Omit<Fault, 'what' | 'matches'> & { readonly what: string };

/** Says what the fault is. Ends with one of the verbs; `delay` may come before it. */
export class FaultBuilder {
  readonly #plan: (fault: PlannedFault) => { left: number };
  #delayMs = 0;

  /** @internal */
  constructor(plan: (fault: PlannedFault) => { left: number }) {
    this.#plan = plan;
  }

  /** Waits before whatever follows. */
  delay(ms: number): this {
    this.#delayMs = ms;
    return this;
  }

  /** Fails and does nothing. */
  fail(error: StoreError | ObjectNotFound | ObjectAlreadyExists): FaultCount {
    return this.#add(`fail ${error.name}`, async () => err(error));
  }

  /** Does it, then reports a failure: an answer that got lost. */
  doThenFail(error: StoreError): FaultCount {
    return this.#add(`do it, then fail ${error.name}`, async (through) => {
      const done = await through();
      return done.isErr() ? done : err(error);
    });
  }

  /** Throws, as no storage should. */
  throw(cause: unknown): FaultCount {
    return this.#add('throw', async () => {
      throw cause;
    });
  }

  /** Never answers. Ends only when the call's signal fires. */
  hang(): FaultCount {
    return this.#add('hang', (_, signal) => {
      const aborted = () => err(new Aborted('hanging call'));
      if (signal?.aborted) return Promise.resolve(aborted());
      return new Promise((resolve) =>
        signal?.addEventListener('abort', () => resolve(aborted()), { once: true }),
      );
    });
  }

  /** Only waits, then does it. */
  pass(): FaultCount {
    return this.#add('pass', async (through) => through());
  }

  #add(what: string, act: Fault['act']): FaultCount {
    const fault = this.#plan({ what, act, delayMs: this.#delayMs, left: 1 });
    return {
      times(count) {
        fault.left = count;
      },
    };
  }
}

/** How often the fault comes. Once when nothing is said. */
export interface FaultCount {
  times(count: number): void;
}
