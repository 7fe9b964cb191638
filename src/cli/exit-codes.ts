// One stable number per way to end. A number is never used again for something else; help and reference
// follow this.
import type { CliError } from './cli-errors.ts';
import { textTable } from './text-table.ts';

export const EXIT_OK = 0;

interface ExitCode {
  readonly code: number;
  readonly meaning: string;
}

/** The number for each error, by its name. Aborted is not here: it ends with 128 and the signal. */
export const EXIT_CODES = {
  InternalError: { code: 1, meaning: 'a bug in tidemark' },
  UsageError: { code: 2, meaning: 'the command line makes no sense' },
  InvalidInput: { code: 2, meaning: 'a value on the command line is no such value' },
  InvalidConfiguration: { code: 3, meaning: 'the configuration has problems; all are listed' },
  BackupsDisabled: { code: 4, meaning: 'no backup store is configured' },
  PointInTimeUnsupported: { code: 5, meaning: 'the logs of this broker cannot be cut at a point in time' },
  NotSupportedByStore: { code: 5, meaning: 'the store, or its layout, has no such thing' },
  RestoreCheckFailed: { code: 6, meaning: 'a rehearsed restore did not pass the check' },
  DataDirectoryNotEmpty: { code: 10, meaning: 'the data directory holds data; nothing was changed' },
  BackupNotFound: { code: 11, meaning: 'no such backup' },
  PointNotFound: {
    code: 11,
    meaning: 'nothing can be restored as of that time: it is before all points, or in a gap',
  },
  BackupIncomplete: { code: 12, meaning: 'the backup is not COMPLETED on every partition' },
  PartitionCountMismatch: {
    code: 13,
    meaning: 'the backup is of a cluster with another number of partitions',
  },
  BackupCorrupt: { code: 14, meaning: 'stored bytes are missing or changed' },
  InvalidBackupState: { code: 15, meaning: 'the backup is in the wrong state, such as still under way' },
  RestoreTargetFailure: { code: 16, meaning: 'the restored files could not be written' },
  BrokerFailure: { code: 16, meaning: 'what is read from or restored into failed' },
  DataDirectoryInUse: { code: 16, meaning: 'a broker still runs on the data directory' },
  BackupNotPossible: { code: 17, meaning: 'the data directory cannot give this backup' },
  BackupAlreadyExists: { code: 18, meaning: 'the id is used already, by another backup or one under way' },
  AttemptFenced: { code: 19, meaning: 'the backup was deleted or marked as failed while it was saved' },
  StoreNotFound: { code: 20, meaning: 'the bucket or directory does not exist' },
  StoreAccessDenied: { code: 21, meaning: 'the store refused the credentials or the operation' },
  StoreUnavailable: { code: 22, meaning: 'the store did not answer' },
  StoreFailure: { code: 23, meaning: 'the store gave an unusable answer' },
  ForeignCluster: { code: 24, meaning: 'the store belongs to another cluster' },
  EncryptionKeyMissing: { code: 25, meaning: 'no key is configured that opens the store' },
  EncryptionKeyWrong: { code: 26, meaning: 'a key has the right id and another secret' },
  StoreUnfit: { code: 27, meaning: 'the store answers, and does not do what backups need' },
  EncryptionKeyDamaged: { code: 28, meaning: 'a wrapped data key of the store is gone or damaged' },
  ManagementUnreachable: { code: 30, meaning: 'the management API did not answer' },
  ManagementApiError: { code: 31, meaning: 'the management API refused or failed' },
  CheckpointNotNewer: { code: 32, meaning: 'the id is not above that of the latest backup' },
  BackupFailed: { code: 33, meaning: 'the backup that was waited for FAILED' },
  DeadlineExceeded: { code: 40, meaning: 'not done in time' },
} as const satisfies Record<Exclude<CliError['name'], 'Aborted'>, ExitCode>;

/** Ended by a signal: what shells say, 128 and its number. */
export const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The number for an error. `signal` is the one that may have called the run off. */
export function exitCodeOf(error: CliError, signal: AbortSignal): number {
  if (error.name !== 'Aborted') return EXIT_CODES[error.name].code;
  return signal.reason === 'SIGTERM' ? SIGNAL_EXIT_CODES.SIGTERM : SIGNAL_EXIT_CODES.SIGINT;
}

/** All codes, for the end of the help. */
export function exitCodesHelp(): string {
  const rows = [
    ['0', '', 'done'],
    ...Object.entries(EXIT_CODES).map(([name, { code, meaning }]) => [String(code), name, meaning]),
    ...Object.entries(SIGNAL_EXIT_CODES).map(([name, code]) => [
      String(code),
      'Aborted',
      `stopped by ${name}`,
    ]),
  ];
  return `\nExit codes:\n${textTable(['CODE', 'ERROR', 'MEANING'], rows).replace(/^/gm, '  ')}`;
}
