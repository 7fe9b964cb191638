// The names in a Zeebe broker's data directory.
import { join } from 'node:path';
import type { PartitionId } from '../core/ids.ts';
import { journalName } from './journal/segment-name.ts';

/** Holds `partitions`. */
export const RAFT_DIRECTORY = 'raft-partition';

/** The cluster's configuration as it was changed while it ran. */
export const TOPOLOGY_FILE = '.topology.meta';

/** `<data>/raft-partition/partitions`. */
export function partitionsOf(dataDirectory: string): string {
  return join(dataDirectory, RAFT_DIRECTORY, 'partitions');
}

/** Holds the member id of the node. It stays when the broker stops. */
export function memberFile(partitionDirectory: string, partitionId: PartitionId): string {
  return join(partitionDirectory, `.${journalName(partitionId)}.lock`);
}

/** Locked by RocksDB while the broker runs. */
export function databaseLock(partitionDirectory: string): string {
  return join(partitionDirectory, 'runtime', 'LOCK');
}
