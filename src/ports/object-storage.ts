// Bytes under keys: the little that a store's layout needs of S3, a file system or memory.
import type { ResultAsync } from 'neverthrow';
import type { ObjectAlreadyExists, ObjectNotFound, StoreError } from '../core/errors.ts';

/**
 * A flat space of immutable objects.
 *
 * An implementation must guarantee:
 * 1. When `put` succeeds the object is durable and whole; readers never see a part of it.
 * 2. `get`, `head` and `list` see a put or a delete as soon as it has succeeded.
 * 3. `put` replaces an existing object, unless `ifAbsent` is asked for.
 * 4. With `ifAbsent`, `put` fails with ObjectAlreadyExists when the object is there, where the storage can tell.
 * 5. `get` gives exactly the bytes that were put, or the asked range of them, and keeps no hold on either.
 * 6. `get` and `head` of a missing object fail with ObjectNotFound.
 * 7. `list` gives the keys under the prefix in ascending UTF-8 order, in pages, each key once.
 * 8. `list` starts behind `startAfter` when it is given.
 * 9. `delete` removes the keys given, and succeeds for those that are not there.
 * 10. A lost connection, a throttled request or a slow answer is StoreUnavailable, never a wrong result.
 * 11. A call whose signal fires ends soon, as Aborted.
 * 12. `close` may be called twice.
 * 13. Of an upload in parts nothing is seen before its `complete`, and nothing after its `abort`.
 * 14. When a call has ended, in whatever way, the memory that it was given may be used for something else.
 *
 * Keys are printable segments joined by `/`: none is empty, `.` or `..`, none is longer than 255 bytes,
 * and no key is a prefix segment of another (`a` and `a/b` are never both used). Beside a segment that others
 * follow, none begins with it and a character below `/` (no `a-b` or `a.b` beside `a/x`): MinIO, asked to start
 * behind `a/x`, may then leave keys out.
 */
export interface ObjectStorage {
  /** Names the place for people and errors, without secrets: `s3://bucket/base/path`. */
  readonly location: string;

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists>;
  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound>;
  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound>;
  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError>;
  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError>;
  /** Begins an object that is too large for one `put`. Whoever begins one ends it: by `complete` or `abort`. */
  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError>;
  close(): Promise<void>;
}

export interface UploadOptions extends ObjectCallOptions {
  /** The size of every part but the last. S3 takes 5 MiB and more, and 10,000 parts at most. */
  readonly partSizeBytes: number;
}

/** An object on its way, in parts that go in any order and several at once. */
export interface ObjectUpload {
  /** Sends the part that begins at `index` times the part size. Sent again it takes the place of the one before. */
  part(index: number, bytes: Uint8Array, options?: ObjectCallOptions): ResultAsync<void, StoreError>;
  /** Makes the object of all parts, without a gap, in place of an existing one. */
  complete(options?: ObjectCallOptions): ResultAsync<void, StoreError>;
  /** Throws the parts away. After `complete`, or a second time, it does nothing. */
  abort(options?: ObjectCallOptions): ResultAsync<void, StoreError>;
}

export interface ObjectCallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends ObjectCallOptions {
  /** Create only. */
  readonly ifAbsent?: boolean;
  /** The SHA-256 of the body, when the caller has it: saves hashing it again for the signature. */
  readonly sha256?: Uint8Array;
}

export interface GetOptions extends ObjectCallOptions {
  /** From `start`, `length` bytes; a range past the end gives what is there. */
  readonly range?: { readonly start: number; readonly length: number };
  /** Memory to give the bytes in, when they fit. A storage may give them in memory of its own all the same. */
  readonly into?: Uint8Array;
}

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** When the object was last written, by the storage's own clock: milliseconds since 1970. */
  readonly lastModified: number;
}

export interface ListObjectsOptions extends ObjectCallOptions {
  /** Only keys greater than this one. */
  readonly startAfter?: string;
  /** At most this many; a page may hold fewer. Default and maximum 1,000. */
  readonly limit?: number;
}

export interface ObjectPage {
  readonly objects: readonly ObjectInfo[];
  /** More keys follow the last one of this page. */
  readonly truncated: boolean;
  /** The storage's own clock when it answered, to compare with `lastModified`: milliseconds since 1970. */
  readonly now: number;
}
