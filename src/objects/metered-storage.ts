// Counts what goes through a storage, so that a budget of requests and bytes can be held against it.
// Passes every call on as it is.
import type { ResultAsync } from 'neverthrow';
import type { ObjectAlreadyExists, ObjectNotFound, StoreError } from '../core/errors.ts';
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

/**
 * Calls by operation, failed ones too, and the bytes of object bodies in both directions. The calls of an upload in
 * parts count as puts: its start, each part, and its end.
 */
export interface StorageCounts {
  readonly put: number;
  readonly get: number;
  readonly head: number;
  readonly list: number;
  readonly delete: number;
  /** Bytes of all bodies given to `put`, and of all parts. */
  readonly bytesSent: number;
  /** Bytes that `get` gave. */
  readonly bytesReceived: number;
}

const NOTHING: StorageCounts = {
  put: 0,
  get: 0,
  head: 0,
  list: 0,
  delete: 0,
  bytesSent: 0,
  bytesReceived: 0,
};

/** An {@link ObjectStorage} that counts. Below a RetryingStorage it counts attempts, above it calls. */
export class MeteredStorage implements ObjectStorage {
  readonly location: string;
  readonly #storage: ObjectStorage;
  #counts = NOTHING;

  constructor(components: { readonly storage: ObjectStorage }) {
    this.#storage = components.storage;
    this.location = components.storage.location;
  }

  /** The counts so far. A snapshot: it does not move on. */
  counts(): StorageCounts {
    return this.#counts;
  }

  /** Counts from zero again. */
  reset(): void {
    this.#counts = NOTHING;
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    this.#add('put', 1);
    this.#add('bytesSent', body.byteLength);
    return this.#storage.put(key, body, options);
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    this.#add('get', 1);
    return this.#storage.get(key, options).map((bytes) => {
      this.#add('bytesReceived', bytes.byteLength);
      return bytes;
    });
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    this.#add('head', 1);
    return this.#storage.head(key, options);
  }

  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError> {
    this.#add('list', 1);
    return this.#storage.list(prefix, options);
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    this.#add('delete', 1);
    return this.#storage.delete(keys, options);
  }

  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    this.#add('put', 1);
    return this.#storage.startUpload(key, options).map((upload) => ({
      part: (index, bytes, call) => {
        this.#add('put', 1);
        this.#add('bytesSent', bytes.byteLength);
        return upload.part(index, bytes, call);
      },
      complete: (call) => {
        this.#add('put', 1);
        return upload.complete(call);
      },
      abort: (call) => {
        this.#add('put', 1);
        return upload.abort(call);
      },
    }));
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #add(what: keyof StorageCounts, amount: number): void {
    this.#counts = { ...this.#counts, [what]: this.#counts[what] + amount };
  }
}
