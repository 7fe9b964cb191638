// Objects in a bucket of S3 or of a server that speaks its protocol. One call is one attempt: put a
// RetryingStorage around it. It believes no answer that does not look like S3's, and never makes a bucket.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { startDeadline } from '../../core/deadline.ts';
import {
  ObjectAlreadyExists,
  ObjectNotFound,
  type StoreError,
  StoreFailure,
  StoreUnavailable,
} from '../../core/errors.ts';
import { OBJECTS_PER_REQUEST_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { Clock } from '../../ports/environment.ts';
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
} from '../../ports/object-storage.ts';
import { assertRange, pageLimit } from '../call-bounds.ts';
import { assertKeyPrefix, assertObjectKey } from '../object-key.ts';
import { readRangeAnswer } from './s3-body.ts';
import { type S3Failure, type S3Place, s3FailureKind, s3StoreError } from './s3-failure.ts';
import { hasNoEnd, NOT_S3 } from './s3-foreign.ts';
import { readListing, tokenBehindNothing } from './s3-listing.ts';
import type { S3Answer, S3ConnectionSettings } from './s3-requests.ts';
import { S3ThreadCalls } from './s3-thread-calls.ts';
import { type RunUploadAttempt, S3Upload } from './s3-upload.ts';

/** `clock` limits each attempt, and stamps a listing whose answer has no date. */
export interface S3ObjectStorageComponents {
  readonly clock: Clock;
}

export interface S3ObjectStorageSettings
  extends Omit<S3ConnectionSettings, 'connectionTimeoutMs' | 'idleTimeoutMs'> {
  /** Limit of making a connection, in milliseconds. Default 10,000. */
  readonly connectionTimeoutMs?: number | undefined;
  /** Limit of a connection's silence in the midst of a request, in milliseconds. Default 30,000. */
  readonly idleTimeoutMs?: number | undefined;
  /** Limit of one request from its start to the last byte of its answer, in milliseconds. Default 60,000. */
  readonly attemptTimeoutMs?: number | undefined;
}

const CONNECTION_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;
const ATTEMPT_TIMEOUT_MS = 60_000;
const SINGLE_DELETES_IN_FLIGHT = 8;

/** An {@link ObjectStorage} in a bucket. After `close` every call ends as Aborted. */
export class S3ObjectStorage implements ObjectStorage {
  readonly location: string;
  readonly #clock: Clock;
  readonly #attemptTimeoutMs: number;
  readonly #requests: S3ThreadCalls;
  readonly #place: S3Place;
  readonly #closed = new AbortController();
  /** What the server has refused once is not tried again. */
  #takesConditions = true;
  #takesBatches = true;

