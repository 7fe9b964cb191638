// How busy this process is, from the delay of its event loop. Measures by itself once it is made, costs next to
// nothing, and never holds the process open.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LoadProbe } from '../ports/environment.ts';

const RESOLUTION_MS = 10;
/** More often there is nothing new to say: the figure is that of the time since the last one. */
const FIGURE_EVERY_MS = 100;

export interface EventLoopLoadSettings {
  /** A delay of the event loop that counts as overload, in milliseconds. Default 50. */
  readonly overloadMs?: number;
}

/** A probe of the event loop's delay. `close` ends the measuring; from then on it says 0. */
export interface EventLoopLoad {
  readonly load: LoadProbe;
  close(): void;
}

/** Begins to measure. `load` is 0 when the loop is never late, 1 when each tenth turn is late by `overloadMs`. */
export function eventLoopLoad({ overloadMs = 50 }: EventLoopLoadSettings = {}): EventLoopLoad {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let figure = 0;
  let figureAt = performance.now();
  let isClosed = false;
  return {
    load: () => {
      const now = performance.now();
      if (!isClosed && now - figureAt >= FIGURE_EVERY_MS && delays.count > 0) {
        const delayMs = delays.percentile(90) / 1e6 - RESOLUTION_MS;
        figure = Math.min(1, Math.max(0, delayMs / overloadMs));
        figureAt = now;
        delays.reset();
      }
      return figure;
    },
    close: () => {
      isClosed = true;
      figure = 0;
      delays.disable();
    },
  };
}
