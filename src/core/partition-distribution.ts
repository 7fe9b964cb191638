// Which partitions a node holds when nothing but the cluster's static configuration is known: Zeebe's round robin, or
// its fixed list.
import type { NodeId, PartitionId } from './ids.ts';
import { invariant } from './invariant.ts';

/** The static numbers of a cluster, seen from one node. */
export interface PartitionDistribution {
  /** 0 to `clusterSize` less one. */
  readonly nodeId: NodeId;
  readonly partitionsCount: number;
  readonly clusterSize: number;
  /** How many nodes hold each partition: 1 to `clusterSize`. */
  readonly replicationFactor: number;
  /** A list of all partitions with their nodes. Absent: round robin. */
  readonly fixedPartitions?: readonly FixedPartition[];
}

/** A partition and the nodes that hold it. */
export interface FixedPartition {
  readonly partitionId: PartitionId;
  readonly nodeIds: readonly NodeId[];
}

/**
 * The partitions of a node in ascending order: those whose nodes in the fixed list it is among, or where there is no
 * list, round robin: the partition with the zero-based number `i` lives on the nodes `i`, `i + 1`, ... modulo the
 * cluster's size. May be empty. Throws on numbers that no cluster can have.
 */
export function partitionsOfNode(distribution: PartitionDistribution): readonly PartitionId[] {
  const { nodeId, partitionsCount, clusterSize, replicationFactor, fixedPartitions } = distribution;
  invariant(isCount(partitionsCount), `partitionsCount is at least 1, got ${partitionsCount}`);
  invariant(isCount(clusterSize), `clusterSize is at least 1, got ${clusterSize}`);
  invariant(
    Number.isSafeInteger(nodeId) && nodeId >= 0 && nodeId < clusterSize,
    `nodeId lies in 0..${clusterSize - 1}, got ${nodeId}`,
  );
  invariant(
    isCount(replicationFactor) && replicationFactor <= clusterSize,
    `replicationFactor lies in 1..${clusterSize}, got ${replicationFactor}`,
  );
  if (fixedPartitions !== undefined) {
    return fixedPartitions
      .filter(({ nodeIds }) => nodeIds.includes(nodeId))
      .map(({ partitionId }) => partitionId)
      .sort((a, b) => a - b);
  }
  const partitions: PartitionId[] = [];
  for (let index = 0; index < partitionsCount; index += 1) {
    const stepsFromFirst = (nodeId - (index % clusterSize) + clusterSize) % clusterSize;
    if (stepsFromFirst < replicationFactor) partitions.push(index + 1);
  }
  return partitions;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
