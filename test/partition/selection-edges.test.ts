// Pins as a broker may give them: in any order, half filled, empty; and what is said when none will do.
import { bytesFile, logPosition, type SegmentHandle, type SnapshotHandle, selectBackup } from 'tidemark';
import { describe, expect, it } from 'vitest';

const snapshot = (position: number, more: Partial<SnapshotHandle> = {}): SnapshotHandle => ({
  id: `snapshot-${position}`,
  position: logPosition(position),
  replayFrom: logPosition(position + 1),
  files: [bytesFile('state', Buffer.from('state'))],
  ...more,
});
const segment = (
  name: string,
  positions: { firstPosition?: number; lastPosition?: number },
): SegmentHandle => ({
  name,
  ...Object.fromEntries(Object.entries(positions).map(([key, value]) => [key, logPosition(value)])),
  upTo: () => Promise.reject(new Error('selection reads nothing')),
});
const A = segment('a', { firstPosition: 1, lastPosition: 10 });
const B = segment('b', { firstPosition: 11, lastPosition: 20 });
const C = segment('c', { firstPosition: 21, lastPosition: 30 });

const select = (snapshots: SnapshotHandle[], segments: SegmentHandle[], at = 25) =>
  selectBackup({ snapshots, segments }, logPosition(at)).map((chosen) => [
    chosen.snapshot?.id,
    ...chosen.segments.map(({ name }) => name),
  ]);

describe('selectBackup', () => {
  it('takes pins in any order', () => {
    for (const segments of [
      [C, A, B],
      [B, C, A],
      [A, C, B],
    ]) {
      expect(select([], segments)._unsafeUnwrap()).toEqual([undefined, 'a', 'b', 'c']);
    }
    for (const snapshots of [
      [5, 15, 8],
      [15, 8, 5],
      [8, 5, 15],
    ]) {
      expect(
        select(
          snapshots.map((position) => snapshot(position)),
          [A, B, C],
        )._unsafeUnwrap()[0],
      ).toBe('snapshot-15');
    }
  });

  it('passes over segments that tell one of their ends only', () => {
    const halves = [segment('from', { firstPosition: 1 }), segment('to', { lastPosition: 30 })];
    expect(select([], [...halves, A, B, C])._unsafeUnwrap()).toEqual([undefined, 'a', 'b', 'c']);
    expect(select([], halves).isErr()).toBe(true);
  });

  it('says how many snapshots did not count, and nothing when all did', () => {
    const why = (snapshots: SnapshotHandle[], segments: SegmentHandle[]) =>
      select(snapshots, segments)._unsafeUnwrapErr().message;
    expect(why([snapshot(25), snapshot(9, { files: [] })], [C])).toMatch(
      /starts at 21; 2 snapshot\(s\) are empty, or at/,
    );
    expect(why([snapshot(9)], [C])).toMatch(/starts at 21$/);
    expect(why([], [])).toMatch(/the log ends before position 1; the checkpoint is at 25$/);
    expect(why([], [A])).toMatch(/the log ends before position 11; the checkpoint is at 25$/);
  });
});
