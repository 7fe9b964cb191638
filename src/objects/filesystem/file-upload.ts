// An object of a directory that is sent in parts: one unfinished file that the parts are written into, each at its
// place. Holds no file open between two calls, so an upload that nobody ends leaks nothing but that file. It must never
// make that file itself: one that was taken away would come back with holes where parts were.
import { type FileHandle, open, rm } from 'node:fs/promises';
import { ok, type Result, type ResultAsync } from 'neverthrow';
import type { StoreError } from '../../core/errors.ts';
import type { ObjectCallOptions, ObjectUpload } from '../../ports/object-storage.ts';
import { UploadParts } from '../upload-parts.ts';
import { publish } from './durable-file.ts';

/** Runs one call of the upload as the storage runs its own. */
export type RunUploadCall = (
  verb: string,
  options: ObjectCallOptions | undefined,
  run: () => Promise<Result<void, StoreError>>,
) => ResultAsync<void, StoreError>;

export interface FileUploadPaths {
  /** Exists and is empty. */
  readonly temporary: string;
  readonly path: string;
  readonly root: string;
}

export class FileUpload implements ObjectUpload {
  readonly #call: RunUploadCall;
  readonly #paths: FileUploadPaths;
  readonly #partSizeBytes: number;
  readonly #parts: UploadParts<undefined>;
  #completed = false;

  constructor(call: RunUploadCall, paths: FileUploadPaths, partSizeBytes: number) {
    this.#call = call;
    this.#paths = paths;
    this.#partSizeBytes = partSizeBytes;
    this.#parts = new UploadParts(partSizeBytes);
  }

  part(index: number, bytes: Uint8Array, options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#call(`put part ${index} of`, options, async () => {
      this.#parts.assertFits(index, bytes.byteLength);
      await this.#withFile(async (file) => {
        const start = index * this.#partSizeBytes;
        for (let done = 0; done < bytes.byteLength; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, start + done);
          done += bytesWritten;
        }
        await file.sync();
      });
      this.#parts.set(index, bytes.byteLength, undefined);
      return ok();
    });
  }

  complete(options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#call('complete', options, async () => {
      if (this.#completed) return ok();
      this.#parts.inOrder();
      await this.#withFile(async (file) => {
        await file.truncate(this.#parts.sizeBytes);
        await file.sync();
      });
      await publish(this.#paths.temporary, this.#paths.path, this.#paths.root);
      this.#completed = true;
      return ok();
    });
  }

  abort(options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#call('abort', options, async () => {
      await rm(this.#paths.temporary, { force: true });
      return ok();
    });
  }

  async #withFile(use: (file: FileHandle) => Promise<void>): Promise<void> {
    const file = await open(this.#paths.temporary, 'r+');
    try {
      await use(file);
    } finally {
      await file.close();
    }
  }
}
