// The one clock and the one queue of a run. Whatever waits, waits here; the next event runs when everything that the
// last one set off has come to rest. There is no other source of order.
import type { Trace } from './trace.ts';

/** A process that can die. What it still had to do is then not done. */
export interface Owner {
  readonly alive: boolean;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly label: string;
  readonly owner: Owner | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

const START_MS = Date.UTC(2026, 0, 1);

export class Scheduler {
  /** Milliseconds since the start, with fractions. */
  elapsed = 0;
  events = 0;
  /** Looks at the world whenever it has come to rest. */
  onRest: () => void = () => {};
  readonly #trace: Trace;
  readonly #heap: Event[] = [];
  #order = 0;

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  /** Whole milliseconds since 1970. */
  get now(): number {
    return START_MS + Math.floor(this.elapsed);
  }

  /** Runs `run` after `delayMs`, unless its owner has died by then. Returns what cancels it. */
  after(delayMs: number, label: string, run: () => void, owner?: Owner): () => void {
    const event = { at: this.elapsed + delayMs, order: this.#order, label, owner, run, cancelled: false };
    this.#order += 1;
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Lets time pass until `until` says so, or for `limitMs`. Tells whether `until` came true. */
  async run(until: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.elapsed + limitMs;
    await rest();
    for (;;) {
      this.onRest();
      if (until()) return true;
      const next = this.#heap[0];
      if (next === undefined || next.at > end) break;
      this.#pop();
      if (next.cancelled || next.owner?.alive === false) continue;
      this.elapsed = next.at;
      this.events += 1;
      this.#trace.add(`${this.elapsed.toFixed(3)} ${next.label}`);
      next.run();
      await rest();
    }
    this.elapsed = end;
    return until();
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.run(() => false, ms);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Event, heap[child] as Event)) child = right;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[index] = heap[child] as Event;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** A tick comes when no promise has anything left to do. Nothing in a run does real input or output. */
function rest(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
