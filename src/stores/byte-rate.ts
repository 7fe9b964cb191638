// A limit of bytes per second that several partitions share: in turns, so that none of them waits for all that another
// one has queued. Sleeps until the next byte may move, and not at all while nobody waits.
import type { Clock } from '../ports/environment.ts';

/** A timer fires late; so much may be caught up. */
const CAUGHT_UP_MS = 100;

interface Waiter {
  readonly bytes: number;
  readonly go: () => void;
}

export class ByteRate {
  readonly #clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly #bytesPerSecond: number;
  /** Who waits, by partition. The first partition is the next one; none of them is empty. */
  readonly #lanes = new Map<number, Waiter[]>();
  /** When what was let through so far has had its time. */
  #freeAt = Number.NEGATIVE_INFINITY;
  /** Fires when the last one who waited has left. */
  #idle = new AbortController();
  #isRunning = false;

  constructor(
    components: { readonly clock: Pick<Clock, 'monotonic' | 'sleep'> },
    settings: { readonly bytesPerSecond: number },
  ) {
    this.#clock = components.clock;
    this.#bytesPerSecond = settings.bytesPerSecond;
  }

  /** Resolves when so many bytes may move, or when the signal fires. The first ones after a pause go at once. */
  async turn(partitionId: number, bytes: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve: go } = Promise.withResolvers<void>();
    const waiter = { bytes, go };
    const lane = this.#lanes.get(partitionId);
    if (lane === undefined) this.#lanes.set(partitionId, [waiter]);
    else lane.push(waiter);
    const leave = () => this.#leave(partitionId, waiter);
    signal.addEventListener('abort', leave, { once: true });
    void this.#run();
    await promise;
    signal.removeEventListener('abort', leave);
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (;;) {
      const [next] = this.#lanes;
      if (next === undefined) break;
      const now = this.#clock.monotonic();
      if (now < this.#freeAt) {
        if (this.#idle.signal.aborted) this.#idle = new AbortController();
        await this.#clock.sleep(this.#freeAt - now, this.#idle.signal);
        continue;
      }
      const [partitionId, [waiter, ...others]] = next;
      this.#lanes.delete(partitionId);
      if (others.length > 0) this.#lanes.set(partitionId, others);
      this.#freeAt =
        Math.max(this.#freeAt, now - CAUGHT_UP_MS) + ((waiter?.bytes ?? 0) * 1000) / this.#bytesPerSecond;
      waiter?.go();
    }
    this.#isRunning = false;
  }

  #leave(partitionId: number, waiter: Waiter): void {
    const others = this.#lanes.get(partitionId)?.filter((other) => other !== waiter) ?? [];
    if (others.length > 0) this.#lanes.set(partitionId, others);
    else this.#lanes.delete(partitionId);
    waiter.go();
    if (this.#lanes.size === 0) this.#idle.abort();
  }
}
