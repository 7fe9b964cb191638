// The failure of whoever wants to read a data directory on which a broker still works.
import { BackupError } from './errors.ts';

/** A process works on the data directory: its files may change at any time. Nothing was done; stop it and try again. */
export class DataDirectoryInUse extends BackupError {
  override readonly name = 'DataDirectoryInUse';
  override readonly retryable = true;
  readonly directory: string;
  /** The file that is locked. */
  readonly lock: string;
  constructor(directory: string, lock: string) {
    super(
      `the data directory is in use: directory=${directory} locked=${lock}; ` +
        'a broker still runs there: stop it, then run this again',
    );
    this.directory = directory;
    this.lock = lock;
  }
}
