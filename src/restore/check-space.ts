// Holds what a restore is going to write against the space that is left, before any data is fetched.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { StoredBackup } from '../core/backup.ts';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoreTarget } from '../ports/restore-target.ts';
import { callTarget, type TargetError } from './call-target.ts';

/**
 * The bytes that a restore of these takes at the least: of a log that is cut nobody knows before how much is
 * kept, and a restore that would fit is never refused.
 */
export function neededBytes(
  backups: readonly StoredBackup[],
  ends: ReadonlyMap<PartitionId, LogPosition>,
): number {
  const files = backups.flatMap(({ id, snapshotFiles, segmentFiles }) =>
    ends.has(id.partitionId) ? snapshotFiles : [...snapshotFiles, ...segmentFiles],
  );
  return files.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
}

/** Fails where the target tells that it has less room than that. */
export function checkSpace(target: RestoreTarget, needed: number): ResultAsync<void, TargetError> {
  return callTarget('check space', async () => target.freeBytes?.()).andThen((freeBytes) => {
    if (freeBytes === undefined || freeBytes >= needed) return ok();
    const detail =
      `path=${target.location} neededBytes=${needed} freeBytes=${freeBytes} there is too little room, and nothing ` +
      `was fetched; free ${needed - freeBytes} bytes or choose another directory, then restore again`;
    return err(
      new RestoreTargetFailure('check space', detail, undefined, { neededBytes: needed, freeBytes }),
    );
  });
}
