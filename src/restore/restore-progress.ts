// Counts what a restore has written so far. It never decides anything.
import type { StoredBackup } from '../core/backup.ts';
import type { PartitionId } from '../core/ids.ts';
import type { PartitionRestoreProgress, RestoreCounts, RestoreProgress } from '../core/restore-progress.ts';

type Counter = { -readonly [K in keyof PartitionRestoreProgress]: PartitionRestoreProgress[K] };

/** A step forward. */
export interface WrittenCounts {
  readonly files: number;
  readonly bytes: number;
  /** Of `bytes`, those that the target had already. */
  readonly bytesKept?: number;
}

/** The counters of one restore. */
export class RestoreCounters {
  readonly #partitions: ReadonlyMap<PartitionId, Counter>;

  constructor(backups: readonly StoredBackup[]) {
    this.#partitions = new Map(backups.map((backup) => [backup.id.partitionId, startingCounter(backup)]));
  }

  add(partitionId: PartitionId, done: WrittenCounts): void {
    const counter = this.#partitions.get(partitionId);
    if (counter === undefined) return;
    counter.filesDone += done.files;
    counter.bytesDone += done.bytes;
    counter.bytesKept += done.bytesKept ?? 0;
  }

  /** The counts at this moment; later ones do not change it. */
  snapshot(): RestoreProgress {
    const partitions = [...this.#partitions.values()].map((counter) => ({ ...counter }));
    const sum = (field: keyof RestoreCounts) => partitions.reduce((total, one) => total + one[field], 0);
    return {
      filesDone: sum('filesDone'),
      filesTotal: sum('filesTotal'),
      bytesDone: sum('bytesDone'),
      bytesTotal: sum('bytesTotal'),
      bytesKept: sum('bytesKept'),
      partitions,
    };
  }
}

function startingCounter({ id, snapshotFiles, segmentFiles }: StoredBackup): Counter {
  const files = [...snapshotFiles, ...segmentFiles];
  return {
    partitionId: id.partitionId,
    filesDone: 0,
    filesTotal: files.length,
    bytesDone: 0,
    bytesTotal: files.reduce((total, file) => total + file.sizeBytes, 0),
    bytesKept: 0,
  };
}
