import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertSameBackup } from '../../src/testkit/sample-backups.ts';
import { buildSegment, type Journal } from '../zeebe/build-log.ts';
import { SECOND } from '../zeebe/sample-partition.ts';
import { type CliWorld, makeWorld, type Outcome } from './cli-world.ts';
import { makeZeebeBucket, type ZeebeBucket, zeebeBackup } from './zeebe-world.ts';

let world: CliWorld;
let bucket: ZeebeBucket;
beforeEach(async () => {
  world = await makeWorld();
  bucket = await makeZeebeBucket();
});
afterEach(async () => {
  await bucket.close();
  await world.remove();
});

function run(...argv: string[]): Promise<Outcome> {
  return world.run(argv, { env: bucket.env(world.dataDirectory) });
}

/** The bucket loses the backup, and the data directory is what a restore made of it: a stopped broker's. */
async function stopBroker(): Promise<void> {
  await bucket.save();
  expect((await run('restore', '7')).code).toBe(0);
  expect((await run('delete', '7')).code).toBe(0);
}

describe('save --offline', () => {
  it('stores what a stopped broker has, so that it can be restored', async () => {
    await stopBroker();
    const outcome = await run('save', '--offline', '7', '--broker-version', '8.6.0', '--json');
    expect(outcome.stderr).not.toContain('tidemark:');
    expect(outcome.json()).toMatchObject({
      backupId: 7n,
      copies: [
        { partitionId: 1n, nodeId: 0n, descriptor: { checkpointPosition: 6n, numberOfPartitions: 2n } },
        { partitionId: 2n, skipped: false },
      ],
    });
    expect((await run('status', '7')).stdout).toMatch(/^backup 7: COMPLETED\n/);
    expect((await run('verify', '7')).code).toBe(0);
    const env = bucket.env(join(world.directory, 'elsewhere'));
    expect((await world.run(['restore', '7'], { env })).code).toBe(0);
    const again = await run('save', '--offline', '7', '--broker-version', '8.6.0');
    expect(again.stdout).toMatch(/was there already\n.*was there already\n$/);
  });

  it('says which partitions nobody has stored yet', async () => {
    await stopBroker();
    await rm(join(world.dataDirectory, 'raft-partition/partitions/1'), { recursive: true });
    const outcome = await run('save', '--offline', '7', '--broker-version', '8.6.0');
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain('not complete: no node has stored partition 1\n');
    const again = await run('save', '--offline', '7', '--broker-version', '8.6.0', '--json');
    expect(again.json()).toMatchObject({ copies: [{ partitionId: 2n }], missing: [1n] });
    // Another node has it.
    await bucket.save(undefined, [1]);
    const whole = await run('save', '--offline', '7', '--broker-version', '8.6.0', '--json');
    expect(whole.json()).toMatchObject({ missing: [] });
  });

  describe('of a replicated partition', () => {
    const argv = ['save', '--offline', '7', '--broker-version', '8.6.0'];
    const save = (replicas: number, ...more: string[]) => {
      const cluster = { CLUSTERSIZE: '3', REPLICATIONFACTOR: String(replicas) };
      const env = Object.entries(cluster).map(([key, value]) => [`ZEEBE_BROKER_CLUSTER_${key}`, value]);
      return world.run([...argv, ...more], {
        env: { ...bucket.env(world.dataDirectory), ...Object.fromEntries(env) },
      });
    };

    it('says where the log does not prove that the nodes had agreed on the checkpoint', async () => {
      await stopBroker();
      const log = 'raft-partition/partitions/1/raft-partition-partition-1-9.log';
      // As a leader leaves it that has processed the checkpoint; the other partition ends with its CREATE.
      await writeFile(join(world.dataDirectory, log), SECOND.bytes);
      const outcome = await save(3);
      expect(outcome.code).toBe(0);
      expect(outcome.stdout).toMatch(/\n2 .* not proven\n/);
      expect(outcome.stdout).not.toMatch(/\n1 .* not proven\n/);
      expect(outcome.stdout).toContain('\nnot proven: the log of partition 2 does not tell whether');
      expect((await save(3, '--json')).json()).toMatchObject({ unproven: [2n] });
    });

    it('does not ask for a proof where one node holds it', async () => {
      await stopBroker();
      const outcome = await save(1);
      expect(outcome.stdout).not.toContain('not proven');
      expect((await save(1, '--json')).json()).toMatchObject({ unproven: [] });
    });
  });

  it('asks which Zeebe it was where the log does not tell', async () => {
    await stopBroker();
    const { code, stderr } = await run('save', '--offline', '7');
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--broker-version') });
    expect((await run('list')).stdout).toBe('no backups\n');
  });

  it('saves nothing when a partition has no such checkpoint', async () => {
    await stopBroker();
    const { code, stderr } = await run('save', '--offline', '8', '--broker-version', '8.6.0');
    expect(code).toBe(17);
    expect(stderr).toContain('partition=1 its log has no checkpoint 8; it has: 7');
    expect((await run('list')).stdout).toBe('no backups\n');
  });

  it('does not mix itself with another backup of the same id', async () => {
    await stopBroker();
    const key = '1/7/0/manifest.json';
    await bucket.save();
    const text = new TextDecoder().decode(await bucket.get(key));
    await bucket.put(
      key,
      new TextEncoder().encode(text.replace('"checkpointPosition":6', '"checkpointPosition":5')),
    );
    expect((await run('save', '--offline', '7', '--broker-version', '8.6.0')).code).toBe(18);
  });

  it('replaces what the broker left when it failed or was stopped', async () => {
    await stopBroker();
    const key = '1/7/0/manifest.json';
    await bucket.save();
    const text = new TextDecoder().decode(await bucket.get(key));
    for (const state of ['failed', 'in_progress']) {
      await bucket.put(key, new TextEncoder().encode(text.replace('completed', state)));
      expect((await run('status', '7')).stdout).not.toMatch(/^backup 7: COMPLETED/);
      expect((await run('save', '--offline', '7', '--broker-version', '8.6.0')).code).toBe(0);
      expect((await run('verify', '7')).code).toBe(0);
    }
  });

  describe('into the native layout', () => {
    const AT = Date.UTC(2026, 10, 24, 6);
    const argv = ['save', '--offline', '7', '--broker-version', '8.6.0'];

    /** The log of both partitions goes on like this, from position 5 on. */
    async function logsEndWith(records: readonly Journal[]) {
      await stopBroker();
      const segment = buildSegment({ id: 2, index: 5, position: 5, records });
      for (const partition of [1, 2]) {
        const name = `raft-partition/partitions/${partition}/raft-partition-partition-${partition}-9.log`;
        await writeFile(join(world.dataDirectory, name), segment.bytes);
      }
      const saved = await world.run(argv);
      expect(saved.stderr).not.toContain('tidemark:');
      return segment;
    }

    it('makes points of the checkpoints before it, whose logs are cut there', async () => {
      const segment = await logsEndWith([
        [{ create: 6, timestamp: AT }],
        [{ other: 'x' }],
        [{ create: 7, timestamp: AT + 60_000 }],
      ]);
      const { ranges } = (await world.run(['ranges', '--json'])).json() as { ranges: unknown[] };
      expect(ranges).toMatchObject([{ from: { checkpointId: 6n }, to: { checkpointId: 7n }, points: 2n }]);
      const elsewhere = join(world.directory, 'elsewhere');
      const env = { ...world.env, ZEEBE_BROKER_DATA_DIRECTORY: elsewhere };
      const done = await world.run(['restore', '--to', '2026-11-24T06:00:59Z', '--json'], { env });
      expect(done.json()).toMatchObject({
        checkpointId: 6n,
        point: { timestamp: '2026-11-24T06:00:00.000Z' },
      });
      const path = 'raft-partition/partitions/2/raft-partition-partition-2-9.log';
      const restored = await readFile(join(elsewhere, path));
      const end = segment.offsets[1]!;
      expect(restored.subarray(0, end).equals(segment.bytes.subarray(0, end))).toBe(true);
      expect(restored.subarray(end).every((byte) => byte === 0)).toBe(true);
    });

    it('makes no point of one that shares its record with what came behind it', async () => {
      await logsEndWith([
        [{ create: 6, timestamp: AT }, { other: 'later' }],
        [{ create: 7, timestamp: AT + 60_000 }],
      ]);
      const { ranges } = (await world.run(['ranges', '--json'])).json() as { ranges: unknown[] };
      expect(ranges).toMatchObject([{ from: { checkpointId: 7n }, points: 1n }]);
    });

    it.each([0, -1, 9e15])('makes none where the log tells no time: %d', async (timestamp) => {
      await logsEndWith([[{ create: 6, timestamp }], [{ create: 7, timestamp: AT }]]);
      const { ranges } = (await world.run(['ranges', '--json'])).json() as { ranges: unknown[] };
      expect(ranges).toMatchObject([{ from: { checkpointId: 7n }, points: 1n }]);
    });
  });

  it.each([
    ['fewer partitions', { ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '1' }, 'holds partition 2'],
    ['no data', { ZEEBE_BROKER_DATA_DIRECTORY: '/nowhere' }, 'no partitions in /nowhere'],
  ])('refuses %s', async (_, change, expected) => {
    await stopBroker();
    const env = { ...bucket.env(world.dataDirectory), ...change };
    const { code, stderr } = await world.run(['save', '--offline', '7'], { env });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(expected) });
  });

  it('is never meant for a broker that runs', async () => {
    expect((await run('save', '7')).stderr).toContain('--offline');
  });
});

