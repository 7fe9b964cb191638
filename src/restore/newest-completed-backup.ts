// Which backup is the newest that is COMPLETED on every partition: what a broker that wants points in time keeps its
// log for. From names alone: it reads no manifest.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { CheckpointId } from '../core/ids.ts';
import { BACKUPS_PER_PAGE } from '../core/limits.ts';
import { contain, fromAsync } from '../core/result.ts';
import { bestStatus } from '../core/status.ts';
import type { BackupPage, BackupStore, CallOptions, ListBackupsError } from '../ports/backup-store.ts';

/**
 * The newest backup that is COMPLETED on each of the partitions 1 to `partitionsCount`; undefined when none is. One
 * request, and one more for each page of newer ones that are not.
 */
export function newestCompletedBackup(
  store: Pick<BackupStore, 'list'>,
  { partitionsCount }: { readonly partitionsCount: number },
  options: CallOptions = {},
): ResultAsync<CheckpointId | undefined, ListBackupsError> {
  return fromAsync<CheckpointId | undefined, ListBackupsError>(async () => {
    let before: BackupPage['next'];
    do {
      const page = await contain('list', () => store.list({ before, limit: BACKUPS_PER_PAGE }, options));
      if (page.isErr()) return err(page.error);
      const byId = Map.groupBy(page.value.backups, ({ id }) => id.checkpointId);
      for (const [checkpointId, rows] of [...byId].sort(([a], [b]) => (a < b ? 1 : -1))) {
        const isThere = (partitionId: number) =>
          bestStatus(rows.filter(({ id }) => id.partitionId === partitionId))?.statusCode === 'COMPLETED';
        const partitionIds = Array.from({ length: partitionsCount }, (_, index) => index + 1);
        if (partitionIds.every(isThere)) return ok(checkpointId);
      }
      before = page.value.next;
    } while (before !== undefined);
    return ok(undefined);
  });
}
