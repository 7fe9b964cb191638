// Signals for the simulation, in place of the platform's: those make an event, an exception and weak references for
// each abort, a seventh of a run's time. Listeners are called in the same order. Nothing outside of a run may need them.

type Listener = (event: { readonly type: 'abort'; readonly target: LightSignal }) => void;

class LightSignal {
  aborted = false;
  reason: unknown;
  #listeners: { readonly listener: Listener; readonly once: boolean }[] = [];
  /** Those that follow this one. They are told after its own listeners, once all have been marked. */
  readonly #followers = new Set<LightSignal>();

  static any(signals: readonly LightSignal[]): LightSignal {
    const signal = new LightSignal();
    const first = signals.find(({ aborted }) => aborted);
    if (first !== undefined) signal.#mark(first.reason);
    else for (const source of signals) source.#followers.add(signal);
    return signal;
  }

  static abort(reason?: unknown): LightSignal {
    const signal = new LightSignal();
    signal.fire(reason);
    return signal;
  }

  addEventListener(_type: 'abort', listener: Listener, { once = false } = {}): void {
    if (this.#listeners.some((one) => one.listener === listener)) return;
    this.#listeners.push({ listener, once });
  }

  removeEventListener(_type: 'abort', listener: Listener): void {
    this.#listeners = this.#listeners.filter((one) => one.listener !== listener);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  fire(reason: unknown = ABORTED): void {
    if (this.aborted) return;
    const fired = this.#mark(reason);
    for (const signal of fired) signal.#tell();
  }

  /** Marks this one and all that follow it, before anybody is told. */
  #mark(reason: unknown): LightSignal[] {
    this.aborted = true;
    this.reason = reason;
    const waiting = [...this.#followers].filter(({ aborted }) => !aborted);
    this.#followers.clear();
    return [this, ...waiting.flatMap((follower) => (follower.aborted ? [] : follower.#mark(reason)))];
  }

  #tell(): void {
    for (const entry of [...this.#listeners]) {
      if (!this.#listeners.includes(entry)) continue;
      if (entry.once) this.removeEventListener('abort', entry.listener);
      entry.listener({ type: 'abort', target: this });
    }
  }
}

/** One for all: who calls off without a reason gives no reason to look at. */
const ABORTED = new DOMException('This operation was aborted', 'AbortError');

class LightController {
  readonly signal = new LightSignal();

  abort(reason?: unknown): void {
    this.signal.fire(reason);
  }
}

/** Puts them in the platform's place. Gives what puts the platform's back. */
export function useLightSignals(): () => void {
  const { AbortController, AbortSignal } = globalThis;
  Object.assign(globalThis, { AbortController: LightController, AbortSignal: LightSignal });
  return () => void Object.assign(globalThis, { AbortController, AbortSignal });
}
