// Long work in pieces: between them everything else that waits has its turn.
import { setImmediate as turn } from 'node:timers/promises';

/** Resolves when what was due meanwhile has run. */
export function yieldTurn(): Promise<void> {
  return turn();
}
