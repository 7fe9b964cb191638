import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CliWorld, makeWorld } from './cli-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

/** Makes every chunk as old as this. */
async function age(hours: number): Promise<number> {
  const entries = await readdir(world.storeDirectory, { recursive: true, withFileTypes: true });
  const chunks = entries.filter((entry) => entry.isFile() && entry.parentPath.includes('/chunks/'));
  const then = new Date(Date.now() - hours * 3_600_000);
  for (const { parentPath, name } of chunks) await utimes(join(parentPath, name), then, then);
  return chunks.length;
}

it('frees what a deleted backup has left, once it is old enough', async () => {
  for (const id of [7n, 8n]) await world.save(id);
  await world.run(['delete', '8']);
  await age(1);
  const young = await world.run(['sweep', '--partitions', '1']);
  expect(young).toMatchObject({ code: 0, stderr: '' });
  expect(young.stdout).toMatch(
    /^PARTITION {2}BACKUPS {2}IN USE.*\n1 +1 +1 \(\d+ B\) +1 \(\d+ B\) +0 \(0 B\)/,
  );
  const dry = await world.run(['sweep', '--grace', '30m', '--dry-run']);
  expect(dry.stdout).toMatch(/\n\ndry run: nothing was changed\n$/);
  const { stdout } = await world.run(['sweep', '--grace', '30m']);
  expect(stdout).toMatch(/\n\nfreed 2 \(\d+ B\)\n$/);
  const again = await world.run(['sweep', '--grace', 'PT30M', '--json']);
  const none = { chunks: 0n, bytes: 0n };
  expect(again.json()).toMatchObject({
    dryRun: false,
    partitions: [1n, 2n].map((partitionId) => ({ partitionId, found: { garbage: none }, freed: none })),
  });
  expect((await world.run(['verify', '7'])).code).toBe(0);
});

it('tells that it waits for a backup that is being taken', async () => {
  await world.begin(7n, 1);
  const { code, stdout } = await world.run(['sweep']);
  expect(code).toBe(0);
  expect(stdout).toContain('backup 7 is being taken; sweep again later');
});

it('has nothing to do in an empty store', async () => {
  expect((await world.run(['sweep'])).stdout).toBe('nothing is stored yet\n');
});

it.each([
  [['--grace', '1m'], 'invalid gracePeriodMs: expected more than staleAfterMs (60000), got 60000'],
  [['--grace', 'soon'], 'invalid --grace: expected a duration'],
  [['--partitions', '3'], 'invalid --partitions: expected partitions in 1..2'],
])('refuses %s', async (argv, message) => {
  const { code, stderr } = await world.run(['sweep', ...argv]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
