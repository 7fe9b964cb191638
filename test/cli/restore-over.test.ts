// `restore --delta`: over the data directory that is there.
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { filesBelow, NOTE } from '../restore/sample-backups.ts';
import { type CliWorld, makeWorld } from './cli-world.ts';
import { makeZeebeBucket, type ZeebeBucket } from './zeebe-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

describe('a restore with --delta', () => {
  it('replaces what is there, and tells what it has kept and fetched', async () => {
    await world.save(7n);
    await world.save(8n);
    expect((await world.run(['restore', '8'])).code).toBe(0);
    await writeFile(join(world.dataDirectory, 'partitions/2/log/log-2'), 'of the broker');
    expect((await world.run(['restore', '7'])).code).toBe(10);

    const dry = await world.run(['restore', '7', '--delta', '--dry-run']);
    expect(dry.code).toBe(0);
    expect(await filesBelow(world.dataDirectory)).toHaveProperty('partitions/2/log/log-2');

    const done = await world.run(['restore', '7', '--delta']);
    expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('tidemark:')]);
    expect(done.stdout).toContain('kept: 800 B were there already, fetched: 30 B\n');
    const files = await filesBelow(world.dataDirectory);
    expect(Object.keys(files)).toHaveLength(4);
    expect(files['partitions/2/snapshots/snapshot-2/state']).toBe('state of 2 at 7');
    expect(await readdir(world.dataDirectory)).toEqual(['partitions']);
    expect((await world.run(['restore', '7'])).stdout).toContain('already restored from backup 7');
    // Asked for in so many words, it is done again.
    expect((await world.run(['restore', '7', '--delta', '--json'])).json()).toMatchObject({
      bytes: 830n,
      bytesKept: 830n,
    });
  });

  it('restores into an empty place as well, and leaves alone what is not its own', async () => {
    await world.save(7n);
    expect((await world.run(['restore', '7', '--delta'])).code).toBe(0);
    await mkdir(join(world.dataDirectory, 'mine'));
    const refused = await world.run(['restore', '7', '--delta', '--json']);
    expect(refused.json()).toMatchObject({ error: { name: 'DataDirectoryNotEmpty', found: ['mine'] } });
  });
});

describe("a restore with --delta over a Zeebe's directory", () => {
  let bucket: ZeebeBucket;
  beforeEach(async () => {
    bucket = await makeZeebeBucket();
    await bucket.save();
  });
  afterEach(() => bucket.close());
  const run = (...argv: string[]) => world.run(argv, { env: bucket.env(world.dataDirectory) });
  const partitions = () => join(world.dataDirectory, 'raft-partition/partitions');

  it('takes the configuration of the running cluster away with the data', async () => {
    expect((await run('restore', '7')).code).toBe(0);
    const restored = await filesBelow(world.dataDirectory);
    await writeFile(join(world.dataDirectory, '.topology.meta'), 'of the broker');
    await mkdir(join(partitions(), '1/runtime'));
    await writeFile(join(partitions(), '1/runtime/LOCK'), '');
    expect((await run('restore', '7', '--delta')).code).toBe(0);
    expect(await filesBelow(world.dataDirectory)).toEqual(restored);
    expect(await readdir(world.dataDirectory)).toEqual(['raft-partition']);
    expect(await readdir(partitions())).toEqual([NOTE, '1', '2']);
  });

  it.runIf(process.platform === 'linux')('is refused while the broker runs', async () => {
    expect((await run('restore', '7')).code).toBe(0);
    await mkdir(join(partitions(), '2/runtime'));
    // SQLite takes the same kind of lock as RocksDB does.
    const running = new DatabaseSync(join(partitions(), '2/runtime/LOCK'));
    running.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    try {
      const refused = await run('restore', '7', '--delta');
      expect(refused.code).toBe(16);
      expect(refused.stderr).toContain('a broker runs there: stop it, then restore again');
    } finally {
      running.close();
    }
    expect((await run('restore', '7', '--delta')).code).toBe(0);
  });
});
