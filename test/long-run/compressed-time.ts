// Time that is made to pass: in leaps while nothing happens, and almost standing still while requests are under way, which
// take real time. Almost, because some of them wait for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { ManualClock } from 'tidemark/testkit';

const LOOK_AGAIN_MS = 1;
/** So long nothing is thought to wait for time to pass. */
const STILL_MS = 100;
/** Then ten times faster than it really does: a limit of seconds must not hit a request that takes a moment. */
const PASSES_MS = 20;
const GIVE_UP_MS = 60_000;

export class CompressedTime {
  readonly clock: ManualClock;

  constructor(startMs: number) {
    this.clock = new ManualClock(startMs);
  }

  /** Lets time pass up to an instant. */
  async passTo(instantMs: number): Promise<void> {
    await this.clock.advance(instantMs - this.clock.now());
  }

  /** Waits for what is under way. Throws when it does not come. */
  async until(what: string, has: () => boolean): Promise<void> {
    const started = performance.now();
    while (!has()) {
      const waited = performance.now() - started;
      if (waited > GIVE_UP_MS) throw new Error(`${what}: not within ${GIVE_UP_MS} ms`);
      await sleep(LOOK_AGAIN_MS);
      if (waited > STILL_MS) await this.clock.advance(PASSES_MS);
    }
  }
}
