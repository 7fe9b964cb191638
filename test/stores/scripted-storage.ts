// An object storage in memory that counts its calls, and at a chosen one lies, fails or falls silent.
import { type Err, err, ok, type Result, type ResultAsync } from 'neverthrow';
import { Aborted, StoreUnavailable } from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import type {
  GetOptions,
  ListObjectsOptions,
  ObjectCallOptions,
  ObjectStorage,
  ObjectUpload,
  PutOptions,
  UploadOptions,
} from '../../src/ports/object-storage.ts';

/** `refused`: not done. `lost`: done, and the answer is lost. `silent`: done or not, no answer ever comes. */
export type Fate = 'done' | 'refused' | 'lost' | 'silent before' | 'silent after';

export interface Call {
  readonly index: number;
  readonly operation: 'put' | 'get' | 'head' | 'list' | 'delete';
  readonly key: string;
  readonly sizeBytes: number;
}

export class ScriptedStorage implements ObjectStorage {
  readonly location: string;
  readonly calls: Call[] = [];
  /** Decides the fate of each call; may also do something first. */
  script: (call: Call) => Fate | Promise<Fate> = () => 'done';
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
    this.location = storage.location;
  }

  count(operation: Call['operation'], part = ''): number {
    return this.calls.filter((call) => call.operation === operation && call.key.includes(part)).length;
  }

  put(key: string, body: Uint8Array, options?: PutOptions) {
    return this.#call('put', key, body.length, options, () => this.#storage.put(key, body, options));
  }

  get(key: string, options?: GetOptions) {
    return this.#call('get', key, 0, options, () => this.#storage.get(key, options));
  }

  head(key: string, options?: ObjectCallOptions) {
    return this.#call('head', key, 0, options, () => this.#storage.head(key, options));
  }

  list(prefix: string, options?: ListObjectsOptions) {
    return this.#call('list', prefix, 0, options, () => this.#storage.list(prefix, options));
  }

  delete(keys: readonly string[], options?: ObjectCallOptions) {
    return this.#call('delete', keys.join(' '), 0, options, () => this.#storage.delete(keys, options));
  }

  startUpload(key: string, options: UploadOptions) {
    const put = <T, E>(call: ObjectCallOptions | undefined, size: number, run: () => ResultAsync<T, E>) =>
      this.#call('put', key, size, call, run);
    return put(options, 0, () => this.#storage.startUpload(key, options)).map(
      (upload): ObjectUpload => ({
        part: (index, bytes, call) => put(call, bytes.length, () => upload.part(index, bytes, call)),
        complete: (call) => put(call, 0, () => upload.complete(call)),
        abort: (call) => put(call, 0, () => upload.abort(call)),
      }),
    );
  }

  close() {
    return this.#storage.close();
  }

  #call<T, E>(
    operation: Call['operation'],
    key: string,
    sizeBytes: number,
    options: ObjectCallOptions | undefined,
    run: () => ResultAsync<T, E>,
  ): ResultAsync<T, E | StoreUnavailable | Aborted> {
    type Outcome = Result<T, E | StoreUnavailable | Aborted>;
    return fromAsync(async (): Promise<Outcome> => {
      const call = { index: this.calls.length, operation, key, sizeBytes };
      this.calls.push(call);
      const fate = await this.script(call);
      if (fate === 'refused') return err(new StoreUnavailable(operation, key));
      if (fate === 'silent before') return silence(options?.signal);
      const result = await run();
      if (result.isErr()) return err(result.error);
      if (fate === 'lost') return err(new StoreUnavailable(operation, key));
      return fate === 'silent after' ? silence(options?.signal) : ok(result.value);
    });
  }
}

function silence(signal: AbortSignal | undefined) {
  return new Promise<Err<never, Aborted>>((resolve) => {
    const end = () => resolve(err(new Aborted('silence')));
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end);
  });
}
