// Reads a checkpoint id that came from outside: a path, a body, an argument. Never throws.
import { err, ok, type Result } from 'neverthrow';
import { InvalidInput } from './errors.ts';
import { type CheckpointId, INT64_MAX } from './ids.ts';

/** Reads a checkpoint id from decimal text: digits only, in 1..2^63-1. `field` names it in the error. */
export function parseCheckpointId(text: string, field = 'backupId'): Result<CheckpointId, InvalidInput> {
  if (!/^\d{1,19}$/.test(text.trim())) return err(invalidId(text, field));
  const id = BigInt(text.trim());
  return id > 0n && id <= INT64_MAX ? ok(id as CheckpointId) : err(invalidId(text, field));
}

function invalidId(text: string, field: string): InvalidInput {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return new InvalidInput(field, `expected a whole number in 1..9223372036854775807, got '${shown}'`);
}
