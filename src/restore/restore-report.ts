// What a restore has done, as it is told. It counts what the opened backups say.
import type { BackupDescriptor, BackupId, StoredBackup } from '../core/backup.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { RestorablePoint } from '../core/restorable-ranges.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import { RestoreCounters } from './restore-progress.ts';

/** What was restored. */
export interface RestoreReport {
  /** Where the partitions end: the backup's, or that of the point within it. */
  readonly checkpointId: CheckpointId;
  /** Set when a point in time was asked for. */
  readonly point?: RestorablePoint;
  /**
   * Set when the place was restored from this very backup before: nothing was done, and neither the store nor the data
   * was looked at. Partitions, files and bytes are none then.
   */
  readonly alreadyRestored?: RestoreOrigin;
  /** The target's location. */
  readonly location: string;
  /** In ascending order. */
  readonly partitions: readonly RestoredPartition[];
  readonly files: number;
  readonly bytes: number;
  /** Of these, those that the place had already, from an interrupted restore, and that were not fetched. */
  readonly bytesKept: number;
  readonly durationMs: number;
}

export interface RestoredPartition {
  /** The copy that was taken. */
  readonly id: BackupId;
  readonly descriptor: BackupDescriptor;
  readonly files: number;
  readonly bytes: number;
}

/** The report of what was restored from these. */
export function reportOf(
  checkpointId: CheckpointId,
  location: string,
  { backups, bytesKept }: { readonly backups: readonly StoredBackup[]; readonly bytesKept: number },
  durationMs: number,
): RestoreReport {
  const { filesTotal, bytesTotal, partitions } = new RestoreCounters(backups).snapshot();
  return {
    checkpointId,
    location,
    partitions: backups.map(({ id, descriptor }, index) => ({
      id,
      descriptor,
      files: partitions[index]?.filesTotal ?? 0,
      bytes: partitions[index]?.bytesTotal ?? 0,
    })),
    files: filesTotal,
    bytes: bytesTotal,
    bytesKept,
    durationMs,
  };
}
