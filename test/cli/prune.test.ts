import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliWorld, makeWorld } from './cli-world.ts';

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

const ids = async () => {
  const { backups } = (await world.run(['list', '--json'])).json() as { backups: { backupId: bigint }[] };
  return backups.map(({ backupId }) => backupId);
};

describe('prune', () => {
  it('tells in a dry run what would go and why, and then does it', async () => {
    for (const id of [1n, 2n, 3n]) await world.save(id);
    await world.save(4n, [1]);
    await world.run(['hold', '1', '--reason', 'audit']);
    const dry = await world.run(['prune', '--keep-last', '1', '--dry-run']);
    expect(dry).toMatchObject({ code: 0, stderr: '' });
    const rows = dry.stdout.split('\n').map((row) => row.split(/ {2,}/));
    expect(rows.map((row) => [row[0], row[1], row[3], row[4]]).slice(0, 5)).toEqual([
      ['BACKUP', 'STATE', 'DECISION', 'REASON'],
      ['4', 'BROKEN', 'stays', 'it is broken, and no COMPLETED one came after it'],
      ['3', 'COMPLETED', 'stays', 'the newest that is COMPLETED'],
      ['2', 'COMPLETED', 'would go', 'no rule keeps it'],
      ['1', 'COMPLETED', 'stays', 'it is held'],
    ]);
    expect(dry.stdout).toContain('\n\ndry run: 1 of 4 backups would be deleted\n');
    expect(await ids()).toEqual([4n, 3n, 2n, 1n]);
    const done = await world.run(['prune', '--keep-last', '1', '--sweep', '--json']);
    expect(done.json()).toMatchObject({
      dryRun: false,
      deleted: [2n],
      changed: [],
      decisions: [{}, {}, { backupId: 2n, state: 'COMPLETED', keep: false, reason: 'SURPLUS' }, {}],
      sweep: { partitions: [{ partitionId: 1n }, { partitionId: 2n }] },
    });
    expect(await ids()).toEqual([4n, 3n, 1n]);
  });

  it('takes its rules from the configuration, and an option in place of the same rule', async () => {
    for (const id of [1n, 2n, 3n, 4n]) await world.save(id);
    const env = { ...world.env, ZEEBE_BROKER_DATA_BACKUP_RETENTION_KEEPLAST: '2' };
    const more = await world.run(['prune', '--keep-last', '3'], { env });
    expect(more.stdout).toContain('deleted 1 backups\n');
    await world.run(['prune'], { env });
    expect(await ids()).toEqual([4n, 3n]);
    await world.run(['prune', '--keep-within', 'PT1H'], { env });
    expect(await ids()).toEqual([4n, 3n]);
  });

  it.each([
    [[], 'no rule says what to keep'],
    [['--minimum', '2'], 'no rule says what to keep'],
    [['--keep-last', '0'], 'invalid --keep-last: expected a whole number'],
    [['--keep-within', 'ever'], 'invalid --keep-within: expected a duration'],
  ])('refuses %j and deletes nothing', async (argv, message) => {
    for (const id of [1n, 2n]) await world.save(id);
    const { code, stderr } = await world.run(['prune', ...argv]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(await ids()).toEqual([2n, 1n]);
  });

  it('refuses a cluster with another number of partitions', async () => {
    for (const id of [1n, 2n]) await world.save(id);
    const env = { ...world.env, ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '3' };
    expect((await world.run(['prune', '--keep-last', '1'], { env })).code).toBe(13);
    expect(await ids()).toEqual([2n, 1n]);
  });
});

describe('a hold', () => {
  it('is shown until it is taken back', async () => {
    await world.save(7n);
    expect((await world.run(['holds'])).stdout).toBe('no holds\n');
    expect((await world.run(['hold', '7', '--reason', 'audit'])).stdout).toBe(
      'backup 7 is held: it is never pruned\n',
    );
    expect((await world.run(['holds'])).stdout).toMatch(/^BACKUP {2}HELD SINCE.*\n7 .*audit\n$/);
    expect((await world.run(['holds', '--json'])).json()).toMatchObject({
      holds: [{ backupId: 7n, reason: 'audit' }],
    });
    expect((await world.run(['unhold', '7', '--json'])).json()).toEqual({ backupId: 7n, held: false });
    expect((await world.run(['holds', '--json'])).json()).toEqual({ holds: [] });
  });

  it('needs a backup, and a layout that has a place for it', async () => {
    expect((await world.run(['hold', '8'])).code).toBe(11);
    const env = {
      ...world.env,
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'MEMORY',
      ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'zeebe',
    };
    const { code, stderr } = await world.run(['hold', '7'], { env });
    expect(code).toBe(5);
    expect(stderr).toContain("Zeebe's layout has no place for it");
  });
});

describe('labels', () => {
  it('are shown until they are taken back', async () => {
    await world.save(7n);
    const set = await world.run(['label', '7', 'release=8.7', 'tested=yes']);
    expect(set.stdout).toBe('backup 7: release=8.7 tested=yes\n');
    expect((await world.run(['labels'])).stdout).toMatch(/^BACKUP {2}LABELS\n7 +release=8\.7 tested=yes\n$/);
    const left = await world.run(['label', '7', 'tested-', '--json']);
    expect(left.json()).toEqual({ backupId: 7n, labels: { release: '8.7' } });
    expect((await world.run(['labels', '8'])).stdout).toBe('no labels\n');
  });

  it.each([
    [['label', '7', 'release'], 2, 'expected name=value or name-'],
    [['label', '7', 'Release=1'], 2, 'invalid label'],
    [['label', '8', 'release=1'], 11, 'no such backup'],
  ])('%j is refused', async (argv, code, message) => {
    await world.save(7n);
    const outcome = await world.run(argv);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(message);
  });
});
