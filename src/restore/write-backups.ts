// Writes opened backups into a staging: partitions and files at the same time, each partition sealed after
// its last file. The first failure stops the rest; when this settles, nothing writes any more.
import { err, ok, okAsync, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupFileKind, StoredBackup, StoredFile } from '../core/backup.ts';
import { abortReason } from '../core/deadline.ts';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { PartitionId } from '../core/ids.ts';
import { fromAsync, fromForeign } from '../core/result.ts';
import type { OpenBackupError } from '../ports/backup-store.ts';
import type { FilePiece, RestoredFile, RestoreStaging } from '../ports/restore-target.ts';
import { callTarget, type TargetError, targetError } from './call-target.ts';
import type { WrittenCounts } from './restore-progress.ts';
import { type ContentStart, RestoredContent } from './restored-content.ts';

export type WriteBackupsError = OpenBackupError | TargetError;

export interface WriteBackupsOptions {
  readonly partitionsInFlight: number;
  /** Over all partitions. */
  readonly filesInFlight: number;
  /** Whether the staging is done with each chunk before it asks for the next. */
  readonly lend: boolean;
  readonly signal: AbortSignal;
  readonly onWritten: (partitionId: PartitionId, done: WrittenCounts) => void;
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
    const lanes = pLimit(filesInFlight);
    const step = async (run: () => ResultAsync<void, WriteBackupsError>) => {
      if (running.aborted) return;
      const done = await run();
      if (done.isOk()) return;
      failures.push(done.error);
      stop.abort();
    };
    await pLimit(partitionsInFlight).map(backups, async (backup) => {
      const { partitionId } = backup.id;
      // Lanes that take one file after the other, and not a task for each file: there may be a hundred thousand.
      const left = filesOf(backup);
      const lane = async () => {
        for (const { kind, file } of left) {
          await step(() => writeFile(staging, backup, kind, file, { signal: running, lend }, onWritten));
        }
      };
      await Promise.all(Array.from({ length: filesInFlight }, () => lanes(lane)));
      await step(() => callTarget('seal', () => staging.seal(partitionId, backup.descriptor)));
    });
    // What was called off fails in many places at once; the reason of it is the error to tell.
    if (signal.aborted) return err(abortReason(signal));
    const [first] = failures;
    return first === undefined ? ok() : err(first);
  });
}

function* filesOf({
  snapshotFiles,
  segmentFiles,
}: StoredBackup): Generator<{ readonly kind: BackupFileKind; readonly file: StoredFile }> {
  for (const file of snapshotFiles) yield { kind: 'snapshot', file };
  for (const file of segmentFiles) yield { kind: 'segment', file };
}

function writeFile(
  staging: RestoreStaging,
  { id, descriptor }: StoredBackup,
  kind: BackupFileKind,
  file: StoredFile,
  reading: { readonly signal: AbortSignal; readonly lend: boolean },
  onWritten: WriteBackupsOptions['onWritten'],
): ResultAsync<void, WriteBackupsError> {
  const { partitionId } = id;
  const { name, sizeBytes } = file;
  const snapshotId = kind === 'snapshot' ? descriptor.snapshotId : null;
  const restored = { partitionId, kind, snapshotId, name, sizeBytes };
  return keepFile(staging, restored, file, reading.signal).andThen((start) => {
    if (start.bytes > 0) onWritten(partitionId, { files: 0, bytes: start.bytes, bytesKept: start.bytes });
    const onBytes = (bytes: number) => onWritten(partitionId, { files: 0, bytes });
    const content = new RestoredContent(file, start, reading, onBytes);
    return fromForeign<void, WriteBackupsError>(
      () => staging.write(restored, content),
      (cause) => content.error ?? targetError('write', cause),
    ).andThen(() => {
      if (content.error !== undefined) return err(content.error);
      if (!content.whole) {
        return err(new RestoreTargetFailure('write', `file=${name} the target did not read it to its end`));
      }
      onWritten(partitionId, { files: 1, bytes: 0 });
      return ok();
    });
  });
}

/** What of the file need not be fetched. Nothing, where the store or the target has no word on that. */
function keepFile(
  staging: RestoreStaging,
  restored: RestoredFile,
  file: StoredFile,
  signal: AbortSignal,
): ResultAsync<ContentStart, WriteBackupsError> {
  const pieces = staging.keep === undefined ? undefined : piecesOf(file);
  if (pieces === undefined) return okAsync({ parts: 0, bytes: 0 });
  return fromForeign<number, WriteBackupsError>(
    async () => (await staging.keep?.(restored, pieces, signal)) ?? 0,
    (cause) => (signal.aborted ? abortReason(signal) : targetError('keep', cause)),
  ).map((parts) => ({
    parts,
    bytes: pieces.slice(0, parts).reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  }));
}

/** Undefined, where not every byte has a digest. */
function piecesOf(file: StoredFile): readonly FilePiece[] | undefined {
  const parts = file.parts?.();
  if (parts === undefined) return undefined;
  const pieces: FilePiece[] = [];
  for (const { sizeBytes, sha256 } of parts) {
    if (sha256 === undefined) return undefined;
    pieces.push({ sizeBytes, sha256 });
  }
  return pieces;
}
