// Which HTTP status an expected failure has: the table of Zeebe's management API, with 503 for what may pass.
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
  if ('failures' in error && Array.isArray(error.failures)) return httpStatus(error.failures[0]);
  return STATUS_BY_NAME[error.name] ?? (error.retryable ? 503 : 500);
}
