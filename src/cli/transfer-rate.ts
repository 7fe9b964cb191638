// How fast bytes went in the last ten seconds, and when the rest will be there: for people who wait.
// It decides nothing.
import type { Clock } from '../ports/environment.ts';
import { formatBytes } from './text-table.ts';

const WINDOW_MS = 10_000;
/** Below this a rate is chance. */
const LEAST_MS = 1_000;
/** So many samples at most in the window, however often it is told. */
const SAMPLE_MS = 250;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** The rate of one transfer. */
export class TransferRate {
  readonly #clock: Clock;
  #samples: Sample[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Tells how many bytes are done by now, and gives ` at 12.0 MiB/s, 3 min left`; without the end of it when nothing
   * moves or nothing is left, and nothing at all in the first second.
   */
  update({ bytesDone, bytesTotal }: { readonly bytesDone: number; readonly bytesTotal: number }): string {
    const now = { at: this.#clock.monotonic(), bytes: bytesDone };
    const newest = this.#samples.at(-1);
    if (newest === undefined || now.at - newest.at >= SAMPLE_MS) this.#samples.push(now);
    // One that is older stays as the far end, or a slow transfer would have no window.
    while ((this.#samples[1]?.at ?? now.at) <= now.at - WINDOW_MS) this.#samples.shift();
    const oldest = this.#samples[0] ?? now;
    const elapsedMs = now.at - oldest.at;
    if (elapsedMs < LEAST_MS) return '';
    const perMs = (now.bytes - oldest.bytes) / elapsedMs;
    const left = bytesTotal - bytesDone;
    const eta = perMs > 0 && left > 0 ? `, ${formatDuration(left / perMs)} left` : '';
    return ` at ${formatBytes(Math.round(perMs * 1000))}/s${eta}`;
  }
}

/** `8 s`, `3 min`, `2 h 05 min`: rounded up, so that nobody is told 0. */
function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
