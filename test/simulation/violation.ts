// A broken promise. Whoever finds one throws it, or reports it when nobody could catch it there.

/** The promises that a run is held to. */
export type Invariant =
  | 'a completed backup is whole'
  | 'completed is final'
  | 'no object changes'
  | 'a fenced attempt never publishes'
  | 'who seals an attempt ends it'
  | 'an id is used once'
  | 'a base is read after it was named'
  | 'a running attempt shows that it lives'
  | 'pins come first'
  | 'no pin outlives its attempt'
  | 'nothing is received that was not sent'
  | 'no money is made or lost'
  | 'what was acknowledged is in the backup'
  | 'a restore gives the cut, byte for byte'
  | 'what is completed can be restored'
  | 'what is told as restorable can be restored'
  | 'between two backups there is no gap'
  | 'what is not completed is not restored'
  | 'a restore that succeeded outlives a power cut'
  | 'the status tells what is stored'
  | 'the status does not go back'
  | 'a delete takes its own backup and no more'
  | 'everything comes to an end'
  | 'nothing is left behind'
  | 'nothing fails unheard'
  | 'the simulation itself is sound';

export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;

  constructor(invariant: Invariant, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
  }
}

/** Throws a {@link Violation} unless `condition` holds. */
export function hold(condition: boolean, invariant: Invariant, detail: () => string): asserts condition {
  if (!condition) throw new Violation(invariant, detail());
}
