// Reads a broker's file in runs of exact length, whatever pieces the broker yields. Contains what the broker
// throws, and lets go at once when the signal fires, even of a broker that hangs.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupFile } from '../../core/backup.ts';
import { Aborted, BrokerFailure } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';

export type ReadFileError = BrokerFailure | Aborted;

/** One pass over one file. `close` it on every path. */
export class FileReader {
  readonly #file: BackupFile;
  readonly #signal: AbortSignal;
  #bytes: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  #taken = 0;

  constructor(file: BackupFile, signal: AbortSignal) {
    this.#file = file;
    this.#signal = signal;
  }

  /**
   * Fills the buffer with the bytes that come next, or with those from `position` on, which lies behind what was read.
   * Too few in the file is a BrokerFailure.
   */
  fill(target: Uint8Array, position = this.#taken): ResultAsync<void, ReadFileError> {
    return fromAsync<void, ReadFileError>(async () => {
      if (this.#file.read !== undefined) return this.#fillAtOnce(target, position, this.#file.read);
      const skipped = await this.#take(position - this.#taken, () => {});
      if (skipped.isErr()) return err(skipped.error);
      return this.#take(target.length, (part, at) => target.set(part, at));
    });
  }

  /** Gives out the next bytes, in as many parts as the broker makes of them. */
  #take(count: number, use: (part: Uint8Array, at: number) => void): ResultAsync<void, ReadFileError> {
    return fromAsync<void, ReadFileError>(async () => {
      let used = 0;
      while (used < count) {
        const more = await this.#more();
        if (more.isErr()) return err(more.error);
        if (!more.value) return err(this.#wrongSize(`only ${this.#taken}`));
        const part = this.#rest.subarray(0, count - used);
        use(part, used);
        used += part.length;
        this.#taken += part.length;
        this.#rest = this.#rest.subarray(part.length);
      }
      return ok();
    });
  }

  /** A file that reads into given memory gives what is asked, and has an end only by its size. */
  #fillAtOnce(
    target: Uint8Array,
    position: number,
    read: NonNullable<BackupFile['read']>,
  ): ResultAsync<void, ReadFileError> {
    return fromAsync<void, ReadFileError>(async () => {
      this.#taken = position + target.length;
      this.#ended = this.#taken >= this.#file.sizeBytes;
      const filled = await this.#orAborted(() => read.call(this.#file, target, position).then(() => true));
      return filled.map(() => undefined);
    });
  }

  /** Once `sizeBytes` bytes are taken: makes sure that the file has no more. Before that it does nothing. */
  endAfter(sizeBytes: number): ResultAsync<void, ReadFileError> {
    return fromAsync<void, ReadFileError>(async () => {
      if (this.#taken < sizeBytes) return ok();
      const more = await this.#more();
      if (more.isErr()) return err(more.error);
      return more.value ? err(this.#wrongSize('more')) : ok();
    });
  }

  /** Tells the broker that nobody reads on. Does not wait for it: it may hang. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#bytes?.return?.().catch(() => {});
  }

  /** Makes sure that there are bytes at hand; false at the end of the file. */
  #more(): ResultAsync<boolean, ReadFileError> {
    return fromAsync<boolean, ReadFileError>(async () => {
      while (this.#rest.length === 0 && !this.#ended) {
        const next = await this.#orAborted(() => {
          this.#bytes ??= this.#file.open({ signal: this.#signal, lend: true })[Symbol.asyncIterator]();
          return this.#bytes.next();
        });
        if (next.isErr()) return err(next.error);
        if (next.value.done) this.#ended = true;
        else this.#rest = next.value.value;
      }
      return ok(this.#rest.length > 0);
    });
  }

  /** What the broker's file does, contained; and given up at once when the signal fires. */
  #orAborted<T extends object | true>(run: () => Promise<T>): ResultAsync<T, ReadFileError> {
    return fromAsync<T, ReadFileError>(async () => {
      const aborted = whenAborted(this.#signal);
      try {
        const done = await Promise.race([run(), aborted.fired]);
        return done === undefined ? err(new Aborted('save backup')) : ok(done);
      } catch (cause) {
        this.#ended = true;
        if (this.#signal.aborted) return err(new Aborted('save backup'));
        const detail = `file=${this.#file.name} ${cause instanceof Error ? cause.message : String(cause)}`;
        return err(new BrokerFailure('read file', detail, cause));
      } finally {
        aborted.stop();
      }
    });
  }

  #wrongSize(got: string): BrokerFailure {
    const { name, sizeBytes } = this.#file;
    return new BrokerFailure('read file', `file=${name} said to have ${sizeBytes} bytes and gave ${got}`);
  }
}

function whenAborted(signal: AbortSignal): { readonly fired: Promise<undefined>; stop(): void } {
  let stop = () => {};
  const fired = new Promise<undefined>((resolve) => {
    const onAbort = () => resolve(undefined);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    stop = () => signal.removeEventListener('abort', onAbort);
  });
  return { fired, stop: () => stop() };
}
