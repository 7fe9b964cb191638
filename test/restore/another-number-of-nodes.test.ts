// A backup of three nodes, restored onto a cluster of another size: the partitions stay, the nodes may change.
import { expect, it } from 'vitest';
import { partitionsOfNode } from '../../src/core/partition-distribution.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { expectedLayout, SEVEN, ShelfStore, sampleBackup } from './sample-backups.ts';
import { ShelfTarget } from './shelf-target.ts';

const PARTITIONS = 3;

/** Every replica of three nodes took a copy; those of one partition differ, so that one sees which was taken. */
function backupOfThreeNodes() {
  const cluster = { partitionsCount: PARTITIONS, clusterSize: 3, replicationFactor: 2 };
  return [0, 1, 2].flatMap((nodeId) =>
    partitionsOfNode({ ...cluster, nodeId }).map((partitionId) =>
      sampleBackup(partitionId, { partitions: PARTITIONS, nodeId, fileSizeBytes: 10 + nodeId }),
    ),
  );
}

it.each([
  { clusterSize: 1, replicationFactor: 1, held: [[1, 2, 3]] },
  {
    clusterSize: 2,
    replicationFactor: 2,
    held: [
      [1, 2, 3],
      [1, 2, 3],
    ],
  },
  { clusterSize: 5, replicationFactor: 1, held: [[1], [2], [3], [], []] },
  { clusterSize: 5, replicationFactor: 3, held: [[1], [1, 2], [1, 2, 3], [2, 3], [3]] },
])('onto $clusterSize nodes, $replicationFactor times each', async ({ held, ...cluster }) => {
  const backups = backupOfThreeNodes();
  const taken = [1, 2, 3].map((partitionId) => {
    const copies = backups.filter(({ id }) => id.partitionId === partitionId);
    return copies.reduce((lowest, copy) => (copy.id.nodeId < lowest.id.nodeId ? copy : lowest));
  });
  for (const [nodeId, partitionIds] of held.entries()) {
    const store = new ShelfStore(backups);
    const target = new ShelfTarget();
    const components = { store, target, clock: new ManualClock(), logger: silentLogger };
    const settings = {
      nodeId,
      partitionsCount: PARTITIONS,
      partitionIds: partitionsOfNode({ ...cluster, partitionsCount: PARTITIONS, nodeId }),
    };
    const report = (await new RestoreManager(components, settings).restore(SEVEN))._unsafeUnwrap();
    expect(report.partitions.map(({ id }) => id.partitionId)).toEqual(partitionIds);
    const mine = taken.filter(({ id }) => partitionIds.includes(id.partitionId));
    // All replicas of a partition begin with the same copy, whichever node they are on.
    expect(target.installed ?? {}).toEqual(await expectedLayout(mine));
  }
});
