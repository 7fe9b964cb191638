// From the text of a schedule to its slots: a cron expression in a time zone, or an interval. It sets no timer; croner
// only tells the times.
import { Cron } from 'croner';
import { err, ok, type Result } from 'neverthrow';
import { InvalidInput } from '../core/errors.ts';
import { parseDuration } from '../core/parse-duration.ts';
import type { Schedule } from '../ports/schedule.ts';

export interface ScheduleOptions {
  /** Whose clock a cron expression means, such as `Europe/Berlin`. Default `UTC`. */
  readonly timeZone?: string | undefined;
}

const INTERVAL_MS_MIN = 1_000;
const INTERVAL_MS_MAX = 3_650 * 24 * 60 * 60 * 1000;

/**
 * Reads a schedule; null for `none`.
 *
 * - An interval, ISO 8601 such as `PT1H` or short such as `90m`: every multiple of it since 1970 in UTC, so `PT1H` is
 *   each full hour. From one second to ten years.
 * - A cron expression of five fields as in crontab: where a day of the month and of the week are both given, either is
 *   enough. With six fields the first are seconds and both must fit, as in Spring. `@daily` and its like are known.
 *   A time that the clocks skip in spring is taken right after the gap, one that comes twice in autumn the first time.
 */
export function parseSchedule(
  text: string,
  { timeZone = 'UTC' }: ScheduleOptions = {},
): Result<Schedule | null, InvalidInput> {
  return readSchedule(text, timeZone).mapErr((flaw) => new InvalidInput('schedule', flaw));
}

/** As {@link parseSchedule}; the error is what is wrong, without more. */
export function readSchedule(text: string, timeZone: string): Result<Schedule | null, string> {
  const expression = text.trim();
  if (/^none$/i.test(expression)) return ok(null);
  const zoneFlaw = timeZoneFlaw(timeZone);
  if (zoneFlaw !== undefined) return err(zoneFlaw);
  const intervalMs = /^\d+$/.test(expression) ? undefined : parseDuration(expression);
  return intervalMs === undefined ? cronSchedule(expression, timeZone) : interval(expression, intervalMs);
}

/** What is wrong with the name of a time zone. */
export function timeZoneFlaw(timeZone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return undefined;
  } catch {
    return `'${timeZone.slice(0, 40)}' is no time zone; use UTC, or a name such as Europe/Berlin`;
  }
}

function interval(text: string, intervalMs: number): Result<Schedule, string> {
  if (intervalMs < INTERVAL_MS_MIN || intervalMs > INTERVAL_MS_MAX) {
    return err('an interval lasts from one second to 3650 days');
  }
  const latest = (atMs: number) => Math.floor(atMs / intervalMs) * intervalMs;
  return ok({ text, latest, next: (afterMs) => latest(afterMs) + intervalMs });
}

function cronSchedule(text: string, timezone: string): Result<Schedule, string> {
  // A date is a pattern to croner as well, of one run.
  if (!/^(@[a-z]+|\S+(\s+\S+){4,5})$/i.test(text)) return err('a cron expression has five or six fields');
  const domAndDow = text.split(/\s+/).length > 5;
  let cron: Cron;
  try {
    cron = new Cron(text, { timezone, domAndDow, mode: '5-or-6-parts', paused: true });
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause);
    return err(said);
  }
  const schedule = new CronSchedule(text, cron);
  return schedule.next(Date.UTC(2000, 0, 1)) === undefined ? err('no such day ever comes') : ok(schedule);
}

/** Croner counts in seconds. */
const SECOND_MS = 1_000;

class CronSchedule implements Schedule {
  readonly text: string;
  readonly #cron: Cron;
  /** The slots around the time that was asked for last: schedulers ask each minute, and croner takes its time. */
  #around: { readonly latest: number; readonly next: number } | undefined;

  constructor(text: string, cron: Cron) {
    this.text = text;
    this.#cron = cron;
  }

  next(afterMs: number): number | undefined {
    if (this.#isAround(afterMs)) return this.#around?.next;
    return this.#cron.nextRun(new Date(afterMs))?.getTime();
  }

  latest(atMs: number): number | undefined {
    if (this.#isAround(atMs)) return this.#around?.latest;
    // Croner's are strictly before the second that it is given.
    const second = (Math.floor(atMs / SECOND_MS) + 1) * SECOND_MS;
    let latest = this.#cron.previousRuns(1, new Date(second))[0]?.getTime();
    // Around the change of the clocks going back may find another one than going on.
    for (;;) {
      const next = latest === undefined ? undefined : this.next(latest);
      if (latest === undefined || next === undefined) return latest;
      if (next > atMs) {
        this.#around = { latest, next };
        return latest;
      }
      latest = next;
    }
  }

  #isAround(ms: number): boolean {
    return this.#around !== undefined && this.#around.latest <= ms && ms < this.#around.next;
  }
}
