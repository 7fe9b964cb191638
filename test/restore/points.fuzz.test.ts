// Random histories of a cluster that makes checkpoints: partitions lag and miss markers, clocks differ, backups reach back too
// little, fail on a partition, are deleted. What is told and found is held against a naive reading of all rows.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type RecordedCheckpoint, timestamp } from '../../src/core/backup.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { BackupStatus } from '../../src/core/status.ts';
import { findPoint } from '../../src/restore/find-point.ts';
import { restorableRanges } from '../../src/restore/restorable-ranges.ts';
import { fuzzRuns } from '../support/fuzz.ts';
import { at, listing } from './point-samples.ts';

const PARTITIONS = 3;
const ALL = Array.from({ length: PARTITIONS }, (_, index) => index + 1);

const step = fc.record({
  afterMs: fc.integer({ min: 1, max: 5_000 }),
  isBackup: fc.boolean(),
  /** By partition: how late it hears of it, how many records it has written, and whether it misses a marker. */
  parts: fc.array(
    fc.record({
      lateMs: fc.integer({ min: 0, max: 3_000 }),
      records: fc.integer({ min: 1, max: 50 }),
      misses: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
      /** How many checkpoints back the backup's snapshot lies. */
      reach: fc.integer({ min: 0, max: 6 }),
      fails: fc.integer({ min: 0, max: 14 }).map((one) => one === 0),
    }),
    { minLength: PARTITIONS, maxLength: PARTITIONS },
  ),
  isDeleted: fc.integer({ min: 0, max: 4 }).map((one) => one === 0),
});
const life = fc.record({
  skewsMs: fc.array(fc.integer({ min: -2_000, max: 2_000 }), {
    minLength: PARTITIONS,
    maxLength: PARTITIONS,
  }),
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
  askedMs: fc.array(fc.integer({ min: -3_000, max: 220_000 }), { minLength: 20, maxLength: 20 }),
});

interface Life {
  readonly skewsMs: readonly number[];
  readonly steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[];
}

/** What the backups of the store tell, row by row. */
function rowsOf({ skewsMs, steps }: Life): BackupStatus[] {
  const lists = ALL.map((): RecordedCheckpoint[] => []);
  const rows: BackupStatus[] = [];
  let now = 0;
  steps.forEach(({ afterMs, isBackup, parts, isDeleted }, index) => {
    now += afterMs;
    const id = checkpointId(index + 1);
    parts.forEach(({ lateMs, records, misses, reach, fails }, nth) => {
      const list = lists[nth]!;
      const before = list.at(-1);
      if (misses && !isBackup) return;
      const position = logPosition((before?.position ?? 0n) + BigInt(records));
      const localMs = Math.max(
        now + lateMs + skewsMs[nth]!,
        before === undefined ? 0 : Date.parse(before.timestamp) - ZERO,
      );
      const type = isBackup ? 'backup' : 'marker';
      list.push({ checkpointId: id, position, type, timestamp: timestamp(ZERO + localMs) });
      if (!isBackup || isDeleted) return;
      const checkpoints = list.slice(-1 - reach);
      rows.push({
        id: { checkpointId: id, partitionId: nth + 1, nodeId: 0 },
        statusCode: fails ? 'FAILED' : 'COMPLETED',
        createdAt: at(0),
        descriptor: {
          snapshotId: null,
          checkpointPosition: position,
          numberOfPartitions: PARTITIONS,
          brokerVersion: '1',
          checkpoints,
        },
      });
    });
  });
  return rows;
}

const ZERO = Date.parse(at(0));

interface NaivePoint {
  readonly id: bigint;
  readonly ms: number;
  readonly positions: string;
}

/** The points of each whole backup, oldest backup first. */
function naive(rows: readonly BackupStatus[]): (readonly NaivePoint[])[] {
  return [...Map.groupBy(rows, ({ id }) => id.checkpointId)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(
      ([, copies]) =>
        copies.length === PARTITIONS && copies.every(({ statusCode }) => statusCode === 'COMPLETED'),
    )
    .map(([, copies]) => {
      const lists = copies.map(({ descriptor }) => descriptor!.checkpoints!);
      return lists[0]!.flatMap(({ checkpointId: id }) => {
        const all = lists.flatMap((list) => list.filter((each) => each.checkpointId === id));
        if (all.length < PARTITIONS) return [];
        const ms = Math.max(...all.map((each) => Date.parse(each.timestamp)));
        return [{ id, ms, positions: all.map(({ position }) => position).join() }];
      });
    });
}

it('ranges hold every point and no gap, and a time comes to the latest point that is not after it', async () => {
  await fc.assert(
    fc.asyncProperty(life, async ({ askedMs, ...one }) => {
      const rows = rowsOf(one);
      const store = listing(rows);
      const backups = naive(rows);
      const points = new Map(backups.flat().map((point) => [point.id, point]));
      const { ranges, gaps } = (
        await restorableRanges(store, { partitionsCount: PARTITIONS })
      )._unsafeUnwrap();
      expect(ranges.reduce((sum, range) => sum + range.points, 0)).toBe(points.size);
      expect(gaps).toHaveLength(Math.max(0, ranges.length - 1));
      // A gap is where a backup's own point is in no later one.
      const ends = backups
        .map((own) => own.at(-1)!.id)
        .filter((id, index) =>
          backups.slice(index + 1).every((later) => later.every((point) => point.id !== id)),
        );
      expect(ranges.map(({ to }) => to.checkpointId)).toEqual(ends);
      const times = [...points.values()].map(({ ms }) => ms);
      for (const ms of [
        ...askedMs.map((asked) => ZERO + asked),
        ...times,
        ...times.map((time) => time - 1),
      ]) {
        const signal = new AbortController().signal;
        const found = await findPoint(store, ms, { partitionsCount: PARTITIONS, signal });
        const expected = [...points.values()]
          .filter((point) => point.ms <= ms)
          .sort((a, b) => Number(a.id - b.id))
          .at(-1);
        const gap = gaps.find(
          ({ after, before }) => Date.parse(after.timestamp) < ms && ms < Date.parse(before.timestamp),
        );
        if (expected === undefined || gap !== undefined) {
          expect(found.isErr() && found.error.name, timestamp(ms)).toBe('PointNotFound');
        } else {
          const { checkpointId: id, positions } = found._unsafeUnwrap();
          expect([id, [...positions.values()].join()], timestamp(ms)).toEqual([
            expected.id,
            expected.positions,
          ]);
        }
      }
    }),
    fuzzRuns(150),
  );
});
