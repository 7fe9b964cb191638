// The bytes of one stored file on their way to the target. Remembers how they ended, so that a failure of the
// store is never taken for one of the target. Holds no more than the chunk in hand.
import type { BackupFile } from '../core/backup.ts';
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

/** One pass over a stored file. */
export class RestoredContent implements AsyncIterable<Uint8Array> {
  readonly #file: BackupFile;
  readonly #signal: AbortSignal;
  readonly #lend: boolean;
  readonly #onBytes: (bytes: number) => void;
  #error: OpenBackupError | undefined;
  #whole = false;

  constructor(
    file: BackupFile,
    options: { readonly signal: AbortSignal; readonly lend: boolean },
    onBytes: (bytes: number) => void,
  ) {
    this.#file = file;
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
    let bytes = 0;
    try {
      for await (const chunk of this.#file.open({ signal: this.#signal, lend: this.#lend })) {
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
