// Objects as files in a directory, usually of a network file system that all nodes mount. A key is the path
// below the directory; nothing outside of it is read or written, and the directory itself is never made.
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { untilAborted } from '../core/deadline.ts';
import {
  Aborted,
  ObjectAlreadyExists,
  ObjectNotFound,
  type StoreError,
  StoreFailure,
  StoreNotFound,
} from '../core/errors.ts';
import { invariant } from '../core/invariant.ts';
import { fromAsync } from '../core/result.ts';
import type { Clock, Random } from '../ports/environment.ts';
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
import { publish, publishIfAbsent, removeEmptyUp, writeSynced } from './filesystem/durable-file.ts';
import { readBytes, removeFile, whenThere } from './filesystem/file-access.ts';
import { fileErrorCode, fileFailure, isAbsent } from './filesystem/file-failure.ts';
import { FileTime } from './filesystem/file-time.ts';
import { FileUpload, type RunUploadCall } from './filesystem/file-upload.ts';
import { walkKeys } from './filesystem/walk-keys.ts';
import { assertKeyPrefix, assertObjectKey } from './object-key.ts';

/** Unfinished files are here. No key may begin with it. */
const UPLOADS = '.tidemark-uploads';

/** An unfinished file older than this was left by a process that died. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

const FILES_IN_FLIGHT = 16;

export interface FilesystemObjectStorageComponents {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'hex'>;
}

export interface FilesystemObjectStorageSettings {
  /** Must exist. All of it must lie on one file system, and that must know hard links. */
  readonly directory: string;
}

/** An {@link ObjectStorage} in a directory. A put is synced to disk before it succeeds. */
export class FilesystemObjectStorage implements ObjectStorage {
  readonly location: string;
  readonly #time: FileTime;
  readonly #random: Pick<Random, 'hex'>;
  readonly #root: string;
  #swept = false;

  constructor(components: FilesystemObjectStorageComponents, settings: FilesystemObjectStorageSettings) {
    this.#random = components.random;
    this.#root = resolve(settings.directory);
    this.#time = new FileTime(components, join(this.#root, UPLOADS));
    this.location = `file://${this.#root}`;
  }

