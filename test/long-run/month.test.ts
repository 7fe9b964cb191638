// The first two days of the month in memory. `npm run month` goes through all of it, on a real server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'tidemark';
import { MemoryObjectStorage } from 'tidemark/objects';
import { expect, it, onTestFinished } from 'vitest';
import { openMonth } from './open-month.ts';

it('two days of hourly backups: pruned, swept, restored and audited', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tidemark-month-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const { month, close } = await openMonth(new MemoryObjectStorage({ clock: systemClock }), home, 1);
  onTestFinished(close);
  await month.day();
  const second = await month.day();
  expect(second).toMatchObject({ taken: 48, kept: 35, deleted: 13, restored: 4 });
  expect(second.freedBytes).toBeGreaterThan(0);
}, 60_000);
