// What can go wrong on the command line alone, and the union of all that a command can end with.
import type { DataDirectoryInUse } from '../core/data-directory-in-use.ts';
import type { BackupsDisabled, InvalidConfiguration, InvalidInput } from '../core/errors.ts';
import {
  BackupError,
  type BackupNotFound,
  type BackupNotPossible,
  type CheckpointNotNewer,
} from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { RestoreCheckFailed } from '../core/restore-check-failed.ts';
import type { ManagementClientError } from '../management/management-client.ts';
import type { DeleteBackupError, ListBackupsError, SaveBackupError } from '../ports/backup-store.ts';
import type { RestoreBackupError, RestorePointError } from '../restore/restore-manager.ts';

/** The command line makes no sense: an unknown command or option, or a value missing. */
export class UsageError extends BackupError {
  override readonly name = 'UsageError';
  override readonly retryable = false;
}

/** The backup that was waited for ended as FAILED. */
export class BackupFailed extends BackupError {
  override readonly name = 'BackupFailed';
  override readonly retryable = false;
  readonly checkpointId: CheckpointId;
  constructor(checkpointId: CheckpointId, reason: string) {
    super(
      `the backup failed: backupId=${checkpointId} reason='${reason}'; take another one under a higher id`,
    );
    this.checkpointId = checkpointId;
  }
}

/** The store in the configuration has no such thing. */
export class NotSupportedByStore extends BackupError {
  override readonly name = 'NotSupportedByStore';
  override readonly retryable = false;
  readonly operation: string;
  constructor(operation: string, detail: string) {
    super(`the store cannot do this: operation=${operation} ${detail}`);
    this.operation = operation;
  }
}

/** The bucket or directory answers, and does not do what backups need. */
export class StoreUnfit extends BackupError {
  override readonly name = 'StoreUnfit';
  override readonly retryable = false;
  readonly location: string;
  readonly checks: readonly string[];
  constructor(location: string, checks: readonly string[]) {
    super(`the store does not do what backups need: ${location} failed=${checks.join(', ')}; see each check`);
    this.location = location;
    this.checks = checks;
  }
}

/** A program error. What is known of it goes to stderr. */
export class InternalError extends BackupError {
  override readonly name = 'InternalError';
  override readonly retryable = false;
  constructor(cause: unknown) {
    super(`this is a bug in tidemark: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** Everything that a run can end with. */
export type CliError =
  | UsageError
  | BackupFailed
  | InternalError
  | StoreUnfit
  | NotSupportedByStore
  | InvalidInput
  | InvalidConfiguration
  | BackupsDisabled
  | BackupNotFound
  | CheckpointNotNewer
  | ManagementClientError
  | ListBackupsError
  | DeleteBackupError
  | SaveBackupError
  | BackupNotPossible
  | DataDirectoryInUse
  | RestoreBackupError
  | RestoreCheckFailed
  | RestorePointError;
