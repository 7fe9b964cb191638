// Restoring to a time: which point it comes to, where each log ends, and what refuses it before anything is touched.
import { okAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { StoredBackup } from '../../src/core/backup.ts';
import type { BackupStatus } from '../../src/core/status.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { at, listing, rowsOf, type SamplePoint } from './point-samples.ts';
import { sampleBackup } from './sample-backups.ts';
import { ShelfTarget } from './shelf-target.ts';

const points = (...ids: number[]): SamplePoint[] => ids.map((id) => ({ id }));
/** Backups 5, 9 and 12; the markers 6 to 8 are in both later ones, 10 and 11 in the last. */
const ROWS = [
  ...rowsOf(5, points(4, 5)),
  ...rowsOf(9, points(5, 6, 7, 8, 9)),
  ...rowsOf(12, points(6, 7, 8, 9, 10, 11, 12)),
];

function setUp(rows: readonly BackupStatus[] = ROWS, options: { readonly canCut?: boolean } = {}) {
  const target = new ShelfTarget();
  const cuts: [number, bigint][][] = [];
  if (options.canCut !== false) {
    target.truncateAfter = (ends) => {
      cuts.push([...ends]);
      return target;
    };
  }
  const begun: bigint[] = [];
  const begin = target.begin.bind(target);
  target.begin = (...args: Parameters<typeof begin>) => {
    begun.push(...(args as unknown as bigint[]));
    return begin(...args);
  };
  const { list, pages } = listing(rows);
  const store = {
    list,
    open: (id: StoredBackup['id']) => {
      const row = rows.find(
        (each) => each.id.checkpointId === id.checkpointId && each.id.partitionId === id.partitionId,
      )!;
      return okAsync({ ...sampleBackup(id.partitionId), id, descriptor: row.descriptor! });
    },
  };
  const manager = new RestoreManager(
    { store, target, clock: new ManualClock(), logger: silentLogger },
    { partitionIds: [1, 2], partitionsCount: 2 },
  );
  return { manager, store, target, cuts, begun, pages };
}

describe('the plan for a time', () => {
  it.each([
    ['the time of a marker', at(7), 7n, 9n],
    ['between two markers', at(7.9), 7n, 9n],
    ['the time of a backup', at(9), 9n, 9n],
    ['behind a backup', at(9.5), 9n, 9n],
    ['a marker that only the last backup has', at(11), 11n, 12n],
    ['long after the last backup', at(3_000), 12n, 12n],
    ['the earliest point', at(4), 4n, 5n],
  ])('%s', async (_, time, point, backup) => {
    const plan = (await setUp().manager.planTo(time))._unsafeUnwrap();
    expect(plan.point).toMatchObject({ checkpointId: point, backupId: backup });
    expect(plan.checkpointId).toBe(backup);
    expect(plan.copies.map(({ id }) => id.checkpointId)).toEqual([backup, backup]);
    const ends =
      point === backup ? [] : [1, 2].map((partition) => [partition, 10n * point + BigInt(partition)]);
    expect([...plan.ends]).toEqual(ends);
  });

  it('takes a time of any zone, and the day that only some years have', async () => {
    const leap = (await setUp().manager.planTo('2028-02-29T00:00:00Z'))._unsafeUnwrap();
    expect(leap.point.checkpointId).toBe(12n);
    const plan = (await setUp().manager.planTo('2026-01-01T01:00:07+01:00'))._unsafeUnwrap();
    expect(plan.point.checkpointId).toBe(7n);
  });

  it('takes nothing that one partition passed later', async () => {
    const rows = rowsOf(9, [{ id: 7 }, { id: 8, times: [8, 30] }, { id: 9, times: [9, 31] }]);
    expect((await setUp(rows).manager.planTo(at(29)))._unsafeUnwrap().point.checkpointId).toBe(7n);
  });

  it('reads no older backup than it needs', async () => {
    const many = Array.from({ length: 100 }, (_, index) => rowsOf(index + 1, points(index + 1))).flat();
    const { manager, pages } = setUp(many);
    expect((await manager.planTo(at(95)))._unsafeUnwrap().point.checkpointId).toBe(95n);
    // One page to find it, one request for the backup.
    expect(pages()).toBe(2);
  });

  it('takes no copy that has lost the point since it was found', async () => {
    const { manager, store } = setUp();
    const { list } = store;
    // The second look finds the copy of another node, which begins with a newer snapshot.
    store.list = (query, options) =>
      list(query, options).map((page) =>
        query.checkpointId === undefined ? page : { backups: rowsOf(9, points(8, 9)) },
      );
    const error = (await manager.planTo(at(7)))._unsafeUnwrapErr();
    expect(error.name).toBe('PointNotFound');
    expect(error.message).toContain('run it again');
  });

  it('passes over a backup that is not complete', async () => {
    const rows = ROWS.map((row) =>
      row.id.checkpointId === 12n && row.id.partitionId === 1
        ? { ...row, statusCode: 'FAILED' as const }
        : row,
    );
    expect((await setUp(rows).manager.planTo(at(60)))._unsafeUnwrap().point.checkpointId).toBe(9n);
  });

  it('is the newest whole backup where no points are told', async () => {
    const rows = [...rowsOf(5, [undefined, undefined]), ...rowsOf(9, [undefined, undefined])];
    const plan = (await setUp(rows, { canCut: false }).manager.planTo(at(9.4)))._unsafeUnwrap();
    expect(plan.point).toMatchObject({ checkpointId: 5n, timestamp: at(5.5) });
    expect(plan.ends.size).toBe(0);
  });

  it.each([
    'yesterday',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-04-31T12:00:00+02:00',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+24:00',
    '1764000000000',
  ])('refuses what is no instant: %s', async (time) => {
    expect((await setUp().manager.planTo(time))._unsafeUnwrapErr()).toMatchObject({
      name: 'InvalidInput',
      field: 'time',
    });
  });

  it('says what there is when nothing is early enough', async () => {
    const early = (await setUp().manager.planTo(at(3)))._unsafeUnwrapErr();
    expect(early.name).toBe('PointNotFound');
    expect(early.message).toContain(`the earliest point is ${at(4)}, in backup 5`);
    const none = (await setUp([]).manager.planTo(at(3)))._unsafeUnwrapErr();
    expect(none.message).toContain('no backup is COMPLETED');
  });

  describe('in a gap', () => {
    /** Backup 20 reaches back to 15: what lay between 12 and that was deleted. */
    const gapped = [...ROWS, ...rowsOf(20, points(15, 18, 20))];

    it.each([12.001, 13, 14.999])('is refused, and the ranges around it are named: %d', async (seconds) => {
      const error = (await setUp(gapped).manager.planTo(at(seconds)))._unsafeUnwrapErr();
      expect(error.message).toContain(`as of ${at(seconds)}: it lies in a gap`);
      expect(error.message).toContain(
        `${at(4)} to ${at(12)} before it, and ${at(15)} to ${at(20)} behind it`,
      );
      expect(error).toMatchObject({
        name: 'PointNotFound',
        nearest: [{ from: { checkpointId: 4n }, to: { checkpointId: 12n } }, { from: { checkpointId: 15n } }],
      });
    });

    it.each([
      [12, 12n],
      [15, 15n],
      [15.5, 15n],
      [11.5, 11n],
    ])('is not beside it: %d', async (seconds, id) => {
      expect((await setUp(gapped).manager.planTo(at(seconds)))._unsafeUnwrap().point.checkpointId).toBe(id);
    });

    it('is none where another backup reaches over it', async () => {
      const rows = [...gapped, ...rowsOf(25, points(11, 12, 13, 15, 18, 20, 25))];
      expect((await setUp(rows).manager.planTo(at(14)))._unsafeUnwrap().point.checkpointId).toBe(13n);
    });

    it('is none behind the newest backup, and none where points are not told', async () => {
      expect((await setUp(gapped).manager.planTo(at(99)))._unsafeUnwrap().point.checkpointId).toBe(20n);
      const silent = [...ROWS, ...rowsOf(20, [undefined, points(15, 20)])];
      expect((await setUp(silent).manager.planTo(at(14)))._unsafeUnwrap().point.checkpointId).toBe(12n);
    });
  });

  it('says so when all backups are of another number of partitions', async () => {
    const error = (await setUp(rowsOf(9, points(9), {}, 3)).manager.planTo(at(60)))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'PartitionCountMismatch', inBackup: 3 });
  });
});

