// What a rehearsal of a restore can end with alone.
import { BackupError } from './errors.ts';

/** The restore went well, and the check of what it made did not: find out why before you need this backup. */
export class RestoreCheckFailed extends BackupError {
  override readonly name = 'RestoreCheckFailed';
  override readonly retryable = false;
  readonly location: string;
  readonly detail: string;
  constructor(location: string, detail: string, cause?: unknown) {
    super(`the restored data did not pass the check: directory=${location} ${detail}`, cause);
    this.location = location;
    this.detail = detail;
  }
}
