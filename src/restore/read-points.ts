// Reads the points of backups from a store, newest backup first, a page at a time: whoever has found what it looks
// for stops, and nothing older is read.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { untilAborted } from '../core/deadline.ts';
import { POINT_BACKUPS_PER_PAGE } from '../core/limits.ts';
import { contain, fromAsync } from '../core/result.ts';
import type { BackupPage, BackupStore, ListBackupsError } from '../ports/backup-store.ts';
import { type BackupPoints, backupPoints } from './backup-points.ts';
import type { RestorePlanError } from './restore-plan.ts';

export interface ReadPointsOptions {
  readonly partitionsCount: number;
  readonly signal: AbortSignal;
  /** Told of each backup; of one that is not whole, why. `stop` ends the reading. */
  readonly onBackup: (points: Result<BackupPoints, RestorePlanError>) => 'go on' | 'stop';
}

/** Reads all backups until it is told to stop. Costs one request for each copy that it tells of. */
export function readPoints(
  store: Pick<BackupStore, 'list'>,
  { partitionsCount, signal, onBackup }: ReadPointsOptions,
): ResultAsync<void, ListBackupsError> {
  return fromAsync<void, ListBackupsError>(async () => {
    let before: BackupPage['next'];
    do {
      const query = { before, limit: POINT_BACKUPS_PER_PAGE, details: true };
      const page = await untilAborted(signal, () => contain('list', () => store.list(query, { signal })));
      if (page.isErr()) return err(page.error);
      const byId = Map.groupBy(page.value.backups, ({ id }) => id.checkpointId);
      for (const [checkpointId, rows] of [...byId].sort(([a], [b]) => (a < b ? 1 : -1))) {
        if (onBackup(backupPoints(rows, checkpointId, partitionsCount)) === 'stop') return ok();
      }
      before = page.value.next;
    } while (before !== undefined);
    return ok();
  });
}
