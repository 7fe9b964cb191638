// A restore as an init container runs it: on each start of the node.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { filesBelow } from '../restore/sample-backups.ts';
import { type CliWorld, makeWorld, POINT_TIME } from './cli-world.ts';
import { makeZeebeBucket } from './zeebe-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

it('says in one line that there is nothing to do, though the backup is long gone', async () => {
  await world.save(7n);
  expect((await world.run(['restore', '7'])).code).toBe(0);
  await writeFile(join(world.dataDirectory, 'partitions/1/log/log-1'), 'grown by the broker');
  const before = await filesBelow(world.dataDirectory);
  await rm(world.storeDirectory, { recursive: true });

  const again = await world.run(['restore', '7']);
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(
    /^already restored from backup 7 at 20[^ ]+Z: nothing was changed; to restore it again, empty .*data first\n$/,
  );
  expect(again.stderr).toBe('');
  const asJson = (await world.run(['restore', '7', '--json'])).json();
  expect(asJson).toMatchObject({ checkpointId: 7n, files: 0n, alreadyRestored: { backupId: 7n } });
  expect(await filesBelow(world.dataDirectory)).toEqual(before);
});

it('refuses another backup, and says what is there', async () => {
  await world.save(7n);
  await world.save(8n);
  expect((await world.run(['restore', '7'])).code).toBe(0);
  const other = await world.run(['restore', '8']);
  expect(other.code).toBe(10);
  expect(other.stderr).toContain('it was restored from backup 7, partitions [1,2], at 20');
});

it('knows a restore to a time by the time', async () => {
  await world.save(7n);
  const to = ['restore', '--to', '2999-01-01T00:00:00Z'];
  expect((await world.run(to)).code).toBe(0);
  // A later backup would be the latest now, and is no reason to stop a node from starting.
  await world.save(8n);
  expect((await world.run(to)).stdout).toMatch(/^already restored from backup 7 at /);
  expect((await world.run(['restore', '--to', POINT_TIME])).code).not.toBe(0);
});

it("knows a Zeebe's directory, with the files of the broker that ran in it", async () => {
  const bucket = await makeZeebeBucket();
  try {
    await bucket.save();
    const env = bucket.env(world.dataDirectory);
    expect((await world.run(['restore', '7'], { env })).code).toBe(0);
    await writeFile(join(world.dataDirectory, '.topology.meta'), 'of the broker');
    const again = await world.run(['restore', '7'], { env });
    expect([again.code, again.stdout.slice(0, 33)]).toEqual([0, 'already restored from backup 7 at']);
    const other = await world.run(['restore', '7', '--partitions', '2'], { env });
    expect(other.code).toBe(10);
    expect(other.stderr).toContain('partitions [1,2]');
  } finally {
    await bucket.close();
  }
});