  put(
    key: string,
    body: Uint8Array,
    options?: PutOptions,
  ): ResultAsync<void, StoreError | ObjectAlreadyExists> {
    return this.#call<void, ObjectAlreadyExists>(`put ${key}`, options, async () => {
      const path = this.#path(key);
      if (options?.ifAbsent && (await this.#info(key))) return err(new ObjectAlreadyExists(key));
      const temporary = join(await this.#openUploads(), this.#random.hex(16));
      try {
        await writeSynced(temporary, body);
        if (options?.signal?.aborted) return err(new Aborted(`put ${key}`));
        if (!options?.ifAbsent) return ok(await publish(temporary, path, this.#root));
        const created = await publishIfAbsent(temporary, path, this.#root);
        return created ? ok(undefined) : err(new ObjectAlreadyExists(key));
      } finally {
        await rm(temporary, { force: true });
      }
    });
  }

  get(key: string, options?: GetOptions): ResultAsync<Uint8Array, StoreError | ObjectNotFound> {
    return this.#call<Uint8Array, ObjectNotFound>(`get ${key}`, options, async () => {
      assertRange(options?.range);
      const bytes = await whenThere(() => readBytes(this.#path(key), options?.range));
      return bytes === undefined ? err(await this.#notFound(key)) : ok(bytes);
    });
  }

  head(key: string, options?: ObjectCallOptions): ResultAsync<ObjectInfo, StoreError | ObjectNotFound> {
    return this.#call<ObjectInfo, ObjectNotFound>(`head ${key}`, options, async () => {
      const info = await this.#info(key);
      return info === undefined ? err(await this.#notFound(key)) : ok(info);
    });
  }

  list(prefix: string, options?: ListObjectsOptions): ResultAsync<ObjectPage, StoreError> {
    return this.#call<ObjectPage, never>(`list ${prefix}`, options, async () => {
      assertKeyPrefix(prefix);
      const limit = pageLimit(options);
      const bounds = { prefix, startAfter: options?.startAfter ?? '', hidden: UPLOADS };
      const keys: string[] = [];
      for await (const key of walkKeys(this.#root, bounds)) {
        if (keys.push(key) > limit) break;
        if (options?.signal?.aborted) return err(new Aborted(`list ${prefix}`));
      }
      if (keys.length === 0 && !(await this.#exists())) return err(new StoreNotFound(this.location));
      const slots = pLimit(FILES_IN_FLIGHT);
      const infos = await Promise.all(keys.slice(0, limit).map((key) => slots(() => this.#info(key))));
      const objects = infos.filter((info) => info !== undefined);
      return ok({ objects, truncated: keys.length > limit, now: await this.#time.now() });
    });
  }

  delete(keys: readonly string[], options?: ObjectCallOptions): ResultAsync<void, StoreError> {
    return this.#call<void, never>(`delete ${keys.length} objects`, options, async () => {
      const paths = keys.map((key) => this.#path(key));
      if (!(await this.#exists())) return err(new StoreNotFound(this.location));
      const slots = pLimit(FILES_IN_FLIGHT);
      await Promise.all(paths.map((path) => slots(() => removeFile(path))));
      // Deeper directories first, so that one which gets empty by it is seen empty.
      const directories = [...new Set(paths.map((path) => dirname(path)))].sort(
        (a, b) => b.length - a.length,
      );
      for (const directory of directories) await removeEmptyUp(directory, this.#root);
      return ok(undefined);
    });
  }

  startUpload(key: string, options: UploadOptions): ResultAsync<ObjectUpload, StoreError> {
    return this.#call<ObjectUpload, never>(`start upload ${key}`, options, async () => {
      const path = this.#path(key);
      const temporary = join(await this.#openUploads(), this.#random.hex(16));
      await writeSynced(temporary, new Uint8Array());
      const call: RunUploadCall = (verb, upload, run) =>
        this.#call<void, never>(`${verb} ${key}`, upload, run);
      return ok(new FileUpload(call, { temporary, path, root: this.#root }, options.partSizeBytes));
    });
  }

  /** Nothing is held open between two calls, so nothing is closed. */
  async close(): Promise<void> {}

  /** Runs one call: ends it early when its signal fires, and names what the file system threw. */
  #call<T, E>(
    operation: string,
    options: ObjectCallOptions | undefined,
    run: () => Promise<Result<T, StoreError | E>>,
  ): ResultAsync<T, StoreError | E> {
    const contained = () =>
      fromAsync<T, StoreError | E>(async () => {
        try {
          return await run();
        } catch (cause) {
          if (fileErrorCode(cause) === undefined) throw cause;
          return err(await this.#failure(operation, cause));
        }
      });
    return options?.signal === undefined ? contained() : untilAborted(options.signal, contained);
  }

  /** The file of a key. Throws on a key that could lead elsewhere. */
  #path(key: string): string {
    assertObjectKey(key);
    invariant(!key.startsWith(`${UPLOADS}/`), `no key may begin with ${UPLOADS}/, got '${key}'`);
    return join(this.#root, key);
  }

  async #info(key: string): Promise<ObjectInfo | undefined> {
    const stats = await whenThere(() => stat(this.#path(key)));
    if (!stats?.isFile()) return undefined;
    return { key, sizeBytes: stats.size, lastModified: Math.floor(stats.mtimeMs) };
  }

  async #exists(): Promise<boolean> {
    return (await whenThere(() => stat(this.#root)))?.isDirectory() ?? false;
  }

  async #notFound(key: string): Promise<ObjectNotFound | StoreNotFound> {
    return (await this.#exists()) ? new ObjectNotFound(key) : new StoreNotFound(this.location);
  }

  async #failure(operation: string, cause: unknown): Promise<StoreError> {
    if (isAbsent(cause) && (await this.#exists())) {
      return new StoreFailure(operation, 'a part of the path is another object, or was taken away', cause);
    }
    return fileFailure(operation, this.location, cause);
  }

  /** Makes the place for unfinished files, and frees it once of what dead processes left there. */
  async #openUploads(): Promise<string> {
    const uploads = join(this.#root, UPLOADS);
    await mkdir(uploads).catch((cause) => {
      if (fileErrorCode(cause) !== 'EEXIST') throw cause;
    });
    if (this.#swept) return uploads;
    this.#swept = true;
    const now = await this.#time.now();
    for (const name of await readdir(uploads)) {
      const stats = await whenThere(() => stat(join(uploads, name)));
      const ageMs = now - (stats?.mtimeMs ?? Number.POSITIVE_INFINITY);
      if (ageMs > ABANDONED_AFTER_MS) await removeFile(join(uploads, name));
    }
    return uploads;
  }
}
