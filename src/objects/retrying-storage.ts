// Retries what a storage could not do for the moment, within one limit per call. The one place that retries:
// storages below make one attempt, layouts above make one call. It never retries what will not get better.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { startDeadline, untilAborted } from '../core/deadline.ts';
import {
  type Aborted,
  type DeadlineExceeded,
  type ObjectAlreadyExists,
  type ObjectNotFound,
  type StoreError,
  StoreUnavailable,
} from '../core/errors.ts';
import { API_CALL_TIMEOUT_MS } from '../core/limits.ts';
import { contain, fromAsync } from '../core/result.ts';
import { tell } from '../core/tell.ts';
import type { Clock, Random } from '../ports/environment.ts';
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
import type { Logger, StoreObserver, StoreOperation } from '../ports/telemetry.ts';

export interface RetryingStorageComponents {
  readonly storage: ObjectStorage;
  readonly clock: Clock;
  readonly random: Pick<Random, 'fraction'>;
  /** Is told about each attempt that failed and is tried again. */
  readonly logger?: Pick<Logger, 'warn'> | undefined;
  /** Is told the same, as an event. */
  readonly observer?: StoreObserver | undefined;
}

export interface RetryingStorageSettings {
  /** Limit of one call with all its retries, in milliseconds. Default 180,000. */
  readonly apiCallTimeoutMs?: number | undefined;
}

/** The longest wait before the first retry; it doubles with each further one. */
const BACKOFF_MS = 100;
const BACKOFF_MS_MAX = 20_000;

/** How long a call that is called off waits for its attempt to let go: the S3 thread is told, and answers. */
const LETS_GO_MS = 1_000;

/**
 * An {@link ObjectStorage} that tries again, after a random wait, what was StoreUnavailable. A storage that throws
 * gives a StoreFailure. A create-only put whose first answer was lost finds its own object there and succeeds, so
 * the bodies of two writers of one key must differ. After `close` every call ends as Aborted.
 */
export class RetryingStorage implements ObjectStorage {
  readonly location: string;
  readonly #storage: ObjectStorage;
  readonly #clock: Clock;
  readonly #random: Pick<Random, 'fraction'>;
  readonly #logger: Pick<Logger, 'warn'> | undefined;
  readonly #observer: StoreObserver | undefined;
  readonly #timeoutMs: number;
  readonly #closed = new AbortController();

