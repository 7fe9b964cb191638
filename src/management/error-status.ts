// Which HTTP status an expected failure has: the table of Zeebe's management API, with 503 for what may pass.
import { BackupPartlyTriggered } from '../core/backup-partly-triggered.ts';
import type { BackupError } from '../core/errors.ts';

const STATUS_BY_NAME: Readonly<Record<string, number>> = {
  InvalidInput: 400,
  BackupsDisabled: 400,
  BackupNotFound: 404,
  CheckpointNotNewer: 409,
  IncompleteTopology: 502,
  PartitionUnreachable: 502,
  PartitionTimeout: 504,
  DeadlineExceeded: 504,
};

/** The status of an error; a trigger that failed on some partitions has that of the first failure. */
export function httpStatus(error: BackupError): number {
  const first = error instanceof BackupPartlyTriggered ? (error.failures[0] ?? error) : error;
  return STATUS_BY_NAME[first.name] ?? (first.retryable ? 503 : 500);
}
