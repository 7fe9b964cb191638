// What can go wrong with points in time alone.
import type { Timestamp } from './backup.ts';
import { BackupError } from './errors.ts';
import type { RestorableRange } from './restorable-ranges.ts';

/** Something that points in time need is not there. The message says what it is, and what to do instead. */
export class PointInTimeUnsupported extends BackupError {
  override readonly name = 'PointInTimeUnsupported';
  override readonly retryable = false;
  constructor(detail: string) {
    super(`points in time are not possible here: ${detail}`);
  }
}

/** The time is before all that can be restored, or in a gap: what there was at that time is in no backup any more. */
export class PointNotFound extends BackupError {
  override readonly name = 'PointNotFound';
  override readonly retryable = false;
  readonly time: Timestamp;
  /** What can be restored next to the time, oldest first: at most a range before it and one behind it. */
  readonly nearest: readonly RestorableRange[];
  constructor(time: Timestamp, detail: string, nearest: readonly RestorableRange[] = []) {
    super(`nothing can be restored as of ${time}: ${detail}`);
    this.time = time;
    this.nearest = nearest;
  }
}
