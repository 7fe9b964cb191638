// Objects in memory: for tests, simulations and trying things out. Holds nothing but memory and never touches
// a disk or a socket; what it holds is gone with the process.
import { err, ok, type ResultAsync } from 'neverthrow';
import { Aborted, ObjectAlreadyExists, ObjectNotFound, type StoreError } from '../core/errors.ts';
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
import { assertRange, pageLimit } from './call-bounds.ts';
import { MemoryUpload, type PutWhole } from './memory-upload.ts';
import { assertKeyPrefix, assertObjectKey, compareKeys } from './object-key.ts';

/** `clock` stamps the objects and the listings. */
export interface MemoryObjectStorageComponents {
  readonly clock: Pick<Clock, 'now'>;
}

interface StoredObject {
  readonly bytes: Uint8Array;
  readonly lastModified: number;
}

/** An {@link ObjectStorage} in memory. `close` changes nothing: the objects stay for the next reader. */
export class MemoryObjectStorage implements ObjectStorage {
  readonly location = 'memory:';
  readonly #clock: Pick<Clock, 'now'>;
  readonly #objects = new Map<string, StoredObject>();
  /** The keys in listing order, so that a page costs what it holds. */
  readonly #keys: string[] = [];

  constructor(components: MemoryObjectStorageComponents) {
    this.#clock = components.clock;
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    return fromAsync(async () => {
      assertObjectKey(key);
      if (options?.signal?.aborted) return err(new Aborted(`put ${key}`));
      const known = this.#objects.has(key);
      if (known && options?.ifAbsent) return err(new ObjectAlreadyExists(key));
      if (!known) this.#keys.splice(this.#firstAfter(key), 0, key);
      this.#objects.set(key, { bytes: Uint8Array.from(body), lastModified: this.#clock.now() });
      return ok(undefined);
    });
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    return fromAsync(async () => {
      assertObjectKey(key);
      assertRange(options?.range);
      if (options?.signal?.aborted) return err(new Aborted(`get ${key}`));
      const object = this.#objects.get(key);
      if (object === undefined) return err(new ObjectNotFound(key));
      const { start, length } = options?.range ?? { start: 0, length: object.bytes.byteLength };
      return ok(object.bytes.slice(start, start + length));
    });
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    return fromAsync(async () => {
      assertObjectKey(key);
      if (options?.signal?.aborted) return err(new Aborted(`head ${key}`));
      const object = this.#objects.get(key);
      return object === undefined ? err(new ObjectNotFound(key)) : ok(infoOf(key, object));
    });
  }

  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError> {
    return fromAsync(async () => {
      assertKeyPrefix(prefix);
      const limit = pageLimit(options);
      if (options?.signal?.aborted) return err(new Aborted(`list ${prefix}`));
      const objects: ObjectInfo[] = [];
      let index = this.#startOf(prefix, options?.startAfter);
      for (; objects.length < limit && this.#keys[index]?.startsWith(prefix); index += 1) {
        const key = this.#keys[index] ?? '';
        const object = this.#objects.get(key);
        if (object !== undefined) objects.push(infoOf(key, object));
      }
      const truncated = this.#keys[index]?.startsWith(prefix) ?? false;
      return ok({ objects, truncated, now: this.#clock.now() });
    });
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return fromAsync(async () => {
      keys.forEach(assertObjectKey);
      if (options?.signal?.aborted) return err(new Aborted(`delete ${keys.length} objects`));
      for (const key of keys) {
        if (this.#objects.delete(key)) this.#keys.splice(this.#firstAfter(key) - 1, 1);
      }
      return ok(undefined);
    });
  }

  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    return fromAsync(async () => {
      assertObjectKey(key);
      if (options.signal?.aborted) return err(new Aborted(`start upload ${key}`));
      const putWhole: PutWhole = (body, call) => this.put(key, body, call);
      return ok(new MemoryUpload(putWhole, options.partSizeBytes));
    });
  }

  async close(): Promise<void> {}

  /** Where a listing begins: the first key behind `startAfter` that is not before the prefix. */
  #startOf(prefix: string, startAfter: string | undefined): number {
    if (startAfter !== undefined && compareKeys(startAfter, prefix) >= 0) return this.#firstAfter(startAfter);
    const index = this.#firstAfter(prefix);
    return this.#keys[index - 1] === prefix ? index - 1 : index;
  }

  /** The index of the first key greater than `key`. */
  #firstAfter(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareKeys(this.#keys[middle] ?? '', key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function infoOf(key: string, object: StoredObject): ObjectInfo {
  return { key, sizeBytes: object.bytes.byteLength, lastModified: object.lastModified };
}
