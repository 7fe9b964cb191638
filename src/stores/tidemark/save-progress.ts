// Counts how far a save has come and tells it after each step.
import type { BackupProgress } from '../../core/status.ts';

export class SaveProgress {
  readonly #tell: ((progress: BackupProgress) => void) | undefined;
  readonly #filesTotal: number;
  readonly #bytesTotal: number;
  readonly #throttledMs: (() => number) | undefined;
  #filesDone = 0;
  #bytesDone = 0;
  #bytesReused = 0;
  #bytesUnread = 0;

  constructor(
    fileSizes: readonly number[],
    tell: ((progress: BackupProgress) => void) | undefined,
    throttledMs?: () => number,
  ) {
    this.#filesTotal = fileSizes.length;
    this.#bytesTotal = fileSizes.reduce((sum, size) => sum + size, 0);
    this.#tell = tell;
    this.#throttledMs = throttledMs;
    this.#report();
  }

  bytesDone(bytes: number, how: 'sent' | 'reused' | 'unread'): void {
    this.#bytesDone += bytes;
    if (how !== 'sent') this.#bytesReused += bytes;
    if (how === 'unread') this.#bytesUnread += bytes;
    this.#report();
  }

  /** Files that are not read at all, together. */
  filesUnread(files: number, bytes: number): void {
    if (files === 0) return;
    this.#filesDone += files;
    this.bytesDone(bytes, 'unread');
  }

  fileDone(): void {
    this.#filesDone += 1;
    this.#report();
  }

  #report(): void {
    this.#tell?.({
      filesDone: this.#filesDone,
      filesTotal: this.#filesTotal,
      bytesDone: this.#bytesDone,
      bytesTotal: this.#bytesTotal,
      bytesReused: this.#bytesReused,
      ...(this.#bytesUnread === 0 ? {} : { bytesUnread: this.#bytesUnread }),
      ...(this.#throttledMs === undefined ? {} : { throttledMs: this.#throttledMs() }),
    });
  }
}