describe('copy', () => {
  /** Placeholders, because a variable that names a setting counts for neither side. */
  async function configurations(): Promise<void> {
    const env = bucket.env(world.dataDirectory);
    const lines = Object.entries(env).map(
      ([name, value]) => `${name.toLowerCase().replaceAll('_', '.')}: ${JSON.stringify(value)}`,
    );
    await writeFile(join(world.directory, 'zeebe.yaml'), lines.join('\n'));
    const native = `zeebe.broker.data.backup: { store: FILESYSTEM, filesystem.basePath: "${world.storeDirectory}" }`;
    await writeFile(join(world.directory, 'native.yaml'), native);
    await writeFile(
      join(world.directory, 'elsewhere.yaml'),
      [...lines, 'zeebe.broker.data.backup.s3.basepath: elsewhere'].join('\n'),
    );
    await mkdir(join(world.directory, 'back'));
    await writeFile(
      join(world.directory, 'back.yaml'),
      native.replace(world.storeDirectory, join(world.directory, 'back')),
    );
  }

  const copy = (from: string, to: string, env: Record<string, string> = {}) =>
    world.run(['copy', '7', '--from', `${from}.yaml`, '--to', `${to}.yaml`, '--json'], { env });

  it('is lossless from Zeebe to the native layout and back', async () => {
    await configurations();
    await bucket.save();
    expect((await copy('zeebe', 'native')).json()).toMatchObject({
      copies: [{ skipped: false }, { skipped: false }],
    });
    expect((await world.run(['verify', '7'])).code).toBe(0);
    expect((await run('delete', '7')).code).toBe(0);
    expect((await copy('native', 'zeebe')).code).toBe(0);
    expect((await run('verify', '7')).code).toBe(0);
    const store = bucket.open();
    for (const partitionId of [1, 2]) {
      const backup = zeebeBackup(partitionId);
      await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
    }
    await store.close();
  });

  it('keeps what later versions say in the descriptor, on every way', async () => {
    await configurations();
    const others = '"checkpointTimestamp":1764000000.000000001,"firstLogPosition":9223372036854775807}';
    const store = bucket.open();
    for (const partitionId of [1, 2]) {
      const backup = zeebeBackup(partitionId);
      const descriptor = { ...backup.descriptor, brokerVersion: '8.9.1', others: `{${others}` };
      (await store.save({ ...backup, descriptor }))._unsafeUnwrap();
    }
    await store.close();
    const manifest = async () => new TextDecoder().decode(await bucket.get('manifests/1/7/0/manifest.json'));
    const written = /"descriptor":\{.*?\}/.exec(await manifest())?.[0];
    expect(written?.endsWith(`"brokerVersion":"8.9.1",${others}`)).toBe(true);
    // Through the native layout and through a second native one.
    expect((await copy('zeebe', 'native')).code).toBe(0);
    expect((await copy('native', 'back')).code).toBe(0);
    expect((await run('delete', '7')).code).toBe(0);
    expect((await copy('back', 'zeebe')).code).toBe(0);
    expect(/"descriptor":\{.*?\}/.exec(await manifest())?.[0]).toBe(written);
  });

  it('leaves what a Zeebe can be restored from, in the native layout too', async () => {
    await configurations();
    await bucket.save();
    await copy('zeebe', 'native');
    expect((await world.run(['restore', '7'])).code).toBe(0);
    expect(await readdir(world.dataDirectory)).toEqual(['raft-partition']);
    const verified = (await world.run(['verify', '7', '--json'])).json();
    expect(verified).toMatchObject({ restorable: true, copies: [{ findings: [] }, { findings: [] }] });
  });

  it('is verified as a Zeebe reads it, in the native layout too', async () => {
    const without = { ...zeebeBackup(1), descriptor: { ...zeebeBackup(1).descriptor, snapshotId: null } };
    const segments = without.segmentFiles.filter(({ name }) => !name.endsWith('-8.log'));
    const store = new FilesystemBackupStore({ basePath: world.storeDirectory });
    (await store.save({ ...without, snapshotFiles: [], segmentFiles: segments }))._unsafeUnwrap();
    (await store.save(zeebeBackup(2)))._unsafeUnwrap();
    await store.close();
    const { code, stdout } = await world.run(['verify', '7']);
    expect(code).toBe(14);
    expect(stdout).toContain('a first segment is missing');
  });

  it('sends nothing again, and what is there is left alone', async () => {
    await configurations();
    await bucket.save();
    await copy('zeebe', 'native');
    const before = await readdir(world.storeDirectory, { recursive: true });
    expect((await copy('zeebe', 'native')).json()).toMatchObject({
      copies: [{ skipped: true }, { skipped: true }],
    });
    expect(await readdir(world.storeDirectory, { recursive: true })).toEqual(before);
  });

  it('takes no store from the environment', async () => {
    await configurations();
    await bucket.save();
    const env = { ZEEBE_BROKER_DATA_BACKUP_STORE: 'NONE', ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'tidemark' };
    expect((await copy('zeebe', 'native', env)).code).toBe(0);
  });

  it('copies no damage that Zeebe itself would not notice', async () => {
    await configurations();
    await bucket.save();
    const key = '2/7/0/segments/raft-partition-partition-2-8.log';
    const bytes = await bucket.get(key);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    await bucket.put(key, bytes);
    const outcome = await copy('zeebe', 'native');
    expect(outcome.code).toBe(14);
    expect(await readdir(world.storeDirectory)).toEqual([]);
  });

  it('names the damage of the source, not the reading of a file', async () => {
    await configurations();
    await world.save(7n);
    const chunks = join(world.storeDirectory, 'partitions/2/chunks');
    await rm(chunks, { recursive: true });
    const outcome = await copy('native', 'back');
    expect(outcome.json()).toMatchObject({ error: { name: 'BackupCorrupt', exitCode: 14n } });
    expect(outcome.stderr).toMatch(/object=.*partitions\/2\/chunks\//);
  });

  it('needs a whole backup', async () => {
    await configurations();
    await world.save(7n, [1]);
    expect((await copy('native', 'back')).code).toBe(12);
    expect(await readdir(join(world.directory, 'back'))).toEqual([]);
  });

  it.each(['zeebe', 'native', 'back'])('refuses the %s store as the target of itself', async (place) => {
    await configurations();
    await bucket.save();
    await world.save(7n);
    const outcome = await copy(place, place);
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining('--to') });
    expect(outcome.stderr).toContain(`${place}.yaml`);
  });

  it('goes on where a run was killed, when it is told that none is at work', async () => {
    await configurations();
    await bucket.save();
    expect((await copy('zeebe', 'elsewhere')).code).toBe(0);
    const key = 'elsewhere/2/7/0/manifest.json';
    const manifest = new TextDecoder().decode(await bucket.get(key));
    await bucket.put(key, new TextEncoder().encode(manifest.replace('completed', 'in_progress')));
    const refused = await copy('zeebe', 'elsewhere');
    expect(refused.code).toBe(18);
    expect(refused.stderr).toContain('--replace-unfinished');
    const argv = ['copy', '7', '--from', 'zeebe.yaml', '--to', 'elsewhere.yaml', '--replace-unfinished'];
    const outcome = await world.run([...argv, '--json'], { env: {} });
    expect(outcome.json()).toMatchObject({ copies: [{ skipped: true }, { skipped: false }] });
    expect((await world.run(['verify', '7', '--config', 'elsewhere.yaml'], { env: {} })).code).toBe(0);
  });

  it('is not content with a copy that has lost an object since', async () => {
    await configurations();
    await bucket.save();
    await copy('zeebe', 'elsewhere');
    await bucket.delete('elsewhere/1/7/0/snapshot/CURRENT');
    const outcome = await copy('zeebe', 'elsewhere');
    expect(outcome.code).toBe(18);
    expect(outcome.stderr).toMatch(/elsewhere\/1\/7\/0\/snapshot\/CURRENT is missing.*delete it there/);
    const config = ['--config', 'elsewhere.yaml'];
    expect((await world.run(['delete', '7', ...config], { env: {} })).code).toBe(0);
    expect((await copy('zeebe', 'elsewhere')).code).toBe(0);
    expect((await world.run(['verify', '7', ...config], { env: {} })).code).toBe(0);
  });

  it('counts the partitions that completed copies tell', async () => {
    await configurations();
    await bucket.save();
    const backup = zeebeBackup(1);
    const store = bucket.open();
    (await store.save({ ...backup, id: { ...backup.id, nodeId: 1 } }))._unsafeUnwrap();
    await store.close();
    const key = '1/7/0/manifest.json';
    const failed = new TextDecoder()
      .decode(await bucket.get(key))
      .replace('completed', 'failed')
      .replace('"numberOfPartitions":2', '"numberOfPartitions":5');
    await bucket.put(key, new TextEncoder().encode(failed));
    expect((await copy('zeebe', 'native')).code).toBe(0);
  });

  it.each(['failed', 'in_progress'])('copies no backup that is %s', async (state) => {
    await configurations();
    await bucket.save();
    const key = '2/7/0/manifest.json';
    const text = new TextDecoder().decode(await bucket.get(key));
    await bucket.put(key, new TextEncoder().encode(text.replace('completed', state)));
    expect((await copy('zeebe', 'native')).code).toBe(12);
    expect(await readdir(world.storeDirectory)).toEqual([]);
  });
});
