import { describe, expect, it } from 'vitest';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { BackupStatus, BackupStatusCode } from '../../src/core/status.ts';
import { planRestore } from '../../src/restore/restore-plan.ts';

interface Row {
  readonly partition: number;
  readonly node?: number;
  readonly status?: BackupStatusCode;
  /** The number of partitions in its descriptor; null: the row has none. */
  readonly count?: number | null;
  readonly id?: number;
}

function row({ partition, node = 0, status = 'COMPLETED', count = 3, id = 7 }: Row): BackupStatus {
  const backupId = { checkpointId: checkpointId(id), partitionId: partition, nodeId: node };
  if (count === null) return { id: backupId, statusCode: status };
  const descriptor = {
    snapshotId: null,
    checkpointPosition: logPosition(partition * 100),
    numberOfPartitions: count,
    brokerVersion: '1',
  };
  return { id: backupId, statusCode: status, descriptor };
}

function plan(rows: readonly Row[], partitionsCount: number, partitionIds: readonly number[] = [1]) {
  return planRestore(rows.map(row), { checkpointId: checkpointId(7), partitionIds, partitionsCount });
}

const WHOLE: readonly Row[] = [{ partition: 1 }, { partition: 2 }, { partition: 3 }];
const failed: Row = { partition: 2, status: 'FAILED', count: null };

describe('a plan', () => {
  it('names one copy per partition of the node, in their order, with its descriptor', () => {
    const copies = plan(WHOLE, 3, [3, 1])._unsafeUnwrap().copies;
    expect(copies.map((copy) => copy.id.partitionId)).toEqual([1, 3]);
    expect(copies[1]?.descriptor?.checkpointPosition).toBe(300n);
  });

  it('takes the copy of the lowest node, wherever it stands in the listing', () => {
    const rows = [
      { partition: 1, node: 2 },
      { partition: 1, node: 1 },
      { partition: 1, node: 0, status: 'FAILED' as const },
    ];
    for (const order of [rows, [...rows].reverse()]) {
      const copies = plan([...order, { partition: 2 }, { partition: 3 }], 3)._unsafeUnwrap().copies;
      expect(copies.map((copy) => copy.id.nodeId)).toEqual([1]);
    }
  });

  it('counts a partition once that is asked for twice', () => {
    expect(plan(WHOLE, 3, [2, 2])._unsafeUnwrap().copies).toHaveLength(1);
  });

  it('may be empty, but not of a backup that is incomplete', () => {
    expect(plan(WHOLE, 3, [])._unsafeUnwrap().copies).toEqual([]);
    expect(plan(WHOLE.slice(1), 3, [])._unsafeUnwrapErr().name).toBe('BackupIncomplete');
  });

  it('takes a completed copy although the listing has no descriptor', () => {
    const rows = WHOLE.map((one) => ({ ...one, count: null }));
    expect(plan(rows, 3)._unsafeUnwrap().copies).toEqual([{ id: row({ partition: 1 }).id }]);
  });

  // What is in the store, how many partitions are configured, and what is said.
  it.each<[string, readonly Row[], number, object]>([
    ['nothing', [], 3, { name: 'BackupNotFound' }],
    ['another checkpoint alone', [{ partition: 1, id: 8 }], 1, { name: 'BackupNotFound' }],
    ['a partition without a copy', [WHOLE[0]!, WHOLE[2]!], 3, { name: 'BackupIncomplete' }],
    [
      'the same, with its copy in another checkpoint',
      [...WHOLE.slice(1), { partition: 1, id: 6 }],
      3,
      { name: 'BackupIncomplete' },
    ],
    ['a failed partition', [WHOLE[0]!, failed, WHOLE[2]!], 3, { name: 'BackupIncomplete' }],
    [
      'a running partition',
      [WHOLE[0]!, { partition: 2, status: 'IN_PROGRESS' }, WHOLE[2]!],
      3,
      { name: 'BackupIncomplete' },
    ],
    [
      'fewer partitions than configured',
      WHOLE,
      4,
      { name: 'PartitionCountMismatch', configured: 4, inBackup: 3 },
    ],
    [
      'more partitions than configured',
      WHOLE,
      2,
      { name: 'PartitionCountMismatch', configured: 2, inBackup: 3 },
    ],
    [
      'more, and one of the configured ones failed',
      [WHOLE[0]!, failed, WHOLE[2]!],
      2,
      { name: 'PartitionCountMismatch', inBackup: 3 },
    ],
    [
      'more, none completed and no descriptors',
      [failed, { partition: 3, status: 'FAILED', count: null }],
      2,
      { name: 'PartitionCountMismatch', inBackup: 3 },
    ],
    [
      'fewer, all still running',
      WHOLE.map((one) => ({ ...one, status: 'IN_PROGRESS' as const })),
      5,
      { name: 'PartitionCountMismatch', inBackup: 3 },
    ],
    [
      'completed copies that disagree',
      [WHOLE[0]!, WHOLE[1]!, { partition: 3, count: 4 }],
      3,
      { name: 'PartitionCountMismatch', inBackup: 4 },
    ],
    [
      'a failed leftover with another count',
      [...WHOLE, { partition: 2, node: 1, status: 'FAILED', count: 9 }],
      3,
      {},
    ],
  ])('of %s', (_, rows, partitionsCount, expected) => {
    const planned = plan(rows, partitionsCount);
    expect(planned.isErr() ? planned.error : {}).toMatchObject(expected);
    expect(planned.isErr()).toBe('name' in expected);
  });

  it('lists every partition that is not complete, and the state of each', () => {
    const error = plan([WHOLE[0]!, failed], 3)._unsafeUnwrapErr();
    expect(error.message).toContain('2:FAILED, 3:DOES_NOT_EXIST');
    expect(error).toMatchObject({ partitions: [{ partitionId: 1 }, { partitionId: 2 }, { partitionId: 3 }] });
  });

  it('ignores the copies of partitions that the cluster has not, and tells them', () => {
    const strays: Row[] = [
      { partition: 10 },
      { partition: 4, status: 'FAILED', count: null },
      { partition: 0, node: 2 },
    ];
    const { copies, ignored } = plan([...WHOLE, ...strays], 3, [1, 2, 3])._unsafeUnwrap();
    expect(copies).toHaveLength(3);
    expect(ignored.map(({ partitionId }) => partitionId)).toEqual([10, 4, 0]);
    expect(plan(WHOLE, 3)._unsafeUnwrap().ignored).toEqual([]);
  });

  it('throws for a partition that the cluster cannot have', () => {
    expect(() => plan(WHOLE, 3, [4])).toThrow('1..3');
    expect(() => plan(WHOLE, 3, [0])).toThrow('1..3');
  });
});
