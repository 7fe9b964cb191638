import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/core/invariant.ts';
import { partitionsOfNode } from '../../src/core/partition-distribution.ts';

/** What each node of a cluster holds, written as one row per node. */
function table(clusterSize: number, partitionsCount: number, replicationFactor: number) {
  return Array.from({ length: clusterSize }, (_, nodeId) =>
    partitionsOfNode({ nodeId, clusterSize, partitionsCount, replicationFactor }),
  );
}

describe('the partitions of a node', () => {
  it.each([
    [1, 1, 1, [[1]]],
    [1, 3, 1, [[1, 2, 3]]],
    [3, 3, 1, [[1], [2], [3]]],
    [
      3,
      3,
      2,
      [
        [1, 3],
        [1, 2],
        [2, 3],
      ],
    ],
    [
      3,
      3,
      3,
      [
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ],
    ],
    [3, 1, 1, [[1], [], []]],
    [3, 1, 2, [[1], [1], []]],
    [
      2,
      5,
      1,
      [
        [1, 3, 5],
        [2, 4],
      ],
    ],
    [
      4,
      6,
      3,
      [
        [1, 3, 4, 5],
        [1, 2, 4, 5, 6],
        [1, 2, 3, 5, 6],
        [2, 3, 4, 6],
      ],
    ],
  ])('of %i nodes with %i partitions, %i times each', (nodes, partitions, replicas, expected) => {
    expect(table(nodes, partitions, replicas)).toEqual(expected);
  });

  it('puts each partition on exactly as many nodes as it has replicas', () => {
    for (let nodes = 1; nodes <= 7; nodes += 1) {
      for (let replicas = 1; replicas <= nodes; replicas += 1) {
        const rows = table(nodes, 10, replicas);
        for (let partition = 1; partition <= 10; partition += 1) {
          expect(rows.filter((row) => row.includes(partition))).toHaveLength(replicas);
        }
      }
    }
  });

  it('of a fixed list are those that name it, in order', () => {
    const fixedPartitions = [
      { partitionId: 3, nodeIds: [2, 0] },
      { partitionId: 1, nodeIds: [0, 1] },
      { partitionId: 2, nodeIds: [0, 1] },
    ];
    const of = (nodeId: number) =>
      partitionsOfNode({ nodeId, clusterSize: 4, partitionsCount: 3, replicationFactor: 2, fixedPartitions });
    expect([0, 1, 2, 3].map(of)).toEqual([[1, 2, 3], [1, 2], [3], []]);
  });

  it.each([
    { nodeId: 3, partitionsCount: 1, clusterSize: 3, replicationFactor: 1 },
    { nodeId: -1, partitionsCount: 1, clusterSize: 3, replicationFactor: 1 },
    { nodeId: 0, partitionsCount: 0, clusterSize: 3, replicationFactor: 1 },
    { nodeId: 0, partitionsCount: 1, clusterSize: 0, replicationFactor: 1 },
    { nodeId: 0, partitionsCount: 1, clusterSize: 3, replicationFactor: 4 },
    { nodeId: 0, partitionsCount: 1, clusterSize: 3, replicationFactor: 0 },
    { nodeId: 0.5, partitionsCount: 1, clusterSize: 3, replicationFactor: 1 },
  ])('throws on %o', (numbers) => {
    expect(() => partitionsOfNode(numbers)).toThrow(InvariantViolation);
  });
});
