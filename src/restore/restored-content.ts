// The bytes of one stored file on their way to the target. Remembers how they ended, so that a failure of the
// store is never taken for one of the target. Holds no more than the chunk in hand.
import type { OpenFileOptions, StoredFile } from '../core/backup.ts';
import { abortReason } from '../core/deadline.ts';
import {
  Aborted,
  BackupCorrupt,
  BackupNotFound,
  DeadlineExceeded,
  InvalidBackupState,
  StoreAccessDenied,
  StoreFailure,
  StoreNotFound,
  StoreUnavailable,
} from '../core/errors.ts';
import type { OpenBackupError } from '../ports/backup-store.ts';

/** Where a pass begins: behind so many parts of the file, which have so many bytes. */
export interface ContentStart {
  readonly parts: number;
  readonly bytes: number;
}

/** One pass over a stored file, or over what is behind its first parts. */
export class RestoredContent implements AsyncIterable<Uint8Array> {
  readonly #file: StoredFile;
  readonly #start: ContentStart;
  readonly #signal: AbortSignal;
  readonly #lend: boolean;
  readonly #onBytes: (bytes: number) => void;
  #error: OpenBackupError | undefined;
  #whole = false;

  constructor(
    file: StoredFile,
    start: ContentStart,
    options: { readonly signal: AbortSignal; readonly lend: boolean },
    onBytes: (bytes: number) => void,
  ) {
    this.#file = file;
    this.#start = start;
    this.#signal = options.signal;
    this.#lend = options.lend;
    this.#onBytes = onBytes;
  }

  /** Why reading ended early. */
  get error(): OpenBackupError | undefined {
    return this.#error;
  }

  /** Whether all bytes were handed out. */
  get whole(): boolean {
    return this.#whole;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { name, sizeBytes } = this.#file;
    let bytes = this.#start.bytes;
    try {
      for await (const chunk of this.#open({ signal: this.#signal, lend: this.#lend })) {
        if (this.#signal.aborted) throw abortReason(this.#signal);
        bytes += chunk.byteLength;
        if (bytes > sizeBytes) break;
        yield chunk;
        this.#onBytes(chunk.byteLength);
      }
      if (bytes !== sizeBytes) {
        throw new BackupCorrupt(name, `expectedBytes=${sizeBytes} got ${bytes > sizeBytes ? 'more' : bytes}`);
      }
    } catch (cause) {
      this.#error = readError(name, cause);
      throw this.#error;
    }
    this.#whole = true;
  }

  #open(options: OpenFileOptions): AsyncIterable<Uint8Array> {
    return this.#start.parts === 0 ? this.#file.open(options) : this.#openRest(options);
  }

  async *#openRest(options: OpenFileOptions): AsyncGenerator<Uint8Array, void, undefined> {
    for (const part of [...(this.#file.parts?.() ?? [])].slice(this.#start.parts)) yield* part.open(options);
  }
}

function readError(name: string, cause: unknown): OpenBackupError {
  if (
    cause instanceof BackupCorrupt ||
    cause instanceof StoreUnavailable ||
    cause instanceof StoreAccessDenied ||
    cause instanceof StoreNotFound ||
    cause instanceof StoreFailure ||
    cause instanceof DeadlineExceeded ||
    cause instanceof Aborted ||
    cause instanceof BackupNotFound ||
    cause instanceof InvalidBackupState
  ) {
    return cause;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreFailure('read', `file=${name} reason=${reason}`, cause);
}
