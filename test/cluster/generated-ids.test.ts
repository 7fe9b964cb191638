// Ids that nobody gave: above the clock, above the backups that are listed, and above those that are known no more.
import { describe, expect, it } from 'vitest';
import { BackupCoordinator } from '../../src/cluster/backup-coordinator.ts';
import { CheckpointNotNewer } from '../../src/core/errors.ts';
import { checkpointId, INT64_MAX } from '../../src/core/ids.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { FakeCluster } from './fake-cluster.ts';

const NOW = Date.UTC(2026, 0, 1);

function setUp(idOffset?: number) {
  const cluster = new FakeCluster(2);
  const clock = new ManualClock(NOW);
  const components = { topology: cluster.topology, partitions: cluster.client, clock, logger: silentLogger };
  const coordinator = new BackupCoordinator(components, { idOffset });
  const trigger = async () => (await coordinator.trigger())._unsafeUnwrap();
  return { cluster, clock, coordinator, trigger };
}

describe('a trigger without an id', () => {
  it('takes the milliseconds since 1970, and the offset', async () => {
    expect(await setUp().trigger()).toBe(BigInt(NOW));
    expect(await setUp(10 ** 14).trigger()).toBe(BigInt(NOW) + 10n ** 14n);
  });

  it('takes the next one above a listed backup, and triggers nothing below it', async () => {
    const { cluster, trigger } = setUp();
    cluster.partition(1).latest = 10n ** 15n;
    cluster.put(10n ** 15n, 1, 'COMPLETED');
    expect(await trigger()).toBe(10n ** 15n + 1n);
    expect(cluster.requests.filter((request) => request.startsWith('take'))).toHaveLength(2);
  });

  it('takes the next one above a backup that was deleted', async () => {
    const { cluster, trigger } = setUp();
    for (const id of [1, 2]) cluster.partition(id).latest = 10n ** 15n;
    expect(await trigger()).toBe(10n ** 15n + 1n);
  });

  it('gives two callers of one moment two ids, or one backup', async () => {
    const { cluster, coordinator } = setUp();
    const both = await Promise.all([coordinator.trigger(), coordinator.trigger()]);
    expect(both.map((each) => each.isOk())).toEqual([true, true]);
    expect(cluster.partition(1).latest).toBe(cluster.partition(2).latest);
  });

  it('ends when there is no id left', async () => {
    const { cluster, coordinator } = setUp();
    for (const id of [1, 2]) cluster.partition(id).latest = INT64_MAX;
    const error = (await coordinator.trigger())._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'CheckpointNotNewer', nextFree: undefined });
    expect(error.message).toContain('no free id');
  });

  it('triggers nothing when the backups cannot be listed', async () => {
    const { cluster, coordinator } = setUp();
    cluster.partition(2).trouble = () => Promise.reject(new Error('away'));
    expect((await coordinator.trigger())._unsafeUnwrapErr().name).toBe('PartitionUnreachable');
    expect(cluster.requests.filter((request) => request.startsWith('take'))).toEqual([]);
  });
});

it('an id that is not free names the next one', () => {
  const error = new CheckpointNotNewer(checkpointId(3), checkpointId(7));
  expect(error.nextFree).toBe(8n);
  expect(error.message).toContain('the next free id is 8.');
});
