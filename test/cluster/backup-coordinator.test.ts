import { describe, expect, it } from 'vitest';
import { BackupCoordinator } from '../../src/cluster/backup-coordinator.ts';
import { BackupPartlyTriggered } from '../../src/core/backup-partly-triggered.ts';
import { BackupsDisabled, PartitionTimeout, StoreUnavailable } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { FakeCluster, hang } from './fake-cluster.ts';

const FIVE = checkpointId(5);

function setUp(partitions = 3, settings = {}) {
  const cluster = new FakeCluster(partitions);
  const clock = new ManualClock();
  const components = { topology: cluster.topology, partitions: cluster.client, clock, logger: silentLogger };
  return { cluster, clock, coordinator: new BackupCoordinator(components, settings) };
}

describe('trigger', () => {
  it('creates the checkpoint on every partition', async () => {
    const { cluster, coordinator } = setUp();
    expect((await coordinator.trigger(FIVE)).isOk()).toBe(true);
    expect(cluster.requests).toEqual(['take 1 5', 'take 2 5', 'take 3 5']);
  });

  // The latest checkpoint of each of three partitions before 5 is requested, and what comes out.
  it.each([
    [[0, 0, 0], 'ok', undefined],
    [[4, 4, 4], 'ok', undefined],
    [[5, 0, 0], 'ok', undefined],
    [[5, 5, 0], 'ok', undefined],
    [[5, 5, 5], 'CheckpointNotNewer', 5n],
    [[6, 6, 6], 'CheckpointNotNewer', 6n],
    [[0, 0, 6], 'CheckpointNotNewer', 6n],
    [[5, 9, 0], 'CheckpointNotNewer', 9n],
  ] as const)('from %j: %s', async (latest, outcome, newest) => {
    const { cluster, coordinator } = setUp();
    for (const [index, value] of latest.entries()) cluster.partition(index + 1).latest = BigInt(value);
    const result = await coordinator.trigger(FIVE);
    if (outcome === 'ok') expect(result.isOk()).toBe(true);
    else expect(result._unsafeUnwrapErr()).toMatchObject({ name: outcome, requested: 5n, latest: newest });
  });

  it('asks nobody while the topology is incomplete', async () => {
    const { cluster, coordinator } = setUp(3);
    cluster.expected = 4;
    const error = (await coordinator.trigger(FIVE))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'IncompleteTopology', expected: 4, known: [1, 2, 3] });
    expect(cluster.requests).toEqual([]);
  });

  it('asks nobody when the cluster says it has no partitions', async () => {
    const { coordinator } = setUp(0);
    expect((await coordinator.trigger(FIVE))._unsafeUnwrapErr().name).toBe('IncompleteTopology');
  });

  it('says so when the topology itself throws or hangs', async () => {
    const { cluster, clock } = setUp();
    const components = { partitions: cluster.client, clock, logger: silentLogger };
    const broken = { partitions: () => Promise.reject(new Error('gossip is down')) };
    const thrown = await new BackupCoordinator({ ...components, topology: broken }).trigger(FIVE);
    expect(thrown._unsafeUnwrapErr()).toMatchObject({
      name: 'BrokerFailure',
      message: expect.stringContaining('gossip is down'),
    });

    const stuck = { partitions: () => new Promise<never>(() => {}) };
    const waiting = new BackupCoordinator({ ...components, topology: stuck }).trigger(FIVE);
    await clock.advance(15_000);
    expect((await waiting)._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
  });

  it('says which partitions have the checkpoint and which failed; the same id completes it', async () => {
    const { cluster, coordinator } = setUp();
    cluster.partition(2).trouble = () => {
      throw new Error('connection refused');
    };
    const error = (await coordinator.trigger(FIVE))._unsafeUnwrapErr();
    expect(error).toBeInstanceOf(BackupPartlyTriggered);
    expect(error).toMatchObject({
      present: [1, 3],
      failures: [{ name: 'PartitionUnreachable', partitionId: 2 }],
      retryable: true,
      message: expect.stringMatching(/triggeredOn=\[1,3\].*partition=2.*connection refused.*same id again/),
    });

    cluster.partition(2).trouble = () => {};
    expect((await coordinator.trigger(FIVE)).isOk()).toBe(true);
    expect(cluster.requests.filter((request) => request.startsWith('take 2'))).toHaveLength(2);
  });

  it('gives the error of the partition itself when no other partition has the checkpoint', async () => {
    const { cluster, coordinator } = setUp(1);
    const cases = [
      [new Error('socket closed'), 'PartitionUnreachable'],
      ['a string', 'PartitionUnreachable'],
      [new StoreUnavailable('put', 'timeout'), 'PartitionFailure'],
      [new PartitionTimeout(1, 3), 'PartitionTimeout'],
      [new BackupsDisabled(), 'BackupsDisabled'],
    ] as const;
    for (const [thrown, name] of cases) {
      cluster.partition(1).trouble = () => {
        throw thrown;
      };
      expect((await coordinator.trigger(FIVE))._unsafeUnwrapErr().name).toBe(name);
    }
  });

  it('takes a newer checkpoint as final, whatever happened on the other partitions', async () => {
    const { cluster, coordinator } = setUp();
    cluster.partition(1).trouble = () => {
      throw new Error('gone');
    };
    cluster.partition(3).latest = 8n;
    const error = (await coordinator.trigger(FIVE))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'CheckpointNotNewer', latest: 8n });
  });

  it('ends when a partition does not answer in time', async () => {
    const { cluster, clock, coordinator } = setUp(1, { requestTimeoutMs: 2_000 });
    cluster.partition(1).trouble = hang;
    const waiting = coordinator.trigger(FIVE);
    await clock.advance(1_999);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
    expect((await waiting)._unsafeUnwrapErr()).toMatchObject({
      name: 'PartitionTimeout',
      partitionId: 1,
      message: expect.stringContaining('timeoutMs=2000'),
    });
    expect(clock.sleeping).toBe(0);
  });

  it('ends when the caller calls it off, and leaves no timer behind', async () => {
    const { cluster, clock, coordinator } = setUp();
    cluster.partition(3).trouble = hang;
    const caller = new AbortController();
    const waiting = coordinator.trigger(FIVE, { signal: caller.signal });
    await clock.advance(1);
    caller.abort();
    expect((await waiting)._unsafeUnwrapErr().name).toBe('Aborted');
    expect(clock.sleeping).toBe(0);
  });

  it('asks nobody when it is called off already', async () => {
    const { cluster, coordinator } = setUp();
    const error = (await coordinator.trigger(FIVE, { signal: AbortSignal.abort() }))._unsafeUnwrapErr();
    expect(error.name).toBe('Aborted');
    expect(cluster.requests).toEqual([]);
  });

  it('keeps to the number of requests in flight, and to all at once below it', async () => {
    const few = setUp(9, { requestsInFlight: 4 });
    await few.coordinator.trigger(FIVE);
    expect(few.cluster.mostInFlight).toBe(4);
    const all = setUp(9);
    await all.coordinator.trigger(FIVE);
    expect(all.cluster.mostInFlight).toBe(9);
  });

  it('reports a broker that answers with an older checkpoint than the one it should have created', async () => {
    const { cluster, clock } = setUp(1);
    const partitions = {
      ...cluster.client,
      take: async () => ({ created: false, checkpointId: checkpointId(3) }),
    };
    const components = { topology: cluster.topology, partitions, clock, logger: silentLogger };
    const error = (await new BackupCoordinator(components).trigger(FIVE))._unsafeUnwrapErr();
    expect(error.name).toBe('BrokerFailure');
  });
});

describe('delete', () => {
  it('deletes on every partition, and does not free the id', async () => {
    const { cluster, coordinator } = setUp();
    await coordinator.trigger(FIVE);
    expect((await coordinator.delete(FIVE)).isOk()).toBe(true);
    expect([...cluster.all.values()].map(({ backups }) => backups.size)).toEqual([0, 0, 0]);
    expect((await coordinator.delete(FIVE)).isOk()).toBe(true);
    expect((await coordinator.trigger(FIVE))._unsafeUnwrapErr().name).toBe('CheckpointNotNewer');
  });

  it('fails when one partition fails, after all of them were asked', async () => {
    const { cluster, coordinator } = setUp();
    await coordinator.trigger(FIVE);
    cluster.partition(1).trouble = () => {
      throw new StoreUnavailable('delete', 'timeout');
    };
    const error = (await coordinator.delete(FIVE))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'PartitionFailure', partitionId: 1, retryable: true });
    expect(cluster.partition(3).backups.size).toBe(0);
  });
});
