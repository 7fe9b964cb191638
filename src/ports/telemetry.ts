// Where the engines tell what they do. Nothing here may throw or wait.

import type { BackupId } from '../core/backup.ts';
import type { BackupError } from '../core/errors.ts';
import type { BackupProgress } from '../core/status.ts';
/** A structured logger; pino's loggers fit as they are. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What happens to a partition backup, as it happens. */
export type PartitionBackupEvent =
  | { readonly type: 'started'; readonly id: BackupId }
  | { readonly type: 'progress'; readonly id: BackupId; readonly progress: BackupProgress }
  | { readonly type: 'completed'; readonly id: BackupId; readonly durationMs: number }
  | {
      readonly type: 'failed';
      readonly id: BackupId;
      readonly error: BackupError;
      readonly durationMs: number;
    };

/** Told about each event at once. Must not throw. */
export type PartitionBackupObserver = (event: PartitionBackupEvent) => void;
