// The process's real clock. A sleep keeps the process alive, so each one has an end or a signal.
import type { Clock } from '../ports/environment.ts';

/** A timer of Node takes no more (24.8 days), and fires at once when asked to. Longer sleeps are made of several. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Time as the machine tells it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    for (let left = ms; ; left -= TIMER_MS_MAX) {
      await sleepOnce(Math.min(left, TIMER_MS_MAX), signal);
      if (left <= TIMER_MS_MAX || signal?.aborted) return;
    }
  },
};

function sleepOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
