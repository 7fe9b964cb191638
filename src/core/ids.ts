// The identifiers of the domain. 64-bit ones are branded bigints, so that a position is never passed
// for an id and no value is rounded to a double. The constructors throw on misuse.
import { invariant } from './invariant.ts';

declare const brand: unique symbol;

/**
 * The id of a checkpoint, and so of the backup taken at it: a signed 64-bit number above zero that grows
 * over the whole life of a cluster. One id names one consistent cut over all partitions.
 */
export type CheckpointId = bigint & { readonly [brand]: 'CheckpointId' };

/** The position of a record in one partition's log: a signed 64-bit number, 1 for the first record. */
export type LogPosition = bigint & { readonly [brand]: 'LogPosition' };

/** The number of a partition: 1 to the number of partitions of the cluster. */
export type PartitionId = number;

/** The number of a node (broker process): 0 to the size of the cluster less one. */
export type NodeId = number;

/** The largest signed 64-bit number. */
export const INT64_MAX = 2n ** 63n - 1n;

/** Makes a checkpoint id. Throws on a value that is not in 1..2^63-1; use `parseCheckpointId` on input. */
export function checkpointId(value: bigint | number): CheckpointId {
  const id = BigInt(value);
  invariant(id > 0n && id <= INT64_MAX, `a checkpoint id lies in 1..2^63-1, got ${id}`);
  return id as CheckpointId;
}

/** Makes a log position. Throws on a value that is not in 0..2^63-1; 0 stands before the first record. */
export function logPosition(value: bigint | number): LogPosition {
  const position = BigInt(value);
  invariant(position >= 0n && position <= INT64_MAX, `a position lies in 0..2^63-1, got ${position}`);
  return position as LogPosition;
}
