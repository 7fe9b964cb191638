// Saves partition backups one after the other. Before anything is sent it looks at what is there, so that an
// interrupted run can be repeated: what is there already, whole and the same, is left as it is, and a failed copy,
// which nobody can restore, makes room.
import { err, ok, okAsync, type ResultAsync } from 'neverthrow';
import type { BackupDescriptor, BackupId, PartitionBackup } from '../core/backup.ts';
import { BackupAlreadyExists, BackupError, type BrokerFailure } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupProgress, BackupStatus } from '../core/status.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import type { CliError } from './cli-errors.ts';

export interface SavedCopy {
  readonly id: BackupId;
  readonly descriptor: BackupDescriptor;
  readonly files: number;
  readonly bytes: number;
  /** It was there before. */
  readonly skipped: boolean;
}

export interface SaveCopiesOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (id: BackupId, progress: BackupProgress) => void;
  /** Nobody can still be at work on these copies: what is in progress was left behind. */
  readonly isWriterGone?: boolean;
}

type CopyStore = Pick<BackupStore, 'list' | 'save' | 'markFailed' | 'delete'>;

/** Saves the backups, all of one checkpoint. */
export function saveCopies(
  store: CopyStore,
  checkpointId: CheckpointId,
  backups: readonly PartitionBackup[],
  { signal, onProgress, isWriterGone = false }: SaveCopiesOptions,
): ResultAsync<readonly SavedCopy[], CliError> {
  return fromAsync<readonly SavedCopy[], CliError>(async () => {
    const page = await store.list({ checkpointId, details: true }, { signal });
    if (page.isErr()) return err(page.error);
    const there = (backup: PartitionBackup) => page.value.backups.find((row) => isSameCopy(row, backup));
    for (const backup of backups) {
      const row = there(backup);
      const isInTheWay =
        row?.statusCode === 'COMPLETED'
          ? !isSameContent(row, backup)
          : row?.statusCode === 'IN_PROGRESS' && !isWriterGone;
      if (row !== undefined && isInTheWay) return err(new BackupAlreadyExists(row.id, row.statusCode));
    }
    const saved: SavedCopy[] = [];
    for (const backup of backups) {
      const { id, descriptor, snapshotFiles, segmentFiles } = backup;
      const row = there(backup);
      const skipped = row?.statusCode === 'COMPLETED';
      if (!skipped) {
        const cleared = row === undefined ? ok() : await clear(store, row, backup.term, signal);
        if (cleared.isErr()) return err(cleared.error);
        const options = { signal, onProgress: (progress: BackupProgress) => onProgress(id, progress) };
        const result = await store.save(backup, options);
        if (result.isErr()) return err(reason(result.error));
      }
      const files = [...snapshotFiles, ...segmentFiles];
      const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      saved.push({ id, descriptor, files: files.length, bytes, skipped });
    }
    return ok(saved);
  });
}

/** Removes a copy that holds no backup. */
function clear(
  store: CopyStore,
  { id, statusCode }: BackupStatus,
  term: bigint,
  signal: AbortSignal,
): ResultAsync<void, CliError> {
  const reason = 'The broker stopped before the backup was complete.';
  const settled: ResultAsync<unknown, CliError> =
    statusCode === 'IN_PROGRESS' ? store.markFailed(id, reason, { term, signal }) : okAsync(undefined);
  return settled.andThen(() => store.delete(id, { signal }));
}

function isSameCopy({ id, statusCode }: BackupStatus, backup: PartitionBackup): boolean {
  const isSame = id.partitionId === backup.id.partitionId && id.nodeId === backup.id.nodeId;
  return isSame && statusCode !== 'DOES_NOT_EXIST';
}

function isSameContent({ descriptor }: BackupStatus, backup: PartitionBackup): boolean {
  const { checkpointPosition, snapshotId, numberOfPartitions } = backup.descriptor;
  return (
    descriptor?.checkpointPosition === checkpointPosition &&
    descriptor.snapshotId === snapshotId &&
    descriptor.numberOfPartitions === numberOfPartitions
  );
}

/** Where the files come from another store, its failure is the reason, and not that reading a file failed. */
function reason(error: CliError): CliError {
  const isOfSource = error.name === 'BrokerFailure' && error.cause instanceof BackupError;
  return isOfSource ? ((error as BrokerFailure).cause as CliError) : error;
}
