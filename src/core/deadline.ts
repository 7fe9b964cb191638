// Time limits around operations, measured on a clock that is given. Core waits nowhere else.
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

/** A signal with a limit. Its reason is a DeadlineExceeded or an Aborted. `stop` frees its timer. */
export interface Deadline {
  readonly signal: AbortSignal;
  stop(): void;
}

const OVER = 'the operation has ended';

/** Starts a time limit. Call `stop` when the operation has ended, however it ended. */
export function startDeadline(clock: Sleeper, options: DeadlineOptions): Deadline {
  const { operation, timeoutMs, signal: outer } = options;
  const limit = new AbortController();
  const timer = new AbortController();
  const onAbort = () => limit.abort(new Aborted(operation));
  if (outer?.aborted) onAbort();
  else outer?.addEventListener('abort', onAbort, { once: true });
  void clock.sleep(timeoutMs, timer.signal).then(() => {
    if (!timer.signal.aborted) limit.abort(new DeadlineExceeded(operation, timeoutMs));
  });
  return {
    signal: limit.signal,
    stop() {
      outer?.removeEventListener('abort', onAbort);
      // A reason of its own: the one that an abort makes by itself costs more than all the rest.
      timer.abort(OVER);
    },
  };
}

/**
 * Runs an operation until the signal of a {@link Deadline} fires, and gives the signal's reason at once then, even
 * when the operation ignores it. A result that comes too late goes to `discard`.
 */
export function untilAborted<T, E>(
  signal: AbortSignal,
  run: () => ResultAsync<T, E>,
  discard: (late: T) => void = () => {},
): ResultAsync<T, E | DeadlineExceeded | Aborted> {
  return fromAsync<T, E | DeadlineExceeded | Aborted>(async () => {
    if (signal.aborted) return err(abortReason(signal));
    let onAbort = () => {};
    const calledOff = new Promise<Result<T, DeadlineExceeded | Aborted>>((resolve) => {
      onAbort = () => resolve(err(abortReason(signal)));
      signal.addEventListener('abort', onAbort, { once: true });
    });
    const running = Promise.resolve(run());
    try {
      const first = await Promise.race([running, calledOff]);
      // What it throws so late can reach nobody any more, and must not end the process.
      if (signal.aborted) {
        running.then(
          (late) => late.isOk() && late !== first && discard(late.value),
          () => {},
        );
      }
      return first;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  });
}

/** Runs one operation with a limit. Settles when the time is up or the caller aborts, whatever the operation does. */
export function withDeadline<T, E>(
  clock: Sleeper,
  options: DeadlineOptions,
  run: (signal: AbortSignal) => ResultAsync<T, E>,
): ResultAsync<T, E | DeadlineExceeded | Aborted> {
  return fromAsync<T, E | DeadlineExceeded | Aborted>(async () => {
    const deadline = startDeadline(clock, options);
    try {
      return await untilAborted(deadline.signal, () => run(deadline.signal));
    } finally {
      deadline.stop();
    }
  });
}

/** Why a signal has fired, as the error to end with. */
export function abortReason(signal: AbortSignal): DeadlineExceeded | Aborted {
  const { reason } = signal;
  return reason instanceof DeadlineExceeded || reason instanceof Aborted ? reason : new Aborted('operation');
}
