// Ends what is in progress of a copy as failed. What is completed stays completed: Zeebe itself would rewrite it, and
// a restorable backup would be lost by one late message.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { FAILURE_REASON_LENGTH_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import type { MarkFailedError } from '../../ports/backup-store.ts';
import type { ZeebeLayout } from './layout.ts';
import { statusCodeOf } from './manifest.ts';
import { putFailed, readManifest } from './manifest-objects.ts';
import type { RunningSaves } from './running-saves.ts';

/** Spares a save of this store that has a higher term; other writers' terms are not known. */
export function markFailed(
  layout: ZeebeLayout,
  running: RunningSaves,
  id: BackupId,
  reason: string,
  options: { readonly term: bigint; readonly signal: AbortSignal },
): ResultAsync<BackupStatusCode, MarkFailedError> {
  const { term, signal } = options;
  return fromAsync<BackupStatusCode, MarkFailedError>(() =>
    running.change(id, async () => {
      const found = await readManifest(layout, id, signal);
      if (found.isErr()) return err(found.error);
      const statusCode = found.value && statusCodeOf(found.value.manifest);
      if (statusCode === 'COMPLETED' || statusCode === 'FAILED') return ok(statusCode);
      const save = running.find(id);
      if (statusCode === 'IN_PROGRESS' && save !== undefined && save.term > term) return ok(statusCode);
      const text = reason.slice(0, FAILURE_REASON_LENGTH_MAX);
      const put = await putFailed(layout, id, found.value, text, signal);
      if (put.isErr()) return err(put.error);
      save?.calledOff.abort();
      return ok<BackupStatusCode>('FAILED');
    }),
  );
}
