// What can go wrong with points in time alone.
import type { Timestamp } from './backup.ts';
import { BackupError } from './errors.ts';

/** Something that points in time need is not there. The message says what it is, and what to do instead. */
export class PointInTimeUnsupported extends BackupError {
  override readonly name = 'PointInTimeUnsupported';
  override readonly retryable = false;
  constructor(detail: string) {
    super(`points in time are not possible here: ${detail}`);
  }
}

/** No backup can be restored to a point at or before the time. */
export class PointNotFound extends BackupError {
  override readonly name = 'PointNotFound';
  override readonly retryable = false;
  readonly time: Timestamp;
  constructor(time: Timestamp, detail: string) {
    super(`nothing can be restored at or before ${time}: ${detail}`);
    this.time = time;
  }
}
