// Sends the files of a backup, several at once, small ones as one object and large ones in parts. However large they
// are, no more than `chunksInFlight` chunks are in memory. Nothing is known here of manifests.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupFile, BackupFileKind, BackupId, PartitionBackup } from '../../core/backup.ts';
import { withDeadline } from '../../core/deadline.ts';
import { Aborted, type BrokerFailure, isBackupError, type StoreError } from '../../core/errors.ts';
import { bracket, fromAsync } from '../../core/result.ts';
import type { BackupProgress } from '../../core/status.ts';
import type { ObjectUpload } from '../../ports/object-storage.ts';
import { SaveProgress } from '../tidemark/save-progress.ts';
import { type SourceFile, sourceFiles } from '../tidemark/storing-plan.ts';
import { fileContent } from './file-content.ts';
import { type CopyPlace, fileKey } from './keys.ts';
import type { ZeebeLayout } from './layout.ts';

/** Zeebe compresses files above this size, and not those of it. */
const COMPRESSED_ABOVE_BYTES = 8 * 1024 * 1024;

const ABORT_UPLOAD_MS = 10_000;

export interface StoreFilesOptions {
  readonly backup: PartitionBackup;
  readonly place: CopyPlace;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

export type StoreFilesError = StoreError | BrokerFailure;

/** A file that is in the store. */
export interface SentFile {
  readonly kind: BackupFileKind;
  readonly name: string;
  readonly key: string;
  readonly storedBytes: number;
  readonly isCompressed: boolean;
}

/** Stores all files. Ends at the first error, which stops the others. */
export function storeFiles(
  layout: ZeebeLayout,
  options: StoreFilesOptions,
): ResultAsync<readonly SentFile[], StoreFilesError> {
  return fromAsync<readonly SentFile[], StoreFilesError>(async () => {
    const sources = sourceFiles(options.backup);
    const sending = new FileSending(layout, options, sources);
    const files = pLimit(layout.values.chunksInFlight);
    const sent = await Promise.all(sources.map((source) => files(() => sending.send(source))));
    if (sending.failure !== undefined) return err(sending.failure);
    return ok(sent.filter((file) => file !== undefined));
  });
}

class FileSending {
  failure: StoreFilesError | undefined;
  readonly #layout: ZeebeLayout;
  readonly #id: BackupId;
  readonly #place: CopyPlace;
  readonly #slots: ReturnType<typeof pLimit>;
  readonly #progress: SaveProgress;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;

  constructor(layout: ZeebeLayout, options: StoreFilesOptions, sources: readonly SourceFile[]) {
    this.#layout = layout;
    this.#id = options.backup.id;
    this.#place = options.place;
    this.#slots = pLimit(layout.values.chunksInFlight);
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    const sizes = sources.map(({ file }) => file.sizeBytes);
    this.#progress = new SaveProgress(sizes, options.onProgress);
  }

  /** Undefined when it failed; `failure` is the first of all. */
  async send({ kind, file }: SourceFile): Promise<SentFile | undefined> {
    const { values } = this.#layout;
    const isCompressed = values.compression === 'zstd' && file.sizeBytes > COMPRESSED_ABOVE_BYTES;
    const key = fileKey(this.#place, this.#id, kind, file.name);
    const sent = await this.#sendContent(key, file, isCompressed);
    if (sent.isErr()) {
      this.failure ??= sent.error;
      this.#stop.abort();
      return undefined;
    }
    if (isCompressed) this.#progress.bytesDone(file.sizeBytes, 'sent');
    this.#progress.fileDone();
    return { kind, name: file.name, key, storedBytes: sent.value, isCompressed };
  }

  /** Gives how many bytes the object has. */
  async #sendContent(
    key: string,
    file: BackupFile,
    compress: boolean,
  ): Promise<Result<number, StoreFilesError>> {
    const { storage, values } = this.#layout;
    if (this.#signal.aborted) return err(new Aborted('save backup'));
    const blockBytes = values.chunkSizeBytes;
    const content = fileContent(file, { compress, blockBytes, signal: this.#signal });
    const blocks: AsyncIterator<Uint8Array, undefined> = content[Symbol.asyncIterator]();
    try {
      if (!compress && file.sizeBytes > blockBytes) return await this.#sendParts(key, blocks, compress);
      // Most files: one object, and one request.
      const first = await this.#slots(async () => {
        const { value: body = new Uint8Array() } = await blocks.next();
        if (compress && body.byteLength === blockBytes) return ok(body);
        const put = await storage.put(key, body, { signal: this.#signal });
        if (put.isErr() && put.error.name !== 'ObjectAlreadyExists') return err(put.error);
        this.#progress.bytesDone(compress ? 0 : body.byteLength, 'sent');
        return ok(body.byteLength);
      });
      if (first.isErr()) return err(first.error);
      if (typeof first.value === 'number') return ok(first.value);
      return await this.#sendParts(key, prepended(first.value, blocks), compress);
    } catch (cause) {
      if (isBackupError(cause)) return err(cause as StoreFilesError);
      throw cause;
    } finally {
      await blocks.return?.();
    }
  }

  #sendParts(
    key: string,
    blocks: AsyncIterator<Uint8Array>,
    compress: boolean,
  ): ResultAsync<number, StoreFilesError> {
    const { storage, values, clock } = this.#layout;
    const partSizeBytes = values.chunkSizeBytes;
    const limit = { operation: `abort ${key}`, timeoutMs: ABORT_UPLOAD_MS };
    let isComplete = false;
    return bracket(
      () => storage.startUpload(key, { partSizeBytes, signal: this.#signal }),
      (upload) =>
        this.#sendBlocks(upload, blocks, compress).map((bytes) => {
          isComplete = true;
          return bytes;
        }),
      async (upload) => {
        if (isComplete) return;
        const aborted = await withDeadline(clock, limit, (signal) => upload.abort({ signal }));
        if (aborted.isErr()) {
          this.#layout.logger.warn({ key, err: aborted.error }, 'could not throw away an upload in parts');
        }
      },
    );
  }

  /** Reads on while parts are sent, as far as there are slots. */
  #sendBlocks(
    upload: ObjectUpload,
    blocks: AsyncIterator<Uint8Array>,
    compress: boolean,
  ): ResultAsync<number, StoreFilesError> {
    return fromAsync<number, StoreFilesError>(async () => {
      let failure: StoreFilesError | undefined;
      let storedBytes = 0;
      let thrown: unknown;
      const sending: Promise<void>[] = [];
      for (let index = 0, ended = false; !ended && failure === undefined; index += 1) {
        const read = Promise.withResolvers<boolean>();
        sending.push(
          this.#slots(async () => {
            try {
              const block = await blocks.next();
              read.resolve(block.done === true);
              if (block.done) return;
              storedBytes += block.value.byteLength;
              const sent = await upload.part(index, block.value, { signal: this.#signal });
              if (sent.isErr()) failure ??= sent.error;
              else if (!compress) this.#progress.bytesDone(block.value.byteLength, 'sent');
            } catch (cause) {
              thrown ??= cause;
              read.resolve(true);
            }
          }),
        );
        ended = await read.promise;
      }
      await Promise.all(sending);
      if (thrown !== undefined) throw thrown;
      if (failure !== undefined) return err(failure);
      return upload.complete({ signal: this.#signal }).map(() => storedBytes);
    });
  }
}

/** The rest of an iteration, with the block that was taken out of it in front again. */
function prepended(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array> {
  let isTaken = false;
  return {
    async next() {
      if (isTaken) return rest.next();
      isTaken = true;
      return { done: false, value: first };
    },
  };
}
