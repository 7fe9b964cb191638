// Reads what was typed: ids, numbers, times. Nonsense is an error that says what was expected.
import { err, ok, type Result } from 'neverthrow';
import { duration, type TextType, wholeNumber } from '../config/text-type.ts';
import { InvalidInput } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { BACKUPS_PER_PAGE_MAX } from '../core/limits.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';
import type { RetentionPolicy } from '../core/retention-policy.ts';

/** The option of every command that works on the store of a configuration. */
export const CONFIG_OPTION = [
  '--config <file>',
  'the configuration, instead of ./application.yaml or ./config/application.yaml',
] as const;

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
export function parseTimeout(text: string, option = '--timeout'): Result<number, InvalidInput> {
  return read(TIMEOUT, option, text);
}

const GRACE = duration(1, 366 * 24 * 60 * 60 * 1000);

/** How long a sweep leaves what it finds, in milliseconds. */
export function parseGrace(text: string): Result<number, InvalidInput> {
  return read(GRACE, '--grace', text);
}

/** What the options of `prune` say, by option. */
const POLICY = {
  keepLast: { option: '--keep-last', type: wholeNumber(1, 1_000_000) },
  keepWithinMs: { option: '--keep-within', type: duration(1, 36_500 * 24 * 60 * 60 * 1000) },
  keepDaily: { option: '--keep-daily', type: wholeNumber(1, 1_000_000) },
  keepWeekly: { option: '--keep-weekly', type: wholeNumber(1, 1_000_000) },
  keepMonthly: { option: '--keep-monthly', type: wholeNumber(1, 1_000_000) },
  minimum: { option: '--minimum', type: wholeNumber(1, 1_000_000) },
} as const satisfies Record<keyof RetentionPolicy, unknown>;

/** A policy from the texts that were given, in place of what `configured` says of the same. */
export function parsePolicy(
  texts: Readonly<Partial<Record<keyof RetentionPolicy, string>>>,
  configured: RetentionPolicy,
): Result<RetentionPolicy, InvalidInput> {
  const policy: Partial<Record<keyof RetentionPolicy, number>> = {};
  for (const [name, { option, type }] of Object.entries(POLICY) as [keyof RetentionPolicy, PolicyOption][]) {
    const text = texts[name];
    if (text === undefined) continue;
    const value = read(type, option, text);
    if (value.isErr()) return err(value.error);
    policy[name] = value.value;
  }
  return ok({ ...configured, ...policy });
}

interface PolicyOption {
  readonly option: string;
  readonly type: TextType<number>;
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
