// Shows that an attempt lives, and notices when it must not live on: it was called off, or the store could
// not be reached for so long that others take it for dead.
import { withDeadline } from '../../core/deadline.ts';
import { AttemptFenced, type StoreError, StoreUnavailable } from '../../core/errors.ts';
import type { AttemptInStore } from './attempt-objects.ts';
import type { Layout } from './layout.ts';

/** The heart of one attempt. Start it right after `begun` was put. */
export class Heartbeat {
  readonly #layout: Layout;
  readonly #attempt: AttemptInStore;
  readonly #stopping = new AbortController();
  readonly #lost: (error: AttemptFenced | StoreUnavailable) => void;
  #lastBeatAt: number;
  #running: Promise<void> | undefined;

  /**
   * `begunAt` is the monotonic time just before `begun` was put. `lost` is told once, when the attempt must
   * end.
   */
  constructor(
    layout: Layout,
    attempt: AttemptInStore,
    begunAt: number,
    lost: (error: AttemptFenced | StoreUnavailable) => void,
  ) {
    this.#layout = layout;
    this.#attempt = attempt;
    this.#lastBeatAt = begunAt;
    this.#lost = lost;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Whether others still take the attempt for alive. */
  get isFresh(): boolean {
    return this.#silentForMs() < this.#layout.values.staleAfterMs;
  }

  /** Stops, and waits for a beat under way: it must not put `begun` again after that was removed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  #silentForMs(): number {
    return this.#layout.clock.monotonic() - this.#lastBeatAt;
  }

  async #run(): Promise<void> {
    const { clock, values, logger } = this.#layout;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.sleep(values.heartbeatMs, signal);
      if (signal.aborted) return;
      const beat = await this.#beat();
      if (beat === 'fenced')
        return this.#lost(new AttemptFenced(this.#attempt.id, 'it was deleted or marked as failed'));
      if (beat !== 'beaten') logger.warn({ ...this.#attempt.id, err: beat }, 'could not show a sign of life');
      if (!this.isFresh) return this.#lost(this.#unreachable(beat));
    }
  }

  async #beat(): Promise<'beaten' | 'fenced' | StoreError> {
    const { clock, storage, values } = this.#layout;
    const timeoutMs = Math.max(1, Math.min(values.heartbeatMs, values.staleAfterMs - this.#silentForMs()));
    const startedAt = clock.monotonic();
    const limit = { operation: 'heartbeat', timeoutMs };
    const beaten = await withDeadline(clock, limit, (signal) =>
      storage
        .head(this.#attempt.entryKey, { signal })
        .andThen(() => storage.put(this.#attempt.begunKey, this.#attempt.begunBody, { signal })),
    );
    if (beaten.isOk()) {
      this.#lastBeatAt = startedAt;
      return 'beaten';
    }
    const { error } = beaten;
    if (error.name === 'ObjectNotFound') return 'fenced';
    return error.name === 'ObjectAlreadyExists' ? 'fenced' : error;
  }

  #unreachable(beat: 'beaten' | StoreError): StoreUnavailable {
    const detail = `no sign of life could be written for ${this.#layout.values.staleAfterMs} ms`;
    return new StoreUnavailable('heartbeat', detail, beat === 'beaten' ? undefined : beat);
  }
}
