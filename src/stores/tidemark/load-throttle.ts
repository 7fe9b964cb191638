// Lets a save give way to the broker: fewer chunks at a time, then pauses between them, and back again when the load
// falls. Never for more than half of the time that the save has, so that it comes to its end.
import type { Clock, LoadProbe } from '../../ports/environment.ts';

/** From here on the broker is busy; below the other one it has room. In between nothing changes. */
const BUSY_LOAD = 0.75;
const ROOM_LOAD = 0.5;

const PAUSE_MS_MIN = 25;
const PAUSE_MS_MAX = 2_000;

/** What of its time a save gives to pauses at most. */
const PAUSED_SHARE_MAX = 0.5;

export interface LoadThrottleComponents {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly load: LoadProbe;
  /** Told how many chunks may be in flight. */
  readonly onWindow: (chunks: number) => void;
}

export interface LoadThrottleSettings {
  readonly chunksInFlight: number;
  /** How many turns the save will take. */
  readonly chunks: number;
  /** How long the save may take, from now on. */
  readonly deadlineMs: number;
}

/** The pace of one save. */
export class LoadThrottle {
  readonly #components: LoadThrottleComponents;
  readonly #windowMax: number;
  #window: number;
  #pauseMs = 0;
  #chunksLeft: number;
  #budgetMs: number;
  #throttledMs = 0;

  constructor(components: LoadThrottleComponents, settings: LoadThrottleSettings) {
    this.#components = components;
    this.#windowMax = settings.chunksInFlight;
    this.#window = settings.chunksInFlight;
    this.#chunksLeft = settings.chunks;
    this.#budgetMs = settings.deadlineMs * PAUSED_SHARE_MAX;
  }

  /** The pauses so far, in milliseconds. */
  get throttledMs(): number {
    return Math.round(this.#throttledMs);
  }

  /** To be awaited before each chunk. Resolves early when the signal fires. */
  async turn(signal: AbortSignal): Promise<void> {
    this.#adapt();
    // What is left of the budget is for all chunks that are left: the last ones must not wait in vain for the first.
    const pauseMs = Math.min(this.#pauseMs, this.#budgetMs / Math.max(1, this.#chunksLeft));
    this.#chunksLeft -= 1;
    if (pauseMs < 1) return;
    const { clock } = this.#components;
    const begunAt = clock.monotonic();
    this.#budgetMs -= pauseMs;
    await clock.sleep(pauseMs, signal);
    this.#throttledMs += clock.monotonic() - begunAt;
  }

  /** Halves what a busy broker is asked for, and gives it back step by step. */
  #adapt(): void {
    const load = this.#load();
    if (load >= BUSY_LOAD) {
      const isNarrow = this.#window === 1;
      if (isNarrow) this.#pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, 2 * this.#pauseMs));
      else this.#setWindow(Math.floor(this.#window / 2));
    } else if (load < ROOM_LOAD) {
      if (this.#pauseMs > 0) this.#pauseMs = this.#pauseMs > PAUSE_MS_MIN ? this.#pauseMs / 2 : 0;
      else if (this.#window < this.#windowMax) this.#setWindow(this.#window + 1);
    }
  }

  #setWindow(chunks: number): void {
    this.#window = chunks;
    this.#components.onWindow(chunks);
  }

  /** A probe that throws or makes no sense must not cost a backup: it counts as no load. */
  #load(): number {
    try {
      const load = this.#components.load();
      return Number.isFinite(load) ? load : 0;
    } catch {
      return 0;
    }
  }
}
