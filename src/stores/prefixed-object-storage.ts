// A part of an object storage: everything under a base path. Keys get the prefix on the way in and lose it on
// the way out, errors too, so that the layout above never knows where it lies.
import type { ResultAsync } from 'neverthrow';
import { ObjectAlreadyExists, ObjectNotFound, type StoreError } from '../core/errors.ts';
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

/** The objects of `storage` under `<basePath>/`. Closes `storage` with itself. */
export class PrefixedObjectStorage implements ObjectStorage {
  readonly location: string;
  readonly #storage: ObjectStorage;
  readonly #prefix: string;

  constructor(storage: ObjectStorage, basePath: string) {
    this.#storage = storage;
    this.#prefix = `${basePath}/`;
    this.location = `${storage.location}/${basePath}`;
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    return this.#storage
      .put(this.#prefix + key, body, options)
      .mapErr((error) =>
        error.name === 'ObjectAlreadyExists' ? new ObjectAlreadyExists(key, error) : error,
      );
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    return this.#storage.get(this.#prefix + key, options).mapErr((error) => withoutPrefix(error, key));
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    return this.#storage
      .head(this.#prefix + key, options)
      .map((info) => ({ ...info, key }))
      .mapErr((error) => withoutPrefix(error, key));
  }

  list(prefix: string, options: ListObjectsOptions = {}): ResultAsync<ObjectPage, StoreError> {
    const { startAfter, ...others } = options;
    const start = startAfter === undefined ? {} : { startAfter: this.#prefix + startAfter };
    return this.#storage.list(this.#prefix + prefix, { ...others, ...start }).map((page) => ({
      ...page,
      objects: page.objects.map((info) => ({ ...info, key: info.key.slice(this.#prefix.length) })),
    }));
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#storage.delete(
      keys.map((key) => this.#prefix + key),
      options,
    );
  }

  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    return this.#storage.startUpload(this.#prefix + key, options);
  }

  close(): Promise<void> {
    return this.#storage.close();
  }
}

function withoutPrefix(error: StoreError | ObjectNotFound, key: string): StoreError | ObjectNotFound {
  return error.name === 'ObjectNotFound' ? new ObjectNotFound(key, error) : error;
}
