// Calls the restore target, which a broker may have written, and turns whatever it throws into an expected
// error.
import type { ResultAsync } from 'neverthrow';
import { BackupCorrupt, BrokerFailure, DataDirectoryNotEmpty, RestoreTargetFailure } from '../core/errors.ts';
import { fromForeign } from '../core/result.ts';

/**
 * How a call to a target can end. A target may name its failure itself; all else is a RestoreTargetFailure.
 */
export type TargetError = RestoreTargetFailure | DataDirectoryNotEmpty | BackupCorrupt | BrokerFailure;

export function callTarget<T>(operation: string, call: () => Promise<T>): ResultAsync<T, TargetError> {
  return fromForeign(call, (cause) => targetError(operation, cause));
}

export function targetError(operation: string, cause: unknown): TargetError {
  if (
    cause instanceof RestoreTargetFailure ||
    cause instanceof DataDirectoryNotEmpty ||
    cause instanceof BackupCorrupt ||
    cause instanceof BrokerFailure
  ) {
    return cause;
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new RestoreTargetFailure(operation, `reason=${reason}`, cause);
}
