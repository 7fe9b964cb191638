// A process of the cluster: it can be killed, and its clock stops with it.
import type { Clock } from '../../src/ports/environment.ts';
import type { Scheduler } from './scheduler.ts';

export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  alive = true;
  /** Sleeps that have not ended. */
  sleeping = 0;

  constructor(name: string, scheduler: Scheduler) {
    this.name = name;
    this.clock = {
      now: () => scheduler.now,
      monotonic: () => scheduler.elapsed,
      sleep: (ms, signal) => this.#sleep(scheduler, ms, signal),
    };
  }

  kill(): void {
    this.alive = false;
  }

  #sleep(scheduler: Scheduler, ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.sleeping += 1;
      const wake = () => {
        this.sleeping -= 1;
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const cancel = scheduler.after(ms, `wake ${this.name}`, wake, this);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}
