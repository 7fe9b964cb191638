// An object of a bucket that is sent in parts: S3's multipart upload with plain commands. It believes that the object
// is there only once a HEAD has shown its whole size.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { type ObjectNotFound, type StoreError, StoreFailure } from '../../core/errors.ts';
import type { ObjectCallOptions, ObjectInfo, ObjectUpload } from '../../ports/object-storage.ts';
import { UploadParts } from '../upload-parts.ts';
import type { S3Failure } from './s3-failure.ts';
import { NOT_S3 } from './s3-foreign.ts';
import type { S3UploadName } from './s3-requests.ts';
import type { S3ThreadCalls } from './s3-thread-calls.ts';

/** One attempt: gets its name for errors and the signal that limits it. */
export type RunUploadAttempt = (operation: string, signal: AbortSignal) => Promise<Result<void, StoreError>>;

/** What the storage lends its uploads. */
export interface S3UploadTools {
  readonly requests: S3ThreadCalls;
  attempt(
    verb: string,
    options: ObjectCallOptions | undefined,
    run: RunUploadAttempt,
  ): ResultAsync<void, StoreError>;
  head(operation: string, signal: AbortSignal): Promise<Result<ObjectInfo, StoreError | ObjectNotFound>>;
  error(operation: string, failure: S3Failure): StoreError;
}

export class S3Upload implements ObjectUpload {
  readonly #tools: S3UploadTools;
  readonly #upload: S3UploadName;
  readonly #etags: UploadParts<string>;
  /** The server has said so, or that it knows no such upload. Not believed before the object is seen. */
  #isEnded = false;
  #completed = false;

  constructor(tools: S3UploadTools, upload: S3UploadName, partSizeBytes: number) {
    this.#tools = tools;
    this.#upload = upload;
    this.#etags = new UploadParts(partSizeBytes);
  }

  part(index: number, bytes: Uint8Array, options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    const { requests, attempt, error } = this.#tools;
    return attempt(`put part ${index} of`, options, async (operation, signal) => {
      const answer = await requests.call('uploadPart', { ...this.#upload, index, bytes }, signal);
      if (answer.isErr()) return err(error(operation, answer.error));
      const { ETag } = answer.value.output;
      if (ETag === undefined) return err(new StoreFailure(operation, NOT_S3));
      this.#etags.set(index, bytes.byteLength, ETag);
      return ok();
    });
  }

  /** May be repeated: when the first answer was lost the upload is gone, and the object tells whether it worked. */
  complete(options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    const { requests, attempt, error, head } = this.#tools;
    return attempt('complete', options, async (operation, signal) => {
      const etags = this.#etags.inOrder();
      if (!this.#isEnded) {
        const answer = await requests.call('completeUpload', { ...this.#upload, etags }, signal);
        if (answer.isErr() && !isGone(answer.error)) return err(error(operation, answer.error));
        this.#isEnded = true;
      }
      const info = await head(operation, signal);
      const sentBytes = this.#etags.sizeBytes;
      if (info.isOk() && info.value.sizeBytes === sentBytes) {
        this.#completed = true;
        return ok();
      }
      if (info.isErr() && info.error.name !== 'ObjectNotFound') return err(info.error);
      const found = info.isOk() ? `the object has ${info.value.sizeBytes} bytes` : 'there is no object';
      const detail = `sentBytes=${sentBytes}, and ${found}; the server has lost the upload, so send it all again`;
      return err(new StoreFailure(operation, detail));
    });
  }

  abort(options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    const { requests, attempt, error } = this.#tools;
    return attempt('abort', options, async (operation, signal) => {
      if (this.#completed) return ok();
      const answer = await requests.call('abortUpload', this.#upload, signal);
      if (answer.isErr()) return isGone(answer.error) ? ok() : err(error(operation, answer.error));
      return answer.value.status === 204 ? ok() : err(new StoreFailure(operation, NOT_S3));
    });
  }
}

/** The upload has ended before. Some servers then say that the key is missing. */
function isGone({ code }: S3Failure): boolean {
  return code === 'NoSuchUpload' || code === 'NoSuchKey';
}
