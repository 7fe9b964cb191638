import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackupStatusAggregator } from '../../src/cluster/backup-status-aggregator.ts';
import { foldListing } from '../../src/cluster/fold-states.ts';
import { type CheckpointId, checkpointId } from '../../src/core/ids.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { FakeCluster, hang } from './fake-cluster.ts';

const FIVE = checkpointId(5);

function setUp(partitions = 3) {
  const cluster = new FakeCluster(partitions);
  const clock = new ManualClock();
  const components = { topology: cluster.topology, partitions: cluster.client, clock, logger: silentLogger };
  return { cluster, clock, aggregator: new BackupStatusAggregator(components) };
}

describe('status', () => {
  it('folds the answers of all partitions', async () => {
    const { cluster, aggregator } = setUp();
    cluster.put(5, 1, 'COMPLETED');
    cluster.put(5, 3, 'IN_PROGRESS');
    expect((await aggregator.status(FIVE))._unsafeUnwrap()).toMatchObject({
      checkpointId: 5n,
      state: 'INCOMPLETE',
      partitions: [
        { partitionId: 1, statusCode: 'COMPLETED' },
        { partitionId: 2, statusCode: 'DOES_NOT_EXIST' },
        { partitionId: 3, statusCode: 'IN_PROGRESS' },
      ],
    });
  });

  it('is DOES_NOT_EXIST for a backup that nobody has', async () => {
    const { aggregator } = setUp();
    expect((await aggregator.status(FIVE))._unsafeUnwrap().state).toBe('DOES_NOT_EXIST');
  });

  it('names the partition that cannot be asked, and guesses nothing', async () => {
    const { cluster, clock, aggregator } = setUp();
    cluster.put(5, 1, 'FAILED');
    cluster.partition(2).trouble = hang;
    const waiting = aggregator.status(FIVE);
    await clock.advance(15_000);
    expect((await waiting)._unsafeUnwrapErr()).toMatchObject({ name: 'PartitionTimeout', partitionId: 2 });

    cluster.partition(2).trouble = () => Promise.reject(new Error('no leader'));
    const error = (await aggregator.status(FIVE))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'PartitionUnreachable', partitionId: 2 });
  });

  it('asks nobody while the topology is incomplete', async () => {
    const { cluster, aggregator } = setUp();
    cluster.expected = 2;
    expect((await aggregator.status(FIVE))._unsafeUnwrapErr().name).toBe('IncompleteTopology');
    expect((await aggregator.list())._unsafeUnwrapErr().name).toBe('IncompleteTopology');
    expect(cluster.requests).toEqual([]);
  });
});

describe('list', () => {
  it('groups by backup, newest first, and reduces copies', async () => {
    const { cluster, aggregator } = setUp(2);
    for (const id of [9, 10, 100]) cluster.put(id, 1, 'COMPLETED');
    cluster.put(10, 2, 'FAILED', { failureReason: 'the leader changed' });
    cluster.put(10, 2, 'COMPLETED');
    cluster.put(100, 2, 'FAILED', { failureReason: 'the disk is full' });
    const page = (await aggregator.list())._unsafeUnwrap();
    expect(page.backups.map(({ checkpointId: id, state }) => [id, state])).toEqual([
      [100n, 'FAILED'],
      [10n, 'COMPLETED'],
      [9n, 'INCOMPLETE'],
    ]);
    expect(page).not.toHaveProperty('next');
  });

  it('is empty for a cluster without backups', async () => {
    const { aggregator } = setUp();
    expect((await aggregator.list())._unsafeUnwrap()).toEqual({ backups: [] });
  });

  it('does not take a backup for absent where a partition was not listed that far', async () => {
    const { cluster, aggregator } = setUp(2);
    // Partition 1 fills its page with newer ids, and so does not come to 1, which it has.
    for (const id of [1, 7, 8, 9]) cluster.put(id, 1, 'COMPLETED');
    for (const id of [1, 2]) cluster.put(id, 2, 'COMPLETED');
    const first = (await aggregator.list({ limit: 3 }))._unsafeUnwrap();
    expect(first.backups.map((backup) => backup.checkpointId)).toEqual([9n, 8n, 7n]);
    expect(first.next).toBe(7n);
    const rest = (await aggregator.list({ limit: 3, before: checkpointId(7) }))._unsafeUnwrap();
    expect(rest.backups.map(({ checkpointId: id, state }) => [id, state])).toEqual([
      [2n, 'INCOMPLETE'],
      [1n, 'COMPLETED'],
    ]);
    expect(rest).not.toHaveProperty('next');
  });

  it('gives page by page exactly what one listing gives', async () => {
    const ids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }));
    await fc.assert(
      fc.asyncProperty(fc.tuple(ids, ids, ids), fc.integer({ min: 1, max: 5 }), async (held, limit) => {
        const { cluster, aggregator } = setUp(3);
        for (const [index, some] of held.entries()) {
          for (const id of some) cluster.put(id, index + 1, 'COMPLETED');
        }
        const rows = [...cluster.all.values()].flatMap(({ backups }) => [...backups.values()].flat());
        const paged = [];
        let before: CheckpointId | undefined;
        do {
          const page = (await aggregator.list({ before, limit }))._unsafeUnwrap();
          expect(page.backups.length).toBeLessThanOrEqual(limit);
          paged.push(...page.backups);
          before = page.next;
        } while (before !== undefined);
        expect(paged).toEqual(foldListing(rows, [1, 2, 3]));
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a limit that is no number of backups', () => {
    const { aggregator } = setUp();
    expect(() => aggregator.list({ limit: 0 })).toThrow(/limit/);
  });
});
