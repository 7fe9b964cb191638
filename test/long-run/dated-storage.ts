// A storage on another clock: objects are as old as that clock says, so that a month can pass in minutes for whoever judges by
// age. What it cannot date, because it was there before, is new.
import { ok, type ResultAsync } from 'neverthrow';
import type { StoreError } from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import type { Clock } from '../../src/ports/environment.ts';
import type {
  GetOptions,
  ListObjectsOptions,
  ObjectCallOptions,
  ObjectInfo,
  ObjectStorage,
  ObjectUpload,
  PutOptions,
  UploadOptions,
} from '../../src/ports/object-storage.ts';

export class DatedStorage implements ObjectStorage {
  readonly #storage: ObjectStorage;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #writtenMs = new Map<string, number>();

  constructor(storage: ObjectStorage, clock: Pick<Clock, 'now'>) {
    this.#storage = storage;
    this.#clock = clock;
  }

  get location(): string {
    return this.#storage.location;
  }

  put(key: string, body: Uint8Array, options?: PutOptions) {
    return this.#storage.put(key, body, options).map(() => this.#written(key));
  }

  get(key: string, options?: GetOptions) {
    return this.#storage.get(key, options);
  }

  head(key: string, options?: ObjectCallOptions) {
    return this.#storage.head(key, options).map((info) => this.#dated(info));
  }

  list(prefix: string, options?: ListObjectsOptions) {
    return this.#storage.list(prefix, options).map(({ objects, truncated }) => ({
      objects: objects.map((info) => this.#dated(info)),
      truncated,
      now: this.#clock.now(),
    }));
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#storage.delete(keys, options).map(() => this.#gone(keys));
  }

  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    return fromAsync(async () => {
      const started = await this.#storage.startUpload(key, options);
      return started.andThen((upload) =>
        ok<ObjectUpload>({
          part: (index, bytes, call) => upload.part(index, bytes, call),
          complete: (call) => upload.complete(call).map(() => this.#written(key)),
          abort: (call) => upload.abort(call),
        }),
      );
    });
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  #written(key: string): void {
    this.#writtenMs.set(key, this.#clock.now());
  }

  #gone(keys: readonly string[]): void {
    for (const key of keys) this.#writtenMs.delete(key);
  }

  #dated(info: ObjectInfo): ObjectInfo {
    return { ...info, lastModified: this.#writtenMs.get(info.key) ?? this.#clock.now() };
  }
}
