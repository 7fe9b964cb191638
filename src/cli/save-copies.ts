// Saves partition backups one after the other. Before anything is sent it looks at what is there, so that an
// interrupted run can be repeated: what is there already, whole and the same, is left as it is.
import { err, ok, type ResultAsync } from 'neverthrow';
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
}

/** Saves the backups, all of one checkpoint. */
export function saveCopies(
  store: Pick<BackupStore, 'list' | 'save'>,
  checkpointId: CheckpointId,
  backups: readonly PartitionBackup[],
  { signal, onProgress }: SaveCopiesOptions,
): ResultAsync<readonly SavedCopy[], CliError> {
  return fromAsync<readonly SavedCopy[], CliError>(async () => {
    const page = await store.list({ checkpointId, details: true }, { signal });
    if (page.isErr()) return err(page.error);
    const there = (backup: PartitionBackup) => page.value.backups.find((row) => isSameCopy(row, backup));
    for (const backup of backups) {
      const row = there(backup);
      if (row !== undefined && !isSameContent(row, backup))
        return err(new BackupAlreadyExists(row.id, row.statusCode));
    }
    const saved: SavedCopy[] = [];
    for (const backup of backups) {
      const { id, descriptor, snapshotFiles, segmentFiles } = backup;
      const skipped = there(backup) !== undefined;
      if (!skipped) {
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

function isSameCopy({ id, statusCode }: BackupStatus, backup: PartitionBackup): boolean {
  const isSame = id.partitionId === backup.id.partitionId && id.nodeId === backup.id.nodeId;
  return isSame && statusCode !== 'DOES_NOT_EXIST';
}

function isSameContent({ statusCode, descriptor }: BackupStatus, backup: PartitionBackup): boolean {
  const { checkpointPosition, snapshotId, numberOfPartitions } = backup.descriptor;
  return (
    statusCode === 'COMPLETED' &&
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
