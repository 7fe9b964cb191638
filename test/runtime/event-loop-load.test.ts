import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { eventLoopLoad } from '../../src/runtime/event-loop-load.ts';

it('is 1 when the event loop stood still for long, and 0 once it is closed', async () => {
  const probe = eventLoopLoad({ overloadMs: 100 });
  expect(probe.load()).toBe(0);
  await sleep(20);
  const until = performance.now() + 400;
  while (performance.now() < until);
  await sleep(20);
  // Nothing new within a tenth of a second: the same figure.
  const figure = probe.load();
  expect(figure).toBe(1);
  expect(probe.load()).toBe(1);
  probe.close();
  probe.close();
  expect(probe.load()).toBe(0);
});

it('does not hold the process open', () => {
  const file = new URL('../../src/runtime/event-loop-load.ts', import.meta.url).href;
  const code = `const { eventLoopLoad } = await import(${JSON.stringify(file)}); console.log(eventLoopLoad().load());`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 60_000 });
  expect(ran.stdout.toString()).toBe('0\n');
  expect(ran.status).toBe(0);
});