  constructor(components: S3ObjectStorageComponents, settings: S3ObjectStorageSettings) {
    this.#clock = components.clock;
    this.#attemptTimeoutMs = settings.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
    // Field by field: what else a caller's object holds may be such as no thread can be given.
    const { bucket, region, endpoint, credentials, forcePathStyle, encryption } = settings;
    this.#requests = new S3ThreadCalls({
      ...{ bucket, region, endpoint, credentials, forcePathStyle, encryption },
      connectionTimeoutMs: settings.connectionTimeoutMs ?? CONNECTION_TIMEOUT_MS,
      idleTimeoutMs: settings.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    });
    this.location = `s3://${settings.bucket}`;
    this.#place = {
      location: this.location,
      endpoint: hostOf(settings.endpoint),
      region: settings.region,
    };
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    const operation = this.#name('put', key);
    return this.#attempt<void, ObjectAlreadyExists>(operation, options, async (signal) => {
      assertObjectKey(key);
      const input = { key, body, sha256: options?.sha256, ifAbsent: options?.ifAbsent ?? false };
      if (input.ifAbsent && !this.#takesConditions) return this.#putUnlessSeen(operation, input, signal);
      const answer = await this.#requests.call('put', input, signal);
      if (answer.isErr()) {
        const kind = s3FailureKind(answer.error);
        if (input.ifAbsent && kind === 'object-exists') return err(new ObjectAlreadyExists(key));
        if (input.ifAbsent && kind === 'not-supported') {
          this.#takesConditions = false;
          return this.#putUnlessSeen(operation, input, signal);
        }
        return err(this.#error(operation, answer.error));
      }
      return answer.value.output.ETag === undefined
        ? err(new StoreFailure(operation, NOT_S3))
        : ok(undefined);
    });
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    const operation = this.#name('get', key);
    return this.#attempt<Uint8Array, ObjectNotFound>(operation, options, async (signal) => {
      assertObjectKey(key);
      assertRange(options?.range);
      const range = options?.range;
      // S3 has no words for an empty range.
      if (range?.length === 0) return (await this.#head(operation, key, signal)).map(() => new Uint8Array());
      const header = range && `bytes=${range.start}-${range.start + range.length - 1}`;
      const answer = await this.#requests.call('get', { key, range: header, into: options?.into }, signal);
      if (answer.isErr()) {
        const kind = s3FailureKind(answer.error);
        if (kind === 'object-missing') return err(new ObjectNotFound(key));
        return range && kind === 'range-outside'
          ? ok(new Uint8Array())
          : err(this.#error(operation, answer.error));
      }
      const { output, headers } = answer.value;
      if (output.ETag === undefined) return err(new StoreFailure(operation, NOT_S3));
      if (hasNoEnd(headers))
        return err(new StoreUnavailable(operation, 'the answer does not tell its length'));
      return readRangeAnswer(output, range).mapErr((detail) => new StoreUnavailable(operation, detail));
    });
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    const operation = this.#name('head', key);
    return this.#attempt<ObjectInfo, ObjectNotFound>(operation, options, (signal) => {
      assertObjectKey(key);
      return this.#head(operation, key, signal);
    });
  }

  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError> {
    const operation = this.#name('list', prefix);
    return this.#attempt<ObjectPage, never>(operation, options, async (signal) => {
      assertKeyPrefix(prefix);
      const bounds = { prefix, startAfter: options?.startAfter, limit: pageLimit(options) };
      const tokens = new Set<string>();
      for (let token: string | undefined; ; ) {
        const answer = await this.#requests.call('list', { ...bounds, token }, signal);
        if (answer.isErr()) return err(this.#error(operation, answer.error));
        const { output } = answer.value;
        token = tokenBehindNothing(output, tokens);
        if (token === undefined) {
          return readListing(output, bounds)
            .map((page) => ({ ...page, now: this.#serverTime(answer.value) }))
            .mapErr((detail) => new StoreFailure(operation, detail));
        }
        tokens.add(token);
      }
    });
  }

  /** In batches; what a batch before a failure deleted stays deleted, and the call can be repeated. */
  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return fromAsync(async () => {
      keys.forEach(assertObjectKey);
      const distinct = [...new Set(keys)];
      for (let start = 0; start < distinct.length; start += OBJECTS_PER_REQUEST_MAX) {
        const batch = distinct.slice(start, start + OBJECTS_PER_REQUEST_MAX);
        const operation = this.#name('delete', `${batch[0]} and ${batch.length - 1} more`);
        const deleted = await this.#attempt<void, never>(operation, options, (signal) =>
          this.#deleteBatch(operation, batch, signal),
        );
        if (deleted.isErr()) return err(deleted.error);
      }
      // Nothing to delete and no attempt made: a signal that fired counts all the same.
      return keys.length > 0
        ? ok(undefined)
        : this.#attempt<void, never>('delete', options, async () => ok());
    });
  }

  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    const operation = this.#name('start upload', key);
    return this.#attempt<ObjectUpload, never>(operation, options, async (signal) => {
      assertObjectKey(key);
      const answer = await this.#requests.call('startUpload', { key }, signal);
      if (answer.isErr()) return err(this.#error(operation, answer.error));
      const uploadId = answer.value.output.UploadId;
      if (uploadId === undefined) return err(new StoreFailure(operation, NOT_S3));
      const tools = {
        requests: this.#requests,
        attempt: (verb: string, call: ObjectCallOptions | undefined, run: RunUploadAttempt) =>
          this.#attempt<void, never>(this.#name(verb, key), call, (limited) =>
            run(this.#name(verb, key), limited),
          ),
        head: (verb: string, limited: AbortSignal) => this.#head(verb, key, limited),
        error: (verb: string, failure: S3Failure) => this.#error(verb, failure),
      };
      return ok(new S3Upload(tools, { key, uploadId }, options.partSizeBytes));
    });
  }

  async close(): Promise<void> {
    this.#closed.abort();
    this.#requests.destroy();
  }

  /** One attempt with its limit. Ends at once when the caller's signal or `close` calls it off. */
  #attempt<T, E>(
    operation: string,
    options: ObjectCallOptions | undefined,
    run: (signal: AbortSignal) => Promise<Result<T, StoreError | E>>,
  ): ResultAsync<T, StoreError | E> {
    return fromAsync<T, StoreError | E>(async () => {
      const closed = this.#closed.signal;
      const outer = options?.signal === undefined ? closed : AbortSignal.any([options.signal, closed]);
      const timeoutMs = this.#attemptTimeoutMs;
      const limit = startDeadline(this.#clock, { operation, timeoutMs, signal: outer });
      try {
        // Not given up before the requests have ended: until then they may use the memory that they were given.
        const result = await run(limit.signal);
        if (result.isOk() || !limit.signal.aborted) return result;
        // Whatever the requests made of the abort: the reason is known here.
        const { reason } = limit.signal;
        return err(
          outer.aborted ? reason : new StoreUnavailable(operation, `timeoutMs=${timeoutMs}`, reason),
        );
      } finally {
        limit.stop();
      }
    });
  }

  /** For servers without conditional writes: two writers at the same moment can both succeed. */
  async #putUnlessSeen(
    operation: string,
    input: { readonly key: string; readonly body: Uint8Array; readonly sha256: Uint8Array | undefined },
    signal: AbortSignal,
  ): Promise<Result<void, StoreError | ObjectAlreadyExists>> {
    const seen = await this.#head(operation, input.key, signal);
    if (seen.isOk()) return err(new ObjectAlreadyExists(input.key));
    if (seen.error.name !== 'ObjectNotFound') return err(seen.error);
    const answer = await this.#requests.call('put', { ...input, ifAbsent: false }, signal);
    if (answer.isErr()) return err(this.#error(operation, answer.error));
    return answer.value.output.ETag === undefined ? err(new StoreFailure(operation, NOT_S3)) : ok(undefined);
  }

  /** Whether an unusual answer to a delete has deleted: only the object's absence tells. */
  async #isDeleted(operation: string, key: string, signal: AbortSignal): Promise<Result<void, StoreError>> {
    const seen = await this.#head(operation, key, signal);
    if (seen.isOk()) return err(new StoreFailure(operation, NOT_S3));
    return seen.error.name === 'ObjectNotFound' ? ok() : err(seen.error);
  }

  /** The answer has no body, so a missing bucket cannot be told from a missing object. */
  async #head(
    operation: string,
    key: string,
    signal: AbortSignal,
  ): Promise<Result<ObjectInfo, StoreError | ObjectNotFound>> {
    const answer = await this.#requests.call('head', { key }, signal);
    if (answer.isErr()) {
      const { status, code } = answer.error;
      const isMissing = status === 404 && code !== 'NotS3' && s3FailureKind(answer.error) !== 'denied';
      return err(isMissing ? new ObjectNotFound(key) : this.#error(operation, answer.error));
    }
    const { ContentLength: sizeBytes, LastModified, ETag } = answer.value.output;
    const lastModified = LastModified?.getTime() ?? Number.NaN;
    if (ETag === undefined || sizeBytes === undefined || Number.isNaN(lastModified)) {
      return err(new StoreFailure(operation, NOT_S3));
    }
    return ok({ key, sizeBytes, lastModified });
  }

  async #deleteBatch(
    operation: string,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<void, StoreError>> {
    if (!this.#takesBatches) return this.#deleteOneByOne(operation, keys, signal);
    const answer = await this.#requests.call('deleteBatch', { keys }, signal);
    if (answer.isErr()) {
      const refused = ['not-supported', 'unusable'].includes(s3FailureKind(answer.error));
      if (!refused || (answer.error.status ?? 0) < 400) return err(this.#error(operation, answer.error));
      this.#takesBatches = false;
      return this.#deleteOneByOne(operation, keys, signal);
    }
    const { Deleted = [], Errors = [] } = answer.value.output;
    const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey');
    if (failed !== undefined) {
      const { Code = 'unknown', Message = '', Key } = failed;
      const failure = { code: Code, message: `${Message} (${Errors.length} keys failed, first ${Key})` };
      return err(this.#error(operation, failure));
    }
    const answered = new Set([...Deleted, ...Errors].map(({ Key }) => Key));
    const silent = keys.filter((key) => !answered.has(key));
    if (silent.length === 0) return ok(undefined);
    const what = `the answer does not name ${silent.length} keys, first ${silent[0]}`;
    return err(new StoreFailure(operation, `${what}; see whether they are there, and delete again`));
  }

  async #deleteOneByOne(
    operation: string,
    keys: readonly string[],
    signal: AbortSignal,
  ): Promise<Result<void, StoreError>> {
    const slots = pLimit(SINGLE_DELETES_IN_FLIGHT);
    const deleteOne = async (key: string): Promise<Result<void, StoreError>> => {
      const answer = await this.#requests.call('deleteOne', { key }, signal);
      if (answer.isOk()) return answer.value.status === 204 ? ok() : this.#isDeleted(operation, key, signal);
      const isMissing = s3FailureKind(answer.error) === 'object-missing';
      return isMissing ? ok() : err(this.#error(operation, answer.error));
    };
    const deleted = await Promise.all(keys.map((key) => slots(() => deleteOne(key))));
    return deleted.find((result) => result.isErr()) ?? ok();
  }

  #serverTime(answer: S3Answer<unknown>): number {
    const time = Date.parse(answer.headers.date ?? '');
    return Number.isNaN(time) ? this.#clock.now() : time;
  }

  #name(verb: string, key: string): string {
    return `${verb} ${this.location}/${key}`;
  }

  #error(operation: string, failure: S3Failure): StoreError {
    return s3StoreError(operation, this.#place, failure);
  }
}

/** Only what leads to the server: a URL may carry a password. */
function hostOf(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined || !URL.canParse(endpoint)) return undefined;
  return new URL(endpoint).host || undefined;
}
