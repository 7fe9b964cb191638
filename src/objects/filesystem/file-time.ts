// The time of the file system that holds the objects, which may be that of another machine. It must be told from a file
// that was just written: a clock of ours may be hours wrong, and would take living writers for dead.
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Random } from '../../ports/environment.ts';
import { fileErrorCode } from './file-failure.ts';

/** How long the difference of the two clocks is believed, so that not every listing writes a file. */
const BELIEVED_MS = 10_000;

/** Reads the file system's clock by way of files in `directory`. */
export class FileTime {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Pick<Random, 'hex'>;
  readonly #directory: string;
  #measured: { readonly atMs: number; readonly aheadMs: number } | undefined;

  constructor(
    components: { readonly clock: Pick<Clock, 'now'>; readonly random: Pick<Random, 'hex'> },
    directory: string,
  ) {
    this.#clock = components.clock;
    this.#random = components.random;
    this.#directory = directory;
  }

  /** Milliseconds since 1970. Our own clock's where nothing can be written, or nothing ever was. */
  async now(): Promise<number> {
    const ageMs = this.#clock.now() - (this.#measured?.atMs ?? Number.NaN);
    if (!(ageMs >= 0 && ageMs < BELIEVED_MS)) await this.#measure();
    return this.#clock.now() + (this.#measured?.aheadMs ?? 0);
  }

  async #measure(): Promise<void> {
    const path = join(this.#directory, this.#random.hex(16));
    try {
      await (await open(path, 'wx')).close();
      try {
        const { mtimeMs } = await stat(path);
        const atMs = this.#clock.now();
        this.#measured = { atMs, aheadMs: Math.floor(mtimeMs) - atMs };
      } finally {
        await rm(path, { force: true });
      }
    } catch (cause) {
      if (fileErrorCode(cause) === undefined) throw cause;
    }
  }
}
