// From when to when a cluster can be restored, and the names of the gaps.
import { restorableRanges } from 'tidemark';
import { describe, expect, it } from 'vitest';
import type { BackupStatus } from '../../src/core/status.ts';
import { at, listing, rowsOf, type SamplePoint } from './point-samples.ts';

const points = (...ids: number[]): SamplePoint[] => ids.map((id) => ({ id }));
const told = async (rows: readonly BackupStatus[], partitionsCount = 2) =>
  (await restorableRanges(listing(rows), { partitionsCount }))._unsafeUnwrap();
/** Ranges as `from-to (points)`, gaps as `after-before reason partitions`. */
const shown = async (rows: readonly BackupStatus[], partitionsCount?: number) => {
  const { ranges, gaps } = await told(rows, partitionsCount);
  return [
    ranges.map(({ from, to, points: count }) => `${from.checkpointId}-${to.checkpointId} (${count})`),
    gaps.map(
      ({ after, before, reason, partitions }) =>
        `${after.checkpointId}-${before.checkpointId} ${reason} ${partitions}`,
    ),
  ];
};

describe('restorable ranges', () => {
  it('are none without a completed backup', async () => {
    expect(await shown([])).toEqual([[], []]);
    const half = rowsOf(5, points(4, 5)).map((row) =>
      row.id.partitionId === 2 ? { ...row, statusCode: 'FAILED' as const } : row,
    );
    expect(await shown(half)).toEqual([[], []]);
    expect(await shown(rowsOf(5, points(4, 5)), 3)).toEqual([[], []]);
  });

  it('are one where each backup reaches below the one before', async () => {
    const rows = [
      ...rowsOf(5, points(3, 4, 5)),
      ...rowsOf(9, points(5, 6, 9)),
      ...rowsOf(12, points(8, 9, 12)),
    ];
    expect(await shown(rows)).toEqual([['3-12 (7)'], []]);
    expect((await told(rows)).ranges[0]?.backups).toEqual([5n, 9n, 12n]);
  });

  it('hold a point only where every partition has it', async () => {
    const rows = rowsOf(9, [points(5, 6, 7, 9), points(6, 8, 9)]);
    expect(await shown(rows)).toEqual([['6-9 (2)'], []]);
  });

  it('end where a later backup reaches back too little, and the gap names the partitions', async () => {
    const rows = [...rowsOf(5, points(4, 5)), ...rowsOf(9, [points(5, 7, 8, 9), points(7, 9)])];
    expect(await shown(rows)).toEqual([['4-5 (2)', '7-9 (2)'], ['5-7 reach 2']]);
  });

  it('go on over a backup that tells nothing, when the next one reaches over it', async () => {
    const silent = rowsOf(7, [undefined, points(6, 7)]);
    const over = [...rowsOf(5, points(4, 5)), ...silent, ...rowsOf(9, points(5, 7, 8, 9))];
    expect(await shown(over)).toEqual([['4-9 (5)'], []]);
    const short = [...rowsOf(5, points(4, 5)), ...silent];
    expect(await shown(short)).toEqual([['4-5 (2)', '7-7 (1)'], ['5-7 unrecorded 1']]);
  });

  it('are one point each where nothing is recorded, at the time when the last copy was begun', async () => {
    const rows = [...rowsOf(5, [undefined, undefined]), ...rowsOf(9, [undefined, undefined])];
    expect(await shown(rows)).toEqual([['5-5 (1)', '9-9 (1)'], ['5-9 unrecorded 1,2']]);
    expect((await told(rows)).ranges[0]?.from.timestamp).toBe(at(5.5));
  });

  it('do not join two histories, though their ids overlap', async () => {
    const before = rowsOf(5, points(4, 5));
    // The cluster was restored to 4, and used 5 again: another record, at another position.
    const after = rowsOf(9, [{ id: 4 }, { id: 5, positions: [44, 45] }, { id: 9 }]);
    expect(await shown([...before, ...after])).toEqual([['4-5 (2)', '4-9 (3)'], ['5-4 history 1,2']]);
  });

  it('tell the latest time of the partitions, and by how much they differ', async () => {
    const rows = rowsOf(9, [
      { id: 8, times: [8, 8.25] },
      { id: 9, times: [9.5, 9] },
    ]);
    expect((await told(rows)).ranges[0]).toMatchObject({
      from: { checkpointId: 8n, type: 'marker', timestamp: at(8.25), spreadMs: 250, backupId: 9n },
      to: { checkpointId: 9n, type: 'backup', timestamp: at(9.5), spreadMs: 500, backupId: 9n },
    });
  });

  it('never go back in time, though a clock did', async () => {
    const rows = rowsOf(9, [{ id: 7, times: [60, 7] }, { id: 8, times: [8, 8] }, { id: 9 }]);
    const { from, to } = (await told(rows)).ranges[0]!;
    expect([from.timestamp, to.timestamp]).toEqual([at(60), at(60)]);
  });

  it('believe no list that is in no order or not of this backup', async () => {
    for (const list of [points(8, 7, 9), points(7, 8), [{ id: 7, positions: [200, 200] }, { id: 9 }]]) {
      expect(await shown(rowsOf(9, [list, points(7, 8, 9)]).map(withOwnPosition))).toEqual([['9-9 (1)'], []]);
    }
  });

  it('are read page by page', async () => {
    const rows = Array.from({ length: 45 }, (_, index) =>
      rowsOf(index + 1, points(index || 1, index + 1)),
    ).flat();
    const store = listing(rows.slice(2));
    const { ranges } = (await restorableRanges(store, { partitionsCount: 2 }))._unsafeUnwrap();
    expect(ranges.map(({ points: count }) => count)).toEqual([45]);
    expect(store.pages()).toBe(3);
  });
});

function withOwnPosition(row: BackupStatus): BackupStatus {
  const position = BigInt(90 + row.id.partitionId);
  return { ...row, descriptor: { ...row.descriptor!, checkpointPosition: position as never } };
}
