import { parseSchedule, type Schedule } from 'tidemark';
import { describe, expect, it } from 'vitest';

function scheduleOf(text: string, timeZone?: string): Schedule {
  return parseSchedule(text, { timeZone })._unsafeUnwrap() as Schedule;
}

function slots(text: string, from: string, count: number, timeZone?: string): string[] {
  const schedule = scheduleOf(text, timeZone);
  const found: string[] = [];
  let at: number | undefined = Date.parse(from);
  while (found.length < count) {
    at = schedule.next(at);
    if (at === undefined) break;
    found.push(new Date(at).toISOString().slice(0, 16));
    // What is said of a slot holds from both sides, also where the clocks change.
    expect(schedule.latest(at)).toBe(at);
    expect(schedule.latest(at + 1)).toBe(at);
    expect(schedule.next(at - 1)).toBe(at);
    expect(schedule.latest(at - 1)).toBeLessThan(at);
  }
  return found;
}

describe('an interval', () => {
  it.each([
    ['PT1H', ['2026-01-01T01:00', '2026-01-01T02:00']],
    ['90m', ['2026-01-01T01:30', '2026-01-01T03:00']],
    ['P1D', ['2026-01-02T00:00', '2026-01-03T00:00']],
  ])('%s is counted from 1970 on', (text, expected) => {
    expect(slots(text, '2026-01-01T00:00:00Z', 2)).toEqual(expected);
  });
});

describe('a cron expression', () => {
  it('means each minute that fits, in UTC', () => {
    expect(slots('30 2 * * *', '2026-01-01T02:30:00Z', 2)).toEqual(['2026-01-02T02:30', '2026-01-03T02:30']);
    expect(slots('@daily', '2026-01-01T02:30:00Z', 1)).toEqual(['2026-01-02T00:00']);
  });

  it('knows how long months are', () => {
    expect(slots('0 0 31 * *', '2026-01-01T00:00:00Z', 3)).toEqual([
      '2026-01-31T00:00',
      '2026-03-31T00:00',
      '2026-05-31T00:00',
    ]);
    expect(slots('0 0 L * *', '2028-01-01T00:00:00Z', 2)).toEqual(['2028-01-31T00:00', '2028-02-29T00:00']);
  });

  it('that the clocks skip in spring is taken once, after the gap', () => {
    expect(slots('30 2 * * *', '2026-03-28T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
  });

  it('that comes twice in autumn is taken once', () => {
    expect(slots('30 2 * * *', '2026-10-24T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  it('of every hour is taken every hour, whatever the clocks do', () => {
    for (const day of ['2026-03-28', '2026-10-24']) {
      const hours = slots('0 * * * *', `${day}T12:00:00Z`, 24, 'Europe/Berlin');
      expect(new Set(hours.map((slot, at) => Date.parse(`${slot}Z`) - at * 3_600_000)).size).toBe(1);
    }
  });

  it('of five fields takes either day, and of six both', () => {
    expect(slots('0 0 13 * FRI', '2026-01-01T00:00:00Z', 3)).toEqual([
      '2026-01-02T00:00',
      '2026-01-09T00:00',
      '2026-01-13T00:00',
    ]);
    expect(slots('0 0 0 13 * FRI', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-02-13T00:00']);
  });
});

describe('text that is none', () => {
  it.each([
    ['', 'five or six fields'],
    ['hourly', 'five or six fields'],
    ['0 2 * *', 'five or six fields'],
    ['0 0 2 * * ? 2027', 'five or six fields'],
    ['2026-01-01T00:00:00', 'five or six fields'],
    ['3600000', 'five or six fields'],
    ['60 * * * *', 'minute: 60'],
    ['0 0 30 2 *', 'no such day'],
    ['@sometimes', 'configuration format'],
    ['PT0S', 'one second'],
    ['500ms', 'one second'],
    ['P4000D', '3650 days'],
  ])('%j: %s', (text, why) => {
    const error = parseSchedule(text)._unsafeUnwrapErr();
    expect(error.name).toBe('InvalidInput');
    expect(error.message).toContain(why);
  });

  it('names a time zone that is none', () => {
    const error = parseSchedule('0 2 * * *', { timeZone: 'Mars/Olympus' })._unsafeUnwrapErr();
    expect(error.message).toContain("'Mars/Olympus' is no time zone");
  });

  it.each(['none', ' NONE '])('%j is no schedule, and no mistake', (text) => {
    expect(parseSchedule(text)._unsafeUnwrap()).toBeNull();
  });
});
