// When something is due, again and again. The instants are called slots.

/**
 * A row of instants that depends on nothing but the schedule itself: whoever asks, and whenever, gets the same ones.
 *
 * An implementation must guarantee:
 * 1. `next` is above the time asked for, and `latest` at or below it; no slot lies between `latest` and that time.
 * 2. Slots are whole milliseconds since 1970, UTC.
 */
export interface Schedule {
  /** As it was written. */
  readonly text: string;
  /** The first slot after this time. Undefined when none comes any more. */
  next(afterMs: number): number | undefined;
  /** The last slot at or before this time. Undefined when there has been none. */
  latest(atMs: number): number | undefined;
}