  constructor(components: RetryingStorageComponents, settings: RetryingStorageSettings = {}) {
    this.#storage = components.storage;
    this.#clock = components.clock;
    this.#random = components.random;
    this.#logger = components.logger;
    this.#observer = components.observer;
    this.#timeoutMs = settings.apiCallTimeoutMs ?? API_CALL_TIMEOUT_MS;
    this.location = components.storage.location;
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    return this.#retry<void, ObjectAlreadyExists>(`put ${key}`, 'put', options, async (signal, attempt) => {
      const written = await this.#storage.put(key, body, { ...options, signal });
      const isDoubtful = written.isErr() && written.error.name === 'ObjectAlreadyExists' && attempt > 1;
      return isDoubtful ? this.#isOurs(key, body, signal, written) : written;
    });
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    return this.#retry<Uint8Array, ObjectNotFound>(`get ${key}`, 'get', options, (signal) =>
      this.#storage.get(key, { ...options, signal }),
    );
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    return this.#retry<ObjectInfo, ObjectNotFound>(`head ${key}`, 'head', options, (signal) =>
      this.#storage.head(key, { ...options, signal }),
    );
  }

  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError> {
    return this.#retry<ObjectPage, never>(`list ${prefix}`, 'list', options, (signal) =>
      this.#storage.list(prefix, { ...options, signal }),
    );
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#retry<void, never>(`delete ${keys.length} objects`, 'delete', options, (signal) =>
      this.#storage.delete(keys, { ...options, signal }),
    );
  }

  /** Each part is tried again by itself, so a large object is not sent from its beginning for one lost part. */
  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    const start = this.#retry<ObjectUpload, never>(`start upload ${key}`, 'start-upload', options, (signal) =>
      this.#storage.startUpload(key, { ...options, signal }),
    );
    return start.map((upload) => ({
      part: (index, bytes, call) =>
        this.#retry<void, never>(`put part ${index} of ${key}`, 'put-part', call, (signal) =>
          upload.part(index, bytes, { ...call, signal }),
        ),
      complete: (call) =>
        this.#retry<void, never>(`complete ${key}`, 'complete-upload', call, (signal) =>
          upload.complete({ ...call, signal }),
        ),
      abort: (call) =>
        this.#retry<void, never>(`abort ${key}`, 'abort-upload', call, (signal) =>
          upload.abort({ ...call, signal }),
        ),
    }));
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#storage.close();
  }

  #retry<T, E>(
    operation: string,
    kind: StoreOperation,
    options: ObjectCallOptions | undefined,
    run: (signal: AbortSignal, attempt: number) => PromiseLike<Result<T, StoreError | E>>,
  ): ResultAsync<T, StoreError | E> {
    return fromAsync<T, StoreError | E>(async () => {
      const closed = this.#closed.signal;
      const signal = options?.signal === undefined ? closed : AbortSignal.any([options.signal, closed]);
      const limit = startDeadline(this.#clock, { operation, timeoutMs: this.#timeoutMs, signal });
      const endsAt = this.#clock.monotonic() + this.#timeoutMs;
      try {
        for (let attempt = 1, last: StoreUnavailable | undefined; ; attempt += 1) {
          const result = await this.#once(limit.signal, () =>
            contain(operation, () => fromAsync(async () => run(limit.signal, attempt))),
          );
          if (result.isOk()) return result;
          const { error } = result;
          // When the time is up, the failure before tells more than that.
          if (isNamed(error, 'DeadlineExceeded') && last !== undefined)
            return err(gaveUp(operation, attempt - 1, last));
          if (!(error instanceof StoreUnavailable)) return result;
          last = error;
          const waitMs = this.#backoffMs(attempt, error);
          if (this.#clock.monotonic() + waitMs >= endsAt) return err(gaveUp(operation, attempt, error));
          this.#logger?.warn({ operation, attempt, waitMs, err: error }, 'the store is tried again');
          tell(
            this.#observer,
            { type: 'retry', operation: kind, attempt, waitMs, error },
            this.#observerThrew,
          );
          await this.#clock.sleep(waitMs, limit.signal);
        }
      } finally {
        limit.stop();
      }
    });
  }

  /** One attempt. One that is called off may be using the memory that it was lent until it says that it has ended. */
  async #once<T, E>(
    signal: AbortSignal,
    run: () => ResultAsync<T, E>,
  ): Promise<Result<T, E | DeadlineExceeded | Aborted>> {
    const ended = new AbortController();
    let hasBegun = false;
    const result = await untilAborted(signal, () => {
      hasBegun = true;
      return run()
        .andTee(() => ended.abort())
        .orTee(() => ended.abort());
    });
    if (hasBegun && signal.aborted) await this.#clock.sleep(LETS_GO_MS, ended.signal);
    return result;
  }

  readonly #observerThrew = (cause: unknown): void => this.#logger?.warn({ err: cause }, 'an observer threw');

  /** Full jitter: clients that failed together do not come back together. What the store asked for is a minimum. */
  #backoffMs(attempt: number, error: StoreUnavailable): number {
    const most = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** (attempt - 1));
    return (error.retryAfterMs ?? 0) + this.#random.fraction() * most;
  }

  /** An object that is there at a second attempt may be what the first one wrote. Its bytes tell. */
  async #isOurs(
    key: string,
    body: Uint8Array,
    signal: AbortSignal,
    otherwise: Result<void, StoreError | ObjectAlreadyExists>,
  ): Promise<Result<void, StoreError | ObjectAlreadyExists>> {
    const stored = await this.#storage.get(key, { signal });
    if (stored.isOk()) return Buffer.compare(stored.value, body) === 0 ? ok(undefined) : otherwise;
    return stored.error.name === 'ObjectNotFound' ? otherwise : err(stored.error);
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}

function gaveUp(operation: string, attempts: number, last: StoreUnavailable): StoreUnavailable {
  return new StoreUnavailable(operation, `attempts=${attempts} ${last.detail}`, last, last.retryAfterMs);
}
