// Reads what was typed: ids, numbers, times. Nonsense is an error that says what was expected.
import { err, ok, type Result } from 'neverthrow';
import { duration, type TextType, wholeNumber } from '../config/text-type.ts';
import { InvalidInput } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { BACKUPS_PER_PAGE_MAX } from '../core/limits.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';

/** An id that may be left out. `name` is what the user calls it, for the error. */
export function optionalId(
  text: string | undefined,
  name = 'backupId',
): Result<CheckpointId | undefined, InvalidInput> {
  return text === undefined ? ok(undefined) : parseCheckpointId(text, name);
}

const LIMIT = wholeNumber(1, BACKUPS_PER_PAGE_MAX);

export function parseLimit(text: string): Result<number, InvalidInput> {
  return read(LIMIT, '--limit', text);
}

const TIMEOUT = duration(1, 7 * 24 * 60 * 60 * 1000);

/** A time span such as `90s` or `PT10M`, in milliseconds. */
export function parseTimeout(text: string): Result<number, InvalidInput> {
  return read(TIMEOUT, '--timeout', text);
}

const GRACE = duration(1, 366 * 24 * 60 * 60 * 1000);

/** How long a sweep leaves what it finds, in milliseconds. */
export function parseGrace(text: string): Result<number, InvalidInput> {
  return read(GRACE, '--grace', text);
}

function read(type: TextType<number>, option: string, text: string): Result<number, InvalidInput> {
  const value = type.schema.safeParse(text);
  if (value.success) return ok(value.data);
  return err(new InvalidInput(option, `expected ${type.label}, got '${text.slice(0, 40)}'`));
}

/** Partition ids such as `1,3`, each within the cluster. */
export function parsePartitions(text: string, partitionsCount: number): Result<number[], InvalidInput> {
  const parts = text.split(',').map((part) => part.trim());
  const isPartition = (part: string) => /^[1-9]\d{0,4}$/.test(part) && Number(part) <= partitionsCount;
  if (parts.every(isPartition)) return ok(parts.map(Number));
  const expected = `expected partitions in 1..${partitionsCount} with commas between them`;
  return err(new InvalidInput('--partitions', `${expected}, got '${text.slice(0, 40)}'`));
}
