// The real clock, where Node's timers differ from what a sleep promises.
import { expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/system-clock.ts';

it('sleeps longer than a timer of Node can, and not at all less', async () => {
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.name);
  process.on('warning', note);
  const controller = new AbortController();
  let awake = false;
  const sleeping = [2 ** 31, Number.POSITIVE_INFINITY].map(async (ms) => {
    await systemClock.sleep(ms, controller.signal);
    awake = true;
  });
  await systemClock.sleep(20);
  expect(awake).toBe(false);
  expect(warnings).toEqual([]);
  controller.abort();
  await Promise.all(sleeping);
  process.off('warning', note);
});
