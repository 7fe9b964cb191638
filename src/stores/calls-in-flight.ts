// The calls of a store that have not ended yet: each is called off when the store closes, and waited for.
import type { ResultAsync } from 'neverthrow';
import type { CallOptions } from '../ports/backup-store.ts';

/** Runs a store's calls so that `close` can end them. */
export class CallsInFlight {
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  /** Fires when the store closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Runs one call with a signal that fires when its caller aborts or the store closes. */
  run<T, E>(
    { signal }: CallOptions,
    operation: (signal: AbortSignal) => ResultAsync<T, E>,
  ): ResultAsync<T, E> {
    const running = operation(signal === undefined ? this.closing : AbortSignal.any([this.closing, signal]));
    const ended = Promise.resolve(running).then(
      () => {},
      () => {},
    );
    this.#running.add(ended);
    void ended.then(() => this.#running.delete(ended));
    return running;
  }

  /** Calls off what runs, and waits for its last words. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }
}
