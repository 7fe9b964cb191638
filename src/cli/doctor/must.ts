// Lets a check read as a list of steps: a call that fails ends it, and the checkup makes a finding of the error.
import type { ResultAsync } from 'neverthrow';
import type { BackupError } from '../../core/errors.ts';

/** The value of a call, or its error thrown. Inside checks alone. */
export async function must<T>(call: ResultAsync<T, BackupError>): Promise<T> {
  const result = await call;
  if (result.isErr()) throw result.error;
  return result.value;
}
