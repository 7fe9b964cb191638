// Reads an instant that came from outside. Never throws, and never guesses a time zone.
import { err, ok, type Result } from 'neverthrow';
import { InvalidInput } from './errors.ts';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** Reads an ISO-8601 instant with its time zone, as milliseconds since 1970. `field` names it in the error. */
export function parseTimestamp(text: string, field = 'time'): Result<number, InvalidInput> {
  const epochMs = INSTANT.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(epochMs)) return ok(epochMs);
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  const expected = 'expected an instant with its time zone, such as 2026-11-24T06:00:00Z';
  return err(new InvalidInput(field, `${expected}, got '${shown}'`));
}

/** To `Date` the 30th of February is a day in March. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
