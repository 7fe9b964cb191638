// Markers: the same trigger as a backup's, and nothing but the type apart.
import { describe, expect, it } from 'vitest';
import { BackupCoordinator } from '../../src/cluster/backup-coordinator.ts';
import type { CheckpointType } from '../../src/core/checkpoint.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { PartitionBackupClient } from '../../src/ports/cluster.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { FakeCluster } from './fake-cluster.ts';

const FIVE = checkpointId(5);

/** A cluster whose partitions make markers, and know the type of their latest checkpoint. */
function setUp(types: readonly (CheckpointType | undefined)[] = ['marker', 'marker', 'marker']) {
  const cluster = new FakeCluster(3);
  const typed = async (partitionId: number, answer: ReturnType<PartitionBackupClient['take']>) => {
    const type = types[partitionId - 1];
    return type === undefined ? answer : { ...(await answer), type };
  };
  const partitions: PartitionBackupClient = {
    ...cluster.client,
    take: (partitionId, id, signal) => typed(partitionId, cluster.client.take(partitionId, id, signal)),
    mark: (partitionId, id, signal) => typed(partitionId, cluster.client.take(partitionId, id, signal)),
  };
  const components = {
    topology: cluster.topology,
    partitions,
    clock: new ManualClock(),
    logger: silentLogger,
  };
  return { cluster, components, coordinator: new BackupCoordinator(components) };
}

describe('a marker', () => {
  it('is made on every partition', async () => {
    const { cluster, coordinator } = setUp();
    expect((await coordinator.mark(FIVE)).isOk()).toBe(true);
    expect([...cluster.all.values()].map(({ latest }) => latest)).toEqual([5n, 5n, 5n]);
  });

  it('succeeds where some partitions have heard of it by a stamp, and not a second time', async () => {
    const { cluster, coordinator } = setUp();
    cluster.partition(2).latest = 5n;
    expect((await coordinator.mark(FIVE)).isOk()).toBe(true);
    expect((await coordinator.mark(FIVE))._unsafeUnwrapErr().name).toBe('CheckpointNotNewer');
  });

  it('is refused below the latest checkpoint', async () => {
    const { cluster, coordinator } = setUp();
    cluster.partition(3).latest = 6n;
    const error = (await coordinator.mark(FIVE))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'CheckpointNotNewer', requested: 5n, latest: 6n });
  });

  it('does not pass for a backup of the same id, nor a backup for it', async () => {
    const mixed = setUp(['marker', 'backup', 'marker']);
    mixed.cluster.partition(2).latest = 5n;
    expect((await mixed.coordinator.mark(FIVE))._unsafeUnwrapErr().name).toBe('CheckpointNotNewer');
    const other = setUp([undefined, 'marker', 'backup']);
    other.cluster.partition(2).latest = 5n;
    expect((await other.coordinator.trigger(FIVE))._unsafeUnwrapErr().name).toBe('CheckpointNotNewer');
  });

  it('needs a client that can ask for it, and asks nobody without', async () => {
    const { cluster, components } = setUp();
    const { mark: _, ...partitions } = components.partitions;
    const error = (await new BackupCoordinator({ ...components, partitions }).mark(FIVE))._unsafeUnwrapErr();
    expect(error.name).toBe('PointInTimeUnsupported');
    expect(cluster.requests).toEqual([]);
  });
});
