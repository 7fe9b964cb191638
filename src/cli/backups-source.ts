// Where the commands look at backups: a running cluster's management API, or the store itself. Both answer
// in the shape of the API, so that a script need not care.
import type { ResultAsync } from 'neverthrow';
import type { CheckpointId } from '../core/ids.ts';
import type { BackupInfoPage } from '../management/management-client.ts';
import type { BackupInfo } from '../management/wire.ts';
import type { CliError } from './cli-errors.ts';

export interface BackupsSource {
  /** The state of one backup. One that nobody has is BackupNotFound. */
  status(id: CheckpointId, options: SourceOptions): ResultAsync<BackupInfo, CliError>;
  /** Newest first, below `before`, at most `limit`. */
  list(query: SourceQuery, options: SourceOptions): ResultAsync<BackupInfoPage, CliError>;
  /** Deletes all copies. Deleting what is not there succeeds. */
  delete(id: CheckpointId, options: SourceOptions): ResultAsync<void, CliError>;
}

export interface SourceOptions {
  readonly signal: AbortSignal;
}

export interface SourceQuery {
  readonly before?: CheckpointId | undefined;
  readonly limit: number;
}
