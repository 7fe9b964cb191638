// Looks, whenever the world is at rest, at what each leader has pinned: pins come before any remote call, and none is
// held without an attempt or past its deadline.
import type { Scheduler } from '../scheduler.ts';
import type { Leader } from '../simulated-node.ts';
import { hold } from '../violation.ts';

/** After its deadline an attempt may still record why it failed, with its files unpinned. */
const LAST_WORDS_MS = 12_000;

export function watchPins(leaders: readonly Leader[], { elapsed }: Scheduler, deadlineMs: number): void {
  for (const leader of leaders) {
    const { led, node, running } = leader;
    if (led === undefined || !node.process.alive) continue;
    const where = () => `partition ${leader.partitionId} on ${node.process.name}`;
    const { pins } = led.partition.source;
    if (leader.justStarted > 0) {
      hold(pins >= leader.justStarted, 'pins come first', () => `${where()} waits and has pinned nothing`);
      leader.justStarted = 0;
    }
    hold(
      pins <= running.size,
      'no pin outlives its attempt',
      () => `${where()} has ${pins} for ${running.size}`,
    );
    let inTime = 0;
    for (const [id, startedAt] of running) {
      const age = elapsed - startedAt;
      if (age <= deadlineMs + 10) inTime += 1;
      hold(
        age <= deadlineMs + LAST_WORDS_MS,
        'everything comes to an end',
        () => `${where()} takes backup ${id} for ${Math.round(age)} ms`,
      );
    }
    hold(pins <= inTime, 'no pin outlives its attempt', () => `${where()} pins past the deadline`);
  }
}
