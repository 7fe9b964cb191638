// Where things live. Fixed for the life of a cluster: a backup restores only into as many partitions.
import { crc32 } from 'node:zlib';

/** The partition of an account: 1 to `partitions`. */
export function partitionOf(account: string, partitions: number): number {
  return (crc32(account) % partitions) + 1;
}

/** The node that leads a partition: round robin, as with Zeebe's replication factor 1. */
export function nodeOf(partitionId: number, nodes: number): number {
  return (partitionId - 1) % nodes;
}
