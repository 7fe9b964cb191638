import {
  type BackupFile,
  bytesFile,
  logPosition,
  type SegmentHandle,
  type SnapshotHandle,
  selectBackup,
} from 'tidemark';
import { describe, expect, it } from 'vitest';

const snapshot = (position: number, replayFrom = position + 1): SnapshotHandle => ({
  id: `snapshot-${position}`,
  position: logPosition(position),
  replayFrom: logPosition(replayFrom),
  files: [bytesFile('state', Buffer.from('state'))],
});

const segment = (first?: number, last?: number): SegmentHandle => ({
  name: `segment-${first ?? 'empty'}`,
  ...(first === undefined ? {} : { firstPosition: logPosition(first) }),
  ...(last === undefined ? {} : { lastPosition: logPosition(last) }),
  upTo: async (): Promise<BackupFile> => {
    throw new Error('selection reads nothing');
  },
});

const LOG = [segment(1, 10), segment(11, 20), segment(21, 30), segment()];

describe('selectBackup', () => {
  const cases = [
    {
      title: 'the whole log when there is no snapshot',
      snapshots: [],
      log: LOG,
      at: 25,
      gives: [null, 1, 11, 21],
    },
    {
      title: 'the newest snapshot below the checkpoint',
      snapshots: [5, 15],
      log: LOG,
      at: 25,
      gives: [15, 11, 21],
    },
    {
      title: 'no snapshot at the checkpoint itself',
      snapshots: [5, 25],
      log: LOG,
      at: 25,
      gives: [5, 1, 11, 21],
    },
    {
      title: 'no snapshot beyond the checkpoint',
      snapshots: [26],
      log: LOG,
      at: 25,
      gives: [null, 1, 11, 21],
    },
    { title: 'one just below the checkpoint', snapshots: [24], log: LOG, at: 25, gives: [24, 21] },
    { title: 'no segment behind the checkpoint', snapshots: [5], log: LOG, at: 20, gives: [5, 1, 11] },
    { title: 'a checkpoint that is the last record', snapshots: [29], log: LOG, at: 30, gives: [29, 21] },
    {
      title: 'a compacted log behind a snapshot',
      snapshots: [15],
      log: LOG.slice(1),
      at: 25,
      gives: [15, 11, 21],
    },
    {
      title: 'segments in any order',
      snapshots: [],
      log: [...LOG].reverse(),
      at: 25,
      gives: [null, 1, 11, 21],
    },
    {
      title: 'an older snapshot when the newest lacks its log',
      snapshots: [4, 12],
      log: [segment(1, 10), segment(11, 20)],
      at: 20,
      gives: [12, 11],
    },
  ];
  it.each(cases)('$title', ({ snapshots, log, at, gives }) => {
    const selected = selectBackup(
      { snapshots: snapshots.map((p) => snapshot(p)), segments: log },
      logPosition(at),
    )._unsafeUnwrap();
    const [wanted, ...segments] = gives;
    expect(selected.snapshot?.position ?? null).toEqual(wanted === null ? null : BigInt(wanted ?? 0));
    expect(selected.segments.map((s) => Number(s.firstPosition))).toEqual(segments);
  });

  const refusals = [
    { title: 'an empty log', snapshots: [], log: [], at: 5, says: /ends before position 1/ },
    { title: 'a log that ends too early', snapshots: [], log: LOG, at: 31, says: /ends before position 31/ },
    {
      title: 'a hole',
      snapshots: [],
      log: [segment(1, 10), segment(12, 20)],
      at: 15,
      says: /no position 11/,
    },
    { title: 'a lost start', snapshots: [], log: LOG.slice(1), at: 15, says: /no position 1;/ },
    {
      title: 'only snapshots that are too new',
      snapshots: [15],
      log: LOG.slice(1),
      at: 15,
      says: /1 snapshot\(s\) are empty, or at or beyond/,
    },
  ];
  it.each(refusals)('refuses $title', ({ snapshots, log, at, says }) => {
    const selected = selectBackup(
      { snapshots: snapshots.map((p) => snapshot(p)), segments: log },
      logPosition(at),
    );
    expect(selected._unsafeUnwrapErr().name).toBe('BackupNotPossible');
    expect(selected._unsafeUnwrapErr().message).toMatch(says);
  });

  it('passes over a snapshot without files: it could not be restored', () => {
    const empty = { ...snapshot(15), files: [] };
    const selected = selectBackup({ snapshots: [snapshot(5), empty], segments: LOG }, logPosition(25));
    expect(selected._unsafeUnwrap().snapshot?.id).toBe('snapshot-5');
  });

  it('needs no snapshot to reach back, while the log goes back to its first record', () => {
    const snapshots = [snapshot(12), snapshot(22)];
    const select = (segments: typeof LOG, reachingTo: number) =>
      selectBackup(
        { snapshots, segments, reachingTo: logPosition(reachingTo) },
        logPosition(25),
      )._unsafeUnwrap();
    expect(select(LOG, 8).snapshot).toBeNull();
    expect(select(LOG.slice(1), 8).snapshot?.id).toBe('snapshot-12');
    expect(select(LOG, 20).snapshot?.id).toBe('snapshot-12');
    // The one that would do lacks its log: the whole log reaches back, too.
    expect(select([segment(1, 10), segment(22, 30)], 20).snapshot?.id).toBe('snapshot-22');
  });

  it('starts the log where the snapshot says it is needed, not at its position', () => {
    const selected = selectBackup(
      { snapshots: [snapshot(22, 8)], segments: LOG },
      logPosition(25),
    )._unsafeUnwrap();
    expect(selected.segments.map((s) => Number(s.firstPosition))).toEqual([1, 11, 21]);
  });
});
