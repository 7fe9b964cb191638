// `restore --rehearse`: into a scratch directory, with a check by a command.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type CliWorld, eagerClock, makeWorld } from './cli-world.ts';

let world: CliWorld;
let scratch: string;
beforeEach(async () => {
  world = await makeWorld();
  scratch = join(world.directory, 'scratch');
  await mkdir(scratch);
  await world.save(7n);
});
afterEach(() => world.remove());

const rehearse = (...options: string[]) =>
  world.run(['restore', '7', '--rehearse', '--scratch', 'scratch', ...options]);

it('restores, runs the command on it, tells how long both took, and leaves nothing', async () => {
  await mkdir(world.dataDirectory);
  await writeFile(join(world.dataDirectory, 'precious'), 'of a running broker');
  const seen = join(world.directory, 'seen');
  const check = `echo looking; cat partitions/2/snapshots/*/state "$TIDEMARK_RESTORED"/partitions/1/log/log-1 > ${seen}; echo $TIDEMARK_BACKUP_ID >> ${seen}`;
  const { code, stdout, stderr } = await rehearse('--check', check);
  expect([code, stderr]).toEqual([0, expect.stringContaining('looking\n')]);
  expect(stdout).toMatch(
    /^partitions: 2, files: 4, 830 B in [\d.]+ s\nrehearsed: backup restored in [\d.]+ s, the check passed in [\d.]+ s; the scratch is removed\n$/,
  );
  expect(await readFile(seen, 'utf8')).toBe(`state of 2 at 7${'log of 1'.repeat(50)}7\n`);
  expect(await readdir(scratch)).toEqual([]);
  expect(await readdir(world.dataDirectory)).toEqual(['precious']);
});

it('tells the same as a document', async () => {
  const { code, json } = await rehearse('--json');
  expect(code).toBe(0);
  expect(json()).toMatchObject({ rehearsal: true, restored: { checkpointId: 7n, files: 4n }, checkMs: null });
});

it.each([
  ['says no', 'echo no good >&2; exit 3', 'ended with 3'],
  ['is killed', 'kill -9 $$', 'was ended by SIGKILL'],
])('ends with 6 where the command %s', async (_, check, told) => {
  const { code, stderr } = await rehearse('--check', check);
  expect(code).toBe(6);
  expect(stderr).toContain(`the restored data did not pass the check`);
  expect(stderr).toContain(told);
  expect(await readdir(scratch)).toEqual([]);
});

it('ends a command that takes too long, with what it has started', async () => {
  const alive = join(world.directory, 'alive');
  const check = `trap '' TERM; (sleep 600; touch ${alive}) & wait; sleep 600`;
  const { code, stderr } = await world.run(
    ['restore', '7', '--rehearse', '--scratch', scratch, '--check', check, '--check-timeout', '300ms'],
    { clock: eagerClock },
  );
  expect(code).toBe(40);
  expect(stderr).toContain('operation=check restored data timeoutMs=300');
  expect(await readdir(scratch)).toEqual([]);
});

it('fails as the restore would, and leaves nothing', async () => {
  const { code } = await world.run(['restore', '8', '--rehearse', '--scratch', scratch, '--check', 'exit 0']);
  expect(code).toBe(11);
  expect(await readdir(scratch)).toEqual([]);
});

it.each([
  [['--check', 'true'], '--check belongs to --rehearse'],
  [['--check-timeout', '1s'], '--check-timeout belongs to --rehearse'],
  [['--rehearse', '--delta'], "cannot be used with option '--delta'"],
  [['--rehearse', '--dry-run'], "cannot be used with option '--dry-run'"],
  [['--rehearse', '--check-timeout', 'soon'], '--check-timeout'],
  [['--rehearse', '--scratch', 'nowhere'], '--scratch'],
])('refuses %o', async (options, told) => {
  const { code, stderr } = await world.run(['restore', '7', ...options]);
  expect(code).toBe(2);
  expect(stderr).toContain(told);
  expect(await readdir(world.directory)).not.toContain('data');
});
