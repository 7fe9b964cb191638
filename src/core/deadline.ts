// One time limit around one operation, measured on a clock that is given. Core waits nowhere else.
import { err, type Result, type ResultAsync } from 'neverthrow';
import { Aborted, DeadlineExceeded } from './errors.ts';
import { fromAsync } from './result.ts';

/** The part of a clock that a deadline needs. */
export interface Sleeper {
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** What to call the operation in an error, its limit, and the caller's own signal. */
export interface DeadlineOptions {
  readonly operation: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs an operation with a signal that fires when the time is up or the caller aborts. Settles at once then,
 * even when the operation ignores its signal; its late answer is dropped.
 */
export function withDeadline<T, E>(
  clock: Sleeper,
  options: DeadlineOptions,
  run: (signal: AbortSignal) => ResultAsync<T, E>,
): ResultAsync<T, E | DeadlineExceeded | Aborted> {
  return fromAsync<T, E | DeadlineExceeded | Aborted>(async () => {
    const { operation, timeoutMs, signal: outer } = options;
    if (outer?.aborted) return err(new Aborted(operation));
    const inner = new AbortController();
    const timer = new AbortController();
    let onAbort: (() => void) | undefined;
    const calledOff = new Promise<Result<T, E | DeadlineExceeded | Aborted>>((resolve) => {
      onAbort = () => resolve(err(new Aborted(operation)));
      outer?.addEventListener('abort', onAbort, { once: true });
    });
    const timedOut = clock
      .sleep(timeoutMs, timer.signal)
      .then(() => err<T, DeadlineExceeded>(new DeadlineExceeded(operation, timeoutMs)));
    try {
      return await Promise.race([run(inner.signal), timedOut, calledOff]);
    } finally {
      if (onAbort !== undefined) outer?.removeEventListener('abort', onAbort);
      timer.abort();
      inner.abort();
    }
  });
}
