// `tidemark restore --to` and `tidemark ranges`, over a store with real backups.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkpointId, logPosition } from 'tidemark';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildSegment, segmentFile } from '../zeebe/build-log.ts';
import { FIRST } from '../zeebe/sample-partition.ts';
import { type CliWorld, makeWorld, POINT_TIME } from './cli-world.ts';
import { makeZeebeBucket, zeebeBackup } from './zeebe-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

const LATER = '2026-11-24T07:00:00Z';

describe('restore --to', () => {
  it('--dry-run prints the point, and where each partition ends', async () => {
    await world.save(7n, [1, 2], 2, 6n);
    const done = await world.run(['restore', '--to', '2026-11-24T07:00:01+00:00', '--dry-run']);
    expect(done.code).toBe(0);
    expect(done.stdout).toContain('restoring backup 7 of 2026-11-24T07:00:00.000Z for node 0');
    expect(done.stdout).toContain(
      'partition 2: the copy of node 0, snapshot snapshot-2, up to position 9007199254740993',
    );
    expect(done.stdout).toContain('nothing was changed');
    const { point, partitions, backupId } = (
      await world.run(['restore', '--to', LATER, '--dry-run', '--json'])
    ).json();
    expect([backupId, point]).toMatchObject([7n, { checkpointId: 7n, spreadMs: 0n }]);
    expect(partitions).toMatchObject([{ partitionId: 1n, position: 9007199254740993n }, { partitionId: 2n }]);
    // Neither run has touched the directory.
    expect((await world.run(['restore', '--to', LATER])).code).toBe(0);
  });

  it('restores a whole backup of any broker', async () => {
    await world.save(7n);
    const done = await world.run(['restore', '--to', '2999-01-01T00:00:00Z', '--json']);
    expect(done.json()).toMatchObject({ checkpointId: 7n, point: { checkpointId: 7n, backupId: 7n } });
    const log = await readFile(join(world.dataDirectory, 'partitions', '1', 'log', 'log-1'), 'utf8');
    expect(log).toBe('log of 1'.repeat(50));
  });

  it.each([[['--dry-run']], [[]]])(
    'refuses to cut a log whose format nobody knows here %j',
    async (options) => {
      await world.save(7n, [1, 2], 2, 6n);
      const done = await world.run(['restore', '--to', POINT_TIME, ...options]);
      expect(done.code).toBe(5);
      expect(done.stderr).toContain('point 6 lies within backup 7');
    },
  );

  it("cuts a Zeebe's logs, wherever they are stored", async () => {
    const log = buildSegment({ id: 2, index: 5, position: 5, records: [[{ create: 6 }], [{ create: 7 }]] });
    const store = new FilesystemBackupStore({ basePath: world.storeDirectory });
    for (const partitionId of [1, 2]) {
      const backup = zeebeBackup(partitionId);
      const entry = (id: number, position: number, type: 'marker' | 'backup', timestamp: string) => ({
        checkpointId: checkpointId(id),
        position: logPosition(position),
        type,
        timestamp,
      });
      const checkpoints = [entry(6, 5, 'marker', POINT_TIME), entry(7, 6, 'backup', LATER)];
      const segmentFiles = [segmentFile(partitionId, 1, FIRST.bytes), segmentFile(partitionId, 2, log.bytes)];
      const descriptor = { ...backup.descriptor, checkpoints };
      (await store.save({ ...backup, descriptor, segmentFiles }))._unsafeUnwrap();
    }
    await store.close();
    const done = await world.run(['restore', '--to', '2026-11-24T06:30:00Z', '--json']);
    expect(done.stderr).toContain('restoring point 6 from backup 7 of 2026-11-24T06:00:00.000Z');
    expect(done.json()).toMatchObject({ checkpointId: 6n, point: { type: 'marker' } });
    const path = join(world.dataDirectory, 'raft-partition/partitions/2/raft-partition-partition-2-2.log');
    const restored = await readFile(path);
    const end = log.offsets[1]!;
    expect(restored.subarray(0, end).equals(log.bytes.subarray(0, end))).toBe(true);
    expect(restored.subarray(end).every((byte) => byte === 0)).toBe(true);
  });

  it("says that Zeebe's layout knows no markers", async () => {
    const bucket = await makeZeebeBucket();
    try {
      await bucket.save();
      const env = bucket.env(world.dataDirectory);
      const early = await world.run(['restore', '--to', '2001-01-01T00:00:00Z'], { env });
      expect(early.code).toBe(11);
      expect(early.stderr).toContain('no backup here tells of markers between backups');
      const done = await world.run(['restore', '--to', '2999-01-01T00:00:00Z', '--dry-run'], { env });
      expect(done.stderr).toContain('a time comes to the last whole backup');
      expect(done.stdout).toContain('restoring backup 7 of 2');
    } finally {
      await bucket.close();
    }
  });

  it.each([
    [['restore', '7', '--to', LATER], {}, 'backup 7 and --to 2026-11-24T07:00:00Z'],
    [
      ['restore', '--to', LATER],
      { ZEEBE_RESTORE_FROM_BACKUP_ID: '7' },
      'ZEEBE_RESTORE_FROM_BACKUP_ID and --to',
    ],
    [['restore', '7'], { ZEEBE_RESTORE_TO_TIMESTAMP: LATER }, 'backup 7 and ZEEBE_RESTORE_TO_TIMESTAMP'],
    [['restore', '--to', 'noon'], {}, 'invalid --to: expected an instant with its time zone'],
    [['restore'], { ZEEBE_RESTORE_TO_TIMESTAMP: '12:00' }, 'invalid ZEEBE_RESTORE_TO_TIMESTAMP'],
    [['restore'], {}, 'or give a time with --to'],
  ])('refuses %j with %j', async (argv, more, says) => {
    const done = await world.run(argv, { env: { ...world.env, ...more } });
    expect(done.code).toBe(2);
    expect(done.stderr).toContain(says);
  });

  it('takes the time from the variable of Zeebe', async () => {
    await world.save(7n, [1, 2], 2, 6n);
    const env = { ...world.env, ZEEBE_RESTORE_TO_TIMESTAMP: LATER };
    expect((await world.run(['restore'], { env })).code).toBe(0);
  });
});

