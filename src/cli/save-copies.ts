// Saves partition backups one after the other. Before anything is sent it looks at what is there, so that an
// interrupted run can be repeated: what is there already, whole and the same, is left as it is, and a failed copy,
// which nobody can restore, makes room.
import { err, ok, okAsync, type Result, type ResultAsync } from 'neverthrow';
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
  readonly isWriterGone: boolean;
  /** Why what was left behind counts as failed. */
  readonly leftBehind: string;
  /** What to do about a copy that is in progress while its writer may be at work. */
  readonly ifUnderWay: string;
}

type CopyStore = Pick<BackupStore, 'list' | 'open' | 'save' | 'markFailed' | 'delete'>;

/** Saves the backups, all of one checkpoint. */
export function saveCopies(
  store: CopyStore,
  checkpointId: CheckpointId,
  backups: readonly PartitionBackup[],
  options: SaveCopiesOptions,
): ResultAsync<readonly SavedCopy[], CliError> {
  const { signal, onProgress } = options;
  return fromAsync<readonly SavedCopy[], CliError>(async () => {
    const page = await store.list({ checkpointId, details: true }, { signal });
    if (page.isErr()) return err(page.error);
    const there = (backup: PartitionBackup) => page.value.backups.find((row) => isSameCopy(row, backup));
    for (const backup of backups) {
      const row = there(backup);
      const free = row === undefined ? ok() : await checkPlace(store, row, backup, options);
      if (free.isErr()) return err(free.error);
    }
    const saved: SavedCopy[] = [];
    for (const backup of backups) {
      const { id, descriptor, snapshotFiles, segmentFiles } = backup;
      const row = there(backup);
      const skipped = row?.statusCode === 'COMPLETED';
      if (!skipped) {
        const cleared = row === undefined ? ok() : await clear(store, row, backup.term, options);
        if (cleared.isErr()) return err(cleared.error);
        const result = await store.save(backup, {
          signal,
          onProgress: (progress) => onProgress(id, progress),
        });
        if (result.isErr()) return err(reason(result.error));
      }
      const files = [...snapshotFiles, ...segmentFiles];
      const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      saved.push({ id, descriptor, files: files.length, bytes, skipped });
    }
    return ok(saved);
  });
}

/** Whether a backup can be stored where a copy of that id is, or is there already, whole and the same. */
async function checkPlace(
  store: CopyStore,
  row: BackupStatus,
  backup: PartitionBackup,
  { signal, isWriterGone, ifUnderWay }: SaveCopiesOptions,
): Promise<Result<void, CliError>> {
  const { id, statusCode } = row;
  const inTheWay = (advice: string) => err(new BackupAlreadyExists(id, statusCode, advice));
  if (statusCode === 'IN_PROGRESS') return isWriterGone ? ok() : inTheWay(ifUnderWay);
  if (statusCode !== 'COMPLETED') return ok();
  if (!isSameContent(row, backup)) return inTheWay('it is another one of the same id, and is left as it is');
  const opened = await store.open(id, { signal });
  if (opened.isOk()) return ok();
  const { error } = opened;
  if (error.name !== 'BackupCorrupt') return err(error);
  return inTheWay(
    `it is damaged: object=${error.object} ${error.detail}; delete it there, then run this again`,
  );
}

/** Removes a copy that holds no backup. */
function clear(
  store: CopyStore,
  { id, statusCode }: BackupStatus,
  term: bigint,
  { signal, leftBehind }: SaveCopiesOptions,
): ResultAsync<void, CliError> {
  const settled: ResultAsync<unknown, CliError> =
    statusCode === 'IN_PROGRESS' ? store.markFailed(id, leftBehind, { term, signal }) : okAsync(undefined);
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
  if (error.name === 'BackupAlreadyExists') {
    // It was not there when this run began.
    return new BackupAlreadyExists(
      error.id,
      error.statusCode,
      'another run has begun it; run this again later',
    );
  }
  const isOfSource = error.name === 'BrokerFailure' && error.cause instanceof BackupError;
  return isOfSource ? ((error as BrokerFailure).cause as CliError) : error;
}
