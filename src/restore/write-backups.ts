// Writes opened backups into a staging: partitions and files at the same time, each partition sealed after
// its last file. The first failure stops the rest; when this settles, nothing writes any more.
import { err, ok, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupFile, BackupFileKind, StoredBackup } from '../core/backup.ts';
import { abortReason } from '../core/deadline.ts';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { PartitionId } from '../core/ids.ts';
import { fromAsync, fromForeign } from '../core/result.ts';
import type { OpenBackupError } from '../ports/backup-store.ts';
import type { RestoreStaging } from '../ports/restore-target.ts';
import { callTarget, type TargetError, targetError } from './call-target.ts';
import { RestoredContent } from './restored-content.ts';

export type WriteBackupsError = OpenBackupError | TargetError;

export interface WriteBackupsOptions {
  readonly partitionsInFlight: number;
  /** Over all partitions. */
  readonly filesInFlight: number;
  /** Whether the staging is done with each chunk before it asks for the next. */
  readonly lend: boolean;
  readonly signal: AbortSignal;
  readonly onWritten: (
    partitionId: PartitionId,
    done: { readonly files: number; readonly bytes: number },
  ) => void;
}

/** Writes and seals all partitions. */
export function writeBackups(
  staging: RestoreStaging,
  backups: readonly StoredBackup[],
  { partitionsInFlight, filesInFlight, lend, signal, onWritten }: WriteBackupsOptions,
): ResultAsync<void, WriteBackupsError> {
  return fromAsync<void, WriteBackupsError>(async () => {
    const failures: WriteBackupsError[] = [];
    const stop = new AbortController();
    const running = AbortSignal.any([signal, stop.signal]);
    const files = pLimit(filesInFlight);
    const step = async (run: () => ResultAsync<void, WriteBackupsError>) => {
      if (running.aborted) return;
      const done = await run();
      if (done.isOk()) return;
      failures.push(done.error);
      stop.abort();
    };
    await pLimit(partitionsInFlight).map(backups, async (backup) => {
      const { partitionId } = backup.id;
      const writes = filesOf(backup).map(({ kind, file }) =>
        files(() => step(() => writeFile(staging, backup, kind, file, { signal: running, lend }, onWritten))),
      );
      await Promise.all(writes);
      await step(() => callTarget('seal', () => staging.seal(partitionId, backup.descriptor)));
    });
    // What was called off fails in many places at once; the reason of it is the error to tell.
    if (signal.aborted) return err(abortReason(signal));
    const [first] = failures;
    return first === undefined ? ok() : err(first);
  });
}

function filesOf(backup: StoredBackup): { readonly kind: BackupFileKind; readonly file: BackupFile }[] {
  return [
    ...backup.snapshotFiles.map((file) => ({ kind: 'snapshot' as const, file })),
    ...backup.segmentFiles.map((file) => ({ kind: 'segment' as const, file })),
  ];
}

function writeFile(
  staging: RestoreStaging,
  { id, descriptor }: StoredBackup,
  kind: BackupFileKind,
  file: BackupFile,
  reading: { readonly signal: AbortSignal; readonly lend: boolean },
  onWritten: WriteBackupsOptions['onWritten'],
): ResultAsync<void, WriteBackupsError> {
  const { partitionId } = id;
  const { name, sizeBytes } = file;
  const snapshotId = kind === 'snapshot' ? descriptor.snapshotId : null;
  const content = new RestoredContent(file, reading, (bytes) => onWritten(partitionId, { files: 0, bytes }));
  return fromForeign<void, WriteBackupsError>(
    () => staging.write({ partitionId, kind, snapshotId, name, sizeBytes }, content),
    (cause) => content.error ?? targetError('write', cause),
  ).andThen(() => {
    if (content.error !== undefined) return err(content.error);
    if (!content.whole) {
      return err(new RestoreTargetFailure('write', `file=${name} the target did not read it to its end`));
    }
    onWritten(partitionId, { files: 1, bytes: 0 });
    return ok();
  });
}