describe('restore --dry-run of a backup', () => {
  it('changes nothing', async () => {
    await world.save(7n);
    const done = await world.run(['restore', '7', '--dry-run', '--json']);
    expect(done.json()).toMatchObject({ dryRun: true, backupId: 7n, point: null });
    expect((await world.run(['restore', '7'])).code).toBe(0);
  });
});

describe('ranges', () => {
  it('tells what can be restored, and what lies between', async () => {
    await world.save(7n, [1, 2], 2, 6n);
    const before = await world.run(['ranges']);
    expect(before.stdout).toMatch(/2026-11-24T06:00:00.000Z {2}2026-11-24T07:00:00.000Z {2}2 {7}1/);
    await world.save(9n);
    const { ranges, gaps } = (await world.run(['ranges', '--json'])).json() as Record<string, object[]>;
    expect(ranges).toMatchObject([
      { from: { checkpointId: 6n }, to: { checkpointId: 7n }, points: 2n, backups: [7n] },
      { from: { checkpointId: 9n }, points: 1n },
    ]);
    expect(gaps).toMatchObject([{ reason: 'unrecorded', partitions: [1n, 2n] }]);
    expect((await world.run(['ranges'])).stdout).toContain(
      'the next backup does not tell its points (partitions 1, 2)',
    );
  });

  it('says so when there is nothing', async () => {
    const done = await world.run(['ranges']);
    expect([done.code, done.stdout]).toEqual([
      0,
      'nothing can be restored: no backup is COMPLETED on every partition\n',
    ]);
  });
});
