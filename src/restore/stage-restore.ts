// Takes opened backups from staging to installed, all or nothing. On any other end it first waits until
// nothing writes any more, then discards the staging; it never discards while something still writes.
import { err, type ResultAsync } from 'neverthrow';
import type { StoredBackup } from '../core/backup.ts';
import { untilAborted, withDeadline } from '../core/deadline.ts';
import { type Aborted, DeadlineExceeded } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { RESTORE_SETTLE_MS } from '../core/limits.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import { bracket, fromAsync } from '../core/result.ts';
import type { Clock } from '../ports/environment.ts';
import type { RestoreStaging, RestoreTarget } from '../ports/restore-target.ts';
import type { Logger } from '../ports/telemetry.ts';
import { callTarget, type TargetError } from './call-target.ts';
import { checkSpace } from './check-space.ts';
import { type WriteBackupsError, type WriteBackupsOptions, writeBackups } from './write-backups.ts';

export interface StageRestoreComponents {
  readonly target: RestoreTarget;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type StageRestoreError = WriteBackupsError | DeadlineExceeded | Aborted;

export interface StageRestoreOptions extends Omit<WriteBackupsOptions, 'lend'> {
  /** What must fit into the target; undefined: not looked at. */
  readonly neededBytes: number | undefined;
  /** What the target is to note, made when all is written. */
  readonly origin: () => RestoreOrigin;
}

/** Stages, installs. The signal calls it off until the installation begins; that one runs to its end. */
export function stageRestore(
  { target, clock, logger }: StageRestoreComponents,
  checkpointId: CheckpointId,
  backups: readonly StoredBackup[],
  options: StageRestoreOptions,
): ResultAsync<void, StageRestoreError> {
  const { signal, neededBytes } = options;
  let writing: Promise<unknown> = Promise.resolve();
  let mayDiscard = true;

  const begin = () =>
    untilAborted<RestoreStaging, TargetError>(
      signal,
      () => callTarget('begin', () => target.begin(checkpointId)),
      (late) => void discard(late),
    );

  const use = (staging: RestoreStaging) =>
    fromAsync<void, StageRestoreError>(async () => {
      // Only now: an interrupted restore's files, which `begin` removes, may be what fills the disk.
      if (neededBytes !== undefined) {
        const fits = await untilAborted(signal, () => checkSpace(target, neededBytes));
        if (fits.isErr()) return err(fits.error);
      }
      const writes = writeBackups(staging, backups, { ...options, lend: target.takesLentChunks ?? false });
      writing = Promise.resolve(writes).catch(() => {});
      const written = await untilAborted(signal, () => writes);
      if (written.isErr()) return err(written.error);
      const limit = { operation: 'install', timeoutMs: RESTORE_SETTLE_MS };
      const installed = await withDeadline(clock, limit, () =>
        callTarget('install', () => staging.install(options.origin())),
      );
      // An installation that hangs may still come to its end: nothing may be taken away under it.
      if (installed.isOk() || installed.error instanceof DeadlineExceeded) mayDiscard = false;
      return installed;
    });

  const discard = async (staging: RestoreStaging) => {
    const limit = { operation: 'discard', timeoutMs: RESTORE_SETTLE_MS };
    const discarded = await withDeadline<void, TargetError>(clock, limit, () =>
      fromAsync(async () => {
        await writing;
        return callTarget('discard', () => staging.discard());
      }),
    );
    if (discarded.isErr()) {
      logger.error(
        { checkpointId, location: target.location, err: discarded.error },
        'could not remove what the failed restore had written; the next restore removes it',
      );
    }
  };

  return bracket(begin, use, async (staging) => {
    if (mayDiscard) await discard(staging);
  });
}
