import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NOTE } from '../restore/sample-backups.ts';
import { type CliWorld, makeWorld, partitionBackup } from './cli-world.ts';

// Beyond 2^53: a double would lose the last digit.
const BIG = 9_007_199_254_740_993n;

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

describe('status', () => {
  it('shows a backup as a table', async () => {
    await world.save(7n);
    const { code, stdout, stderr } = await world.run(['status', '7']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^backup 7: COMPLETED\n\nPARTITION {2}STATE/);
    expect(stdout).toMatch(/\n1 +COMPLETED +0 .* 9007199254740993 +snapshot-1 +1\.2\.3\n/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(5);
  });

  it('gives the document of the management API, 64-bit numbers exact', async () => {
    await world.save(BIG);
    const outcome = await world.run(['status', String(BIG), '--json']);
    expect(outcome.json()).toMatchObject({
      backupId: BIG,
      state: 'COMPLETED',
      details: [
        {
          partitionId: 1n,
          state: 'COMPLETED',
          checkpointPosition: BIG,
          brokerId: 0n,
          snapshotId: 'snapshot-1',
        },
        { partitionId: 2n, state: 'COMPLETED' },
      ],
    });
  });

  it('tells what is missing and what failed', async () => {
    await world.save(7n, [1]);
    expect((await world.run(['status', '7'])).stdout).toMatch(
      /^backup 7: INCOMPLETE[\s\S]*\n2 +DOES_NOT_EXIST\n$/,
    );
    await world.fail(7n, 2, 'the disk\u001b[31m is full');
    const { stdout } = await world.run(['status', '7']);
    expect(stdout).toMatch(/^backup 7: FAILED/);
    expect(stdout).toContain('the disk [31m is full');
    expect(stdout).not.toContain('\u001b');
  });

  it('takes the number of partitions from the backup, not from the configuration', async () => {
    await world.save(7n, [1, 2], 3);
    expect((await world.run(['status', '7', '--json'])).json()).toMatchObject({ state: 'INCOMPLETE' });
  });

  it('has no answer for what is not there', async () => {
    const { code, stdout, stderr } = await world.run(['status', '8']);
    expect({ code, stdout }).toEqual({ code: 11, stdout: '' });
    expect(stderr).toBe('tidemark: no such backup: backupId=8; list the backups to see which exist\n');
  });
});

describe('list', () => {
  it('shows the newest first, in pages', async () => {
    for (const id of [1n, 2n, 3n]) await world.save(id);
    const first = await world.run(['list', '--limit', '2']);
    expect(first.stdout.split('\n').map((row) => row.split(/ +/).slice(0, 3))).toEqual([
      ['BACKUP', 'STATE', 'COMPLETED'],
      ['3', 'COMPLETED', '2/2'],
      ['2', 'COMPLETED', '2/2'],
      [''],
    ]);
    expect(first.stderr).toBe('there may be more: --before 2\n');
    const second = await world.run(['list', '--limit', '2', '--before', '2', '--json']);
    expect(second.json()).toMatchObject({ backups: [{ backupId: 1n, state: 'COMPLETED' }] });
    expect(second.json()).not.toHaveProperty('next');
  });

  it('says so when there is none', async () => {
    expect(await world.run(['list'])).toMatchObject({ code: 0, stdout: 'no backups\n' });
    expect((await world.run(['list', '--json'])).json()).toEqual({ backups: [] });
  });
});

describe('delete', () => {
  it('removes every copy, and what is not there', async () => {
    await world.save(7n);
    for (let time = 0; time < 2; time += 1) {
      expect(await world.run(['delete', '7'])).toMatchObject({
        code: 0,
        stdout: 'no copy of backup 7 is left\n',
      });
    }
    expect((await world.run(['status', '7'])).code).toBe(11);
    expect((await world.run(['delete', '7', '--json'])).json()).toEqual({ backupId: 7n, deleted: true });
  });
});

describe('restore', () => {
  it('fills the data directory and says so', async () => {
    await world.save(7n);
    const { code, stdout, stderr } = await world.run(['restore', '7']);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^partitions: 2, files: 4, 830 B in [\d.]+ s\nSuccessfully restored broker from backup\n$/,
    );
    expect(stderr).toContain(`restoring backup 7 for node 0 into ${world.dataDirectory}\n`);
    expect(stderr).toContain('  partition 2: the copy of node 0, up to position 9007199254740993\n');
    expect(stderr).toContain('restored 100%: 4 of 4 files');
    const state = join(world.dataDirectory, 'partitions/2/snapshots/snapshot-2/state');
    expect(await readFile(state, 'utf8')).toBe('state of 2 at 7');
  });

  it('is not at 100% before the last file is done', async () => {
    const store = new FilesystemBackupStore({ basePath: world.storeDirectory });
    expect((await store.save({ ...partitionBackup(7n, 1, 1), segmentFiles: [] })).isOk()).toBe(true);
    await store.close();
    const env = { ...world.env, ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '1' };
    const { stderr } = await world.run(['restore', '7'], { env });
    expect(stderr).toContain('restored 99%: 0 of 1 files, 15 B of 15 B\n');
    expect(stderr).toContain('restored 100%: 1 of 1 files, 15 B of 15 B\n');
  });

  it.each([
    ['--backupId=7', { argv: ['--backupId=7'], env: {} }],
    ['--backupId 7', { argv: ['--backupId', '7'], env: {} }],
    ['the variable of the container image', { argv: [], env: { ZEEBE_RESTORE_FROM_BACKUP_ID: '7' } }],
    ['an argument over the variable', { argv: ['7'], env: { ZEEBE_RESTORE_FROM_BACKUP_ID: '8' } }],
  ])('takes the id from %s', async (_, { argv, env }) => {
    await world.save(7n);
    const outcome = await world.run(['restore', ...argv, '--json'], { env: { ...world.env, ...env } });
    expect(outcome.code).toBe(0);
    expect(outcome.json()).toMatchObject({ checkpointId: 7n, location: world.dataDirectory, files: 4n });
  });

  it('restores the partitions of the node in the configuration', async () => {
    await world.save(7n);
    const text = 'zeebe.broker: { cluster: { nodeId: 1, clusterSize: 2 }, data.directory: here }';
    await mkdir(join(world.directory, 'config'));
    await writeFile(join(world.directory, 'config/application.yaml'), text);
    const { ZEEBE_BROKER_DATA_DIRECTORY: _, ...env } = world.env;
    expect((await world.run(['restore', '7'], { env })).code).toBe(0);
    expect(await readdir(join(world.directory, 'here/partitions'))).toEqual([NOTE, '2']);
  });

  it('has nothing to do on a node without partitions', async () => {
    await world.save(7n);
    const env = { ...world.env, ZEEBE_BROKER_CLUSTER_CLUSTERSIZE: '3', ZEEBE_BROKER_CLUSTER_NODEID: '2' };
    const { code, stderr } = await world.run(['restore', '7'], { env });
    expect(code).toBe(0);
    expect(stderr).toContain('this node holds no partition');
    expect(await readdir(join(world.dataDirectory, 'partitions'))).toEqual([NOTE]);
  });

  it('leaves a directory alone that holds data', async () => {
    await world.save(7n);
    await mkdir(world.dataDirectory);
    await writeFile(join(world.dataDirectory, 'precious'), 'x');
    const outcome = await world.run(['restore', '7', '--json']);
    expect(outcome.code).toBe(10);
    expect(outcome.json()).toMatchObject({
      error: { name: 'DataDirectoryNotEmpty', found: ['precious'], exitCode: 10n },
    });
    expect(await readdir(world.dataDirectory)).toEqual(['precious']);
  });
});

describe('what is called off', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('%s ends with %i and leaves nothing', async (signal, code) => {
    await world.save(7n);
    const stop = new AbortController();
    const onStderr = (text: string) => text.includes('restoring') && stop.abort(signal);
    const outcome = await world.run(['restore', '7'], { signal: stop.signal, onStderr });
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain('tidemark: called off');
    expect(await readdir(world.dataDirectory).catch(() => [])).toEqual([]);
  });
});
