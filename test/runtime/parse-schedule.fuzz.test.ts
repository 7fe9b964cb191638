// Schedules asked for any instants in any order, around the changes of clocks above all: what one that was asked before says, a
// new one says as well; slots lie on both sides of the instant, and none between.
import fc from 'fast-check';
import { parseSchedule, type Schedule } from 'tidemark';
import { expect, it } from 'vitest';
import { fuzzRuns } from '../support/fuzz.ts';

const HOUR = 3_600_000;
/** Clocks change there around these times, by an hour and by half of one; and one that never does. */
const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'UTC'];
const CHANGES = [
  '2026-03-29',
  '2026-10-25',
  '2026-03-08',
  '2026-11-01',
  '2026-04-05',
  '2026-10-04',
  '2028-02-29',
];
const TEXTS = [
  '30 2 * * *',
  '0 * * * *',
  '*/7 * * * *',
  '15 1-3 * * *',
  '0 0 29 2 *',
  '0 0 L * *',
  '59 23 * * SUN',
  '30 30 2 * * *',
  '@daily',
  'PT7M',
  'P1DT1H',
];

const near = fc
  .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -30 * HOUR, max: 54 * HOUR }))
  .map(([day, offMs]) => Date.parse(`${day}T00:00:00Z`) + offMs);

function scheduleOf(text: string, timeZone: string): Schedule {
  const schedule = parseSchedule(text, { timeZone })._unsafeUnwrap();
  if (schedule === null) throw new Error(`${text} is no schedule`);
  return schedule;
}

it('say of an instant what they say of it alone, with no slot in between', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...TEXTS),
      fc.constantFrom(...ZONES),
      fc.array(near, { minLength: 1, maxLength: 6 }),
      (text, zone, instants) => {
        const schedule = scheduleOf(text, zone);
        for (const at of instants) {
          const [latest, next] = [schedule.latest(at), schedule.next(at)];
          const alone = [scheduleOf(text, zone).latest(at), scheduleOf(text, zone).next(at)];
          expect([latest, next], `${text} ${zone} ${new Date(at).toISOString()}`).toEqual(alone);
          expect(latest).toBeLessThanOrEqual(at);
          expect(next).toBeGreaterThan(at);
          expect(schedule.next(latest!)).toBe(next);
          expect(schedule.latest(next! - 1)).toBe(latest);
        }
      },
    ),
    fuzzRuns(200),
  );
});
