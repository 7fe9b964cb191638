// The first three days of the month in memory. `npm run month` goes through all of it, on a real server.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'tidemark';
import { MemoryObjectStorage } from 'tidemark/objects';
import { expect, it, onTestFinished } from 'vitest';
import { openMonth } from './open-month.ts';

it('three days of hourly backups and markers: pruned, swept, restored to backups and to seconds, and audited', async () => {
  const home = mkdtempSync(join(tmpdir(), 'tidemark-month-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const { month, close } = await openMonth(new MemoryObjectStorage({ clock: systemClock }), home, 1);
  onTestFinished(close);
  await month.day();
  await month.day();
  const third = await month.day();
  expect(third).toMatchObject({ taken: 72, kept: 36, deleted: 36, restored: 6, seconds: 3, refused: 4 });
  expect(third.freedBytes).toBeGreaterThan(0);
  expect(await month.end()).toEqual({ between: 6, onMarkers: 3, refused: 10 });
}, 60_000);
