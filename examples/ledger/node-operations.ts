// What the management API of a node is mounted on: the backups of the cluster, and the times that the store can restore to.
import { type BackupStore, type ClusterBackups, restorableRanges } from 'tidemark';
import type { BackupOperations } from 'tidemark/management';

export function nodeOperations(
  backups: ClusterBackups,
  store: BackupStore | null,
  partitionsCount: number,
): BackupOperations {
  if (store === null) return backups;
  return {
    trigger: (id, options) => backups.trigger(id, options),
    status: (id, options) => backups.status(id, options),
    list: (query, options) => backups.list(query, options),
    delete: (id, options) => backups.delete(id, options),
    ranges: (options) => restorableRanges(store, { partitionsCount }, options),
  };
}
