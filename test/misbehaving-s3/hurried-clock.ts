// A clock for retries that nobody wants to wait for: a pause takes no time, and is counted many times over. So how often a call is
// tried again does not depend on how busy the machine is.
import type { Clock } from '../../src/ports/environment.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';

/** Few attempts tell as much as many. */
const FACTOR = 100;

/** Pauses below `longMs` are skipped and counted. The others, limits that a test never reaches, take real time. */
export class HurriedClock implements Clock {
  readonly #longMs: number;
  #skippedMs = 0;

  constructor(longMs: number) {
    this.#longMs = longMs;
  }

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return this.#skippedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms >= this.#longMs) return systemClock.sleep(ms, signal);
    this.#skippedMs += ms * FACTOR;
    return systemClock.sleep(0, signal);
  }
}
