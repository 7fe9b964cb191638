// Waits until a backup has ended. Asks again and again, through failures that may pass, until the limit.
import { err, ok, type ResultAsync } from 'neverthrow';
import { withDeadline } from '../core/deadline.ts';
import { Aborted } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupInfo } from '../management/wire.ts';
import type { Clock } from '../ports/environment.ts';
import type { BackupsSource } from './backups-source.ts';
import { BackupFailed, type CliError } from './cli-errors.ts';

const POLL_INTERVAL_MS = 1_000;

export interface WaitOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Told after each answer or failure what is known. */
  readonly onNews: (news: BackupInfo | CliError) => void;
}

/** The backup once it is COMPLETED. FAILED is an error; every other state is waited out. */
export function waitForBackup(
  source: Pick<BackupsSource, 'status'>,
  id: CheckpointId,
  { clock, timeoutMs, signal, onNews }: WaitOptions,
): ResultAsync<BackupInfo, CliError> {
  const operation = `wait for backup ${id}`;
  return withDeadline<BackupInfo, CliError>(clock, { operation, timeoutMs, signal }, (limit) =>
    fromAsync<BackupInfo, CliError>(async () => {
      while (!limit.aborted) {
        const status = await source.status(id, { signal: limit });
        if (status.isErr()) {
          // Right after the trigger no partition may have it yet.
          const mayPass = status.error.retryable || status.error.name === 'BackupNotFound';
          if (!mayPass) return err(status.error);
        } else if (status.value.state === 'COMPLETED') return ok(status.value);
        else if (status.value.state === 'FAILED') return err(new BackupFailed(id, reasonOf(status.value)));
        if (limit.aborted) break;
        onNews(status.isErr() ? status.error : status.value);
        await clock.sleep(POLL_INTERVAL_MS, limit);
      }
      return err(new Aborted(operation));
    }),
  );
}

function reasonOf(info: BackupInfo): string {
  return info.failureReason || 'not told';
}
