// An object of a memory storage that is sent in parts. Holds the parts; puts them as one.
import { err, ok, type ResultAsync } from 'neverthrow';
import { Aborted, type ObjectAlreadyExists, type StoreError } from '../core/errors.ts';
import { fromAsync } from '../core/result.ts';
import type { ObjectCallOptions, ObjectUpload } from '../ports/object-storage.ts';
import { UploadParts } from './upload-parts.ts';

/** Puts the object when all its parts are there. */
export type PutWhole = (
  body: Uint8Array,
  options: ObjectCallOptions,
) => ResultAsync<void, StoreError | ObjectAlreadyExists>;

export class MemoryUpload implements ObjectUpload {
  readonly #put: PutWhole;
  readonly #parts: UploadParts<Uint8Array>;

  constructor(put: PutWhole, partSizeBytes: number) {
    this.#put = put;
    this.#parts = new UploadParts(partSizeBytes);
  }

  part(index: number, bytes: Uint8Array, options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return fromAsync(async () => {
      if (options?.signal?.aborted) return err(new Aborted(`put part ${index}`));
      this.#parts.set(index, bytes.byteLength, Uint8Array.from(bytes));
      return ok(undefined);
    });
  }

  complete(options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const body = Buffer.concat(this.#parts.inOrder());
      const put = await this.#put(body, { signal: options?.signal });
      // Without `ifAbsent` nothing exists already.
      return put.isErr() && put.error.name !== 'ObjectAlreadyExists' ? err(put.error) : ok();
    });
  }

  abort(): ResultAsync<void, StoreError> {
    return fromAsync(async () => {
      this.#parts.clear();
      return ok(undefined);
    });
  }
}
