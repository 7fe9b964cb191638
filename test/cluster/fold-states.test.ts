import { describe, expect, it } from 'vitest';
import { foldClusterStatus, foldListing, foldStates } from '../../src/cluster/fold-states.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import {
  BACKUP_STATUS_CODES,
  type BackupStatus,
  type BackupStatusCode,
  type ClusterBackupState,
} from '../../src/core/status.ts';

// Letters of a row stand for the states that occur at least once: D, F, I, C.
const TABLE: readonly (readonly [string, ClusterBackupState, ClusterBackupState])[] = [
  ['', 'DOES_NOT_EXIST', 'DOES_NOT_EXIST'],
  ['D', 'DOES_NOT_EXIST', 'DOES_NOT_EXIST'],
  ['F', 'FAILED', 'FAILED'],
  ['I', 'IN_PROGRESS', 'IN_PROGRESS'],
  ['C', 'COMPLETED', 'COMPLETED'],
  ['DF', 'FAILED', 'FAILED'],
  ['DI', 'INCOMPLETE', 'DOES_NOT_EXIST'],
  ['DC', 'INCOMPLETE', 'DOES_NOT_EXIST'],
  ['FI', 'FAILED', 'FAILED'],
  ['FC', 'FAILED', 'FAILED'],
  ['IC', 'IN_PROGRESS', 'IN_PROGRESS'],
  ['DFI', 'FAILED', 'FAILED'],
  ['DFC', 'FAILED', 'FAILED'],
  ['DIC', 'INCOMPLETE', 'DOES_NOT_EXIST'],
  ['FIC', 'FAILED', 'FAILED'],
  ['DFIC', 'FAILED', 'FAILED'],
];
const LETTER: Record<BackupStatusCode, string> = {
  DOES_NOT_EXIST: 'D',
  FAILED: 'F',
  IN_PROGRESS: 'I',
  COMPLETED: 'C',
};

function row(
  partitionId: number,
  statusCode: BackupStatusCode,
  { id = 7, nodeId = 0, ...rest }: Partial<BackupStatusFields> = {},
): BackupStatus {
  return { id: { checkpointId: checkpointId(id), partitionId, nodeId }, statusCode, ...rest };
}
type BackupStatusFields = Omit<BackupStatus, 'id' | 'statusCode'> & { id: number; nodeId: number };

describe('foldStates', () => {
  it('has a line for every set of states', () => {
    expect(new Set(TABLE.map(([set]) => set)).size).toBe(16);
  });

  it('gives the same for every list of up to four partitions as the table says for its set of states', () => {
    let lists: BackupStatusCode[][] = [[]];
    for (let length = 0; length <= 4; length += 1) {
      for (const codes of lists) {
        const set = 'DFIC'.split('').filter((letter) => codes.some((code) => LETTER[code] === letter));
        const line = TABLE.find(([key]) => key === set.join(''));
        expect([codes, foldStates(codes)]).toEqual([codes, line?.[1]]);
        expect([codes, foldStates(codes, '8.1')]).toEqual([codes, line?.[2]]);
      }
      lists = lists.flatMap((codes) => BACKUP_STATUS_CODES.map((code) => [...codes, code]));
    }
  });
});

describe('foldClusterStatus', () => {
  it('counts a partition without a row as missing, and sorts by partition', () => {
    const rows = [row(3, 'COMPLETED', { nodeId: 4 }), row(1, 'IN_PROGRESS')];
    expect(foldClusterStatus(checkpointId(7), rows, [3, 2, 1])).toEqual({
      checkpointId: 7n,
      state: 'INCOMPLETE',
      partitions: [
        { partitionId: 1, nodeId: 0, statusCode: 'IN_PROGRESS' },
        { partitionId: 2, statusCode: 'DOES_NOT_EXIST' },
        { partitionId: 3, nodeId: 4, statusCode: 'COMPLETED' },
      ],
    });
  });

  it('reduces several copies of a partition to the best one and keeps all that is known of it', () => {
    const descriptor = {
      snapshotId: 's',
      checkpointPosition: logPosition(9),
      numberOfPartitions: 1,
      brokerVersion: '1',
    };
    const rows = [
      row(1, 'FAILED', { nodeId: 0, failureReason: 'old leader' }),
      row(1, 'COMPLETED', { nodeId: 1, descriptor, createdAt: '2026-01-01T00:00:00Z' }),
      row(1, 'IN_PROGRESS', { nodeId: 2 }),
    ];
    expect(foldClusterStatus(checkpointId(7), rows, [1])).toEqual({
      checkpointId: 7n,
      state: 'COMPLETED',
      partitions: [
        {
          partitionId: 1,
          nodeId: 1,
          statusCode: 'COMPLETED',
          descriptor,
          createdAt: '2026-01-01T00:00:00Z',
        },
      ],
    });
  });

  it('names each failed partition with its reason', () => {
    const rows = [
      row(2, 'FAILED', { failureReason: 'the disk is full.' }),
      row(1, 'COMPLETED'),
      row(3, 'FAILED'),
      row(4, 'FAILED', { failureReason: '' }),
    ];
    expect(foldClusterStatus(checkpointId(7), rows, [1, 2, 3, 4])).toMatchObject({
      state: 'FAILED',
      failureReason:
        'Backup on partition 2 failed due to the disk is full. ' +
        'Backup on partition 3 failed due to an unknown reason. ' +
        'Backup on partition 4 failed due to an unknown reason.',
    });
  });

  it('has no failure reason unless the backup failed', () => {
    const status = foldClusterStatus(checkpointId(7), [row(1, 'COMPLETED')], [1, 2]);
    expect(status).not.toHaveProperty('failureReason');
  });

  it('does not lose a partition that the topology does not know', () => {
    const status = foldClusterStatus(checkpointId(7), [row(1, 'COMPLETED'), row(2, 'FAILED')], [1]);
    expect(status.partitions.map((partition) => partition.partitionId)).toEqual([1, 2]);
    expect(status.state).toBe('FAILED');
  });

  it('keeps the node out of a row that says there is nothing', () => {
    const status = foldClusterStatus(checkpointId(7), [row(1, 'DOES_NOT_EXIST', { nodeId: 3 })], [1]);
    expect(status.partitions).toEqual([{ partitionId: 1, statusCode: 'DOES_NOT_EXIST' }]);
  });
});

describe('foldListing', () => {
  it('gives one status per checkpoint, newest first, in the order of numbers and not of text', () => {
    const rows = [
      row(1, 'COMPLETED', { id: 9 }),
      row(1, 'FAILED', { id: 10 }),
      row(2, 'COMPLETED', { id: 9 }),
    ];
    const listing = foldListing(rows, [1, 2]);
    expect(listing.map(({ checkpointId: id, state }) => [id, state])).toEqual([
      [10n, 'FAILED'],
      [9n, 'COMPLETED'],
    ]);
  });

  it('gives nothing for no rows', () => {
    expect(foldListing([], [1, 2])).toEqual([]);
  });
});
