// Lets the broker go first. Linux schedules threads, so one of ours can step back without the process; elsewhere there
// is no such thing, and nothing happens.
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/** A tenth of the processor when all others want it, and all of it when nobody does. */
const NICENESS = 10;

/** Lowers the priority of the thread that calls. For threads of ours only: it cannot be taken back. */
export function runWithLowPriority(): void {
  try {
    // `<process>/task/<thread>`
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS);
  } catch {
    // On another system, or where it is forbidden, it works at the same priority.
  }
}
