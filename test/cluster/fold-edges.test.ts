// Rows as a store may give them: of other backups too, and with reasons as people write them.
import { expect, it } from 'vitest';
import { foldClusterStatus, foldListing } from '../../src/cluster/fold-states.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { BackupStatus, BackupStatusCode } from '../../src/core/status.ts';

const row = (
  id: number,
  partitionId: number,
  statusCode: BackupStatusCode,
  failureReason?: string,
): BackupStatus => ({
  id: { checkpointId: checkpointId(id), partitionId, nodeId: 0 },
  statusCode,
  ...(failureReason === undefined ? {} : { failureReason }),
});

it('rows of other backups say nothing about this one', () => {
  const rows = [row(6, 1, 'COMPLETED'), row(7, 1, 'IN_PROGRESS'), row(8, 2, 'COMPLETED')];
  const status = foldClusterStatus(checkpointId(7), rows, [1]);
  expect(status).toMatchObject({ state: 'IN_PROGRESS', partitions: [{ partitionId: 1 }] });
  expect(status.partitions).toHaveLength(1);
});

it.each([
  ['it broke', 'it broke.'],
  ['it broke...', 'it broke.'],
  ['  it broke. ', 'it broke.'],
  ['a.b broke', 'a.b broke.'],
  ['...', 'an unknown reason.'],
  ['', 'an unknown reason.'],
])('the reason %j ends in one full stop', (reason, said) => {
  const status = foldClusterStatus(checkpointId(7), [row(7, 1, 'FAILED', reason)], [1]);
  expect(status.failureReason).toBe(`Backup on partition 1 failed due to ${said}`);
});

it('a listing is newest first, whatever the order of its rows', () => {
  for (const ids of [
    [1, 2, 3],
    [2, 3, 1],
    [3, 2, 1],
    [3, 1, 2],
  ]) {
    const folded = foldListing(
      ids.map((id) => row(id, 1, 'COMPLETED')),
      [1],
    );
    expect(folded.map((status) => status.checkpointId)).toEqual([3n, 2n, 1n]);
  }
});