describe('a restore to a time', () => {
  it('restores the backup, and tells the target where each log ends', async () => {
    const { manager, target, cuts, begun } = setUp();
    const report = (await manager.restoreTo(at(8.5)))._unsafeUnwrap();
    expect(cuts.at(-1)).toEqual([
      [1, 81n],
      [2, 82n],
    ]);
    expect(begun).toEqual([8n]);
    expect(report).toMatchObject({
      checkpointId: 8n,
      point: { checkpointId: 8n, backupId: 9n, timestamp: at(8) },
    });
    expect(report.partitions.map(({ descriptor }) => descriptor.checkpointPosition)).toEqual([81n, 82n]);
    expect(report.partitions.map(({ descriptor }) => descriptor.checkpoints?.at(-1)?.checkpointId)).toEqual([
      8n,
      8n,
    ]);
    expect(target.installed).toBeDefined();
  });

  it('cuts nothing at a backup of its own', async () => {
    const { manager, cuts } = setUp(ROWS, { canCut: false });
    expect((await manager.restoreTo(at(9.5)))._unsafeUnwrap().checkpointId).toBe(9n);
    expect(cuts).toEqual([]);
  });

  it('is refused by a target that cannot cut, before anything is touched', async () => {
    const { manager, target } = setUp(ROWS, { canCut: false });
    const error = (await manager.restoreTo(at(8.5)))._unsafeUnwrapErr();
    expect(error.name).toBe('PointInTimeUnsupported');
    expect(error.message).toMatch(/point 8 lies within backup 9; give it a 'truncateAfter'/);
    expect(target.calls).toEqual([]);
  });

  it('leaves a place that is in use as it is', async () => {
    const { manager, target } = setUp();
    target.occupied = ['something'];
    expect((await manager.restoreTo(at(8.5)))._unsafeUnwrapErr().name).toBe('DataDirectoryNotEmpty');
    expect(target.installed).toBeUndefined();
  });

  it('ends as called off', async () => {
    const error = (
      await setUp().manager.restoreTo(at(8), { signal: AbortSignal.abort() })
    )._unsafeUnwrapErr();
    expect(error.name).toBe('Aborted');
  });
});
