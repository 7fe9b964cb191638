// Does a piece of work once for each slot of a schedule: the latest slot only, until it is settled or another one has
// come. It sleeps on the clock that is given, in short steps because the time of day may jump.
import type { ResultAsync } from 'neverthrow';
import type { BackupError } from '../core/errors.ts';
import { SCHEDULER_RETRY_MS, SCHEDULER_RETRY_MS_MAX, SCHEDULER_SLEEP_MS } from '../core/limits.ts';
import { contain } from '../core/result.ts';
import type { Clock, Random } from '../ports/environment.ts';
import type { Schedule } from '../ports/schedule.ts';

/** Undefined: the slot is settled. Otherwise look again after so many milliseconds. */
export type SlotTurn = { readonly againAfterMs: number } | undefined;

export interface SlotWork {
  readonly schedule: Schedule;
  /** What a slot that was there before the start means: it is due, or others have seen to it. */
  readonly earlierSlot: 'due' | 'settled';
  /** Whether this node is the one that acts. Asked each time before anything is done. */
  isActive(): boolean;
  /** One try. Called again for the same slot until it is settled. */
  run(slotMs: number, signal: AbortSignal): ResultAsync<SlotTurn, BackupError>;
  onSkipped(slotMs: number): void;
  onFailed(slotMs: number, error: BackupError, retryInMs: number): void;
}

export class SlotLoop {
  readonly #clock: Clock;
  readonly #random: Pick<Random, 'fraction'>;
  readonly #work: SlotWork;
  #settled: number | undefined;
  #pending: number | undefined;
  #failures = 0;

  constructor(clock: Clock, random: Pick<Random, 'fraction'>, work: SlotWork) {
    this.#clock = clock;
    this.#random = random;
    this.#work = work;
  }

  /** Works until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { schedule, earlierSlot } = this.#work;
    if (earlierSlot === 'settled') this.#settled = schedule.latest(this.#clock.now());
    while (!signal.aborted) {
      const slot = schedule.latest(this.#clock.now());
      const waitMs = await this.#turn(slot, signal);
      if (!signal.aborted) await this.#sleep(waitMs, slot, signal);
    }
  }

  /** Does what is due, and tells how long there is nothing to do. */
  async #turn(slot: number | undefined, signal: AbortSignal): Promise<number> {
    const { earlierSlot, isActive, run, onSkipped, onFailed } = this.#work;
    if (!isActive()) {
      this.#pending = undefined;
      if (earlierSlot === 'settled') this.#settled = slot;
      return SCHEDULER_SLEEP_MS;
    }
    if (slot === undefined || slot === this.#settled) return Number.POSITIVE_INFINITY;
    if (this.#pending !== undefined && this.#pending < slot) onSkipped(this.#pending);
    this.#pending = slot;
    const turn = await contain('schedule', () => run(slot, signal));
    if (signal.aborted) return 0;
    if (turn.isErr()) {
      const retryInMs = this.#retryInMs();
      onFailed(slot, turn.error, retryInMs);
      return retryInMs;
    }
    this.#failures = 0;
    if (turn.value !== undefined) return turn.value.againAfterMs;
    this.#settled = slot;
    this.#pending = undefined;
    return Number.POSITIVE_INFINITY;
  }

  #retryInMs(): number {
    const longest = Math.min(SCHEDULER_RETRY_MS * 2 ** this.#failures, SCHEDULER_RETRY_MS_MAX);
    this.#failures += 1;
    // From a half to the whole, so that nodes which failed together do not come back together.
    return Math.ceil(longest * (0.5 + this.#random.fraction() / 2));
  }

  /** Sleeps for so long, and only while `slot` is the latest: another one may have come during the turn. */
  async #sleep(waitMs: number, slot: number | undefined, signal: AbortSignal): Promise<void> {
    const end = this.#clock.monotonic() + waitMs;
    while (!signal.aborted) {
      const now = this.#clock.now();
      const leftMs = end - this.#clock.monotonic();
      if (leftMs <= 0 || this.#work.schedule.latest(now) !== slot) return;
      const next = this.#work.schedule.next(now) ?? Number.POSITIVE_INFINITY;
      await this.#clock.sleep(Math.max(1, Math.min(leftMs, next - now, SCHEDULER_SLEEP_MS)), signal);
    }
  }
}
