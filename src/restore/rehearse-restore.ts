// A restore that nobody needs, to know that it works and how long it takes: restore, check, throw away. What was made
// is thrown away on every end.
import { ok, okAsync, type ResultAsync } from 'neverthrow';
import { withDeadline } from '../core/deadline.ts';
import type { Aborted, DeadlineExceeded } from '../core/errors.ts';
import { REHEARSAL_CHECK_TIMEOUT_MS, RESTORE_SETTLE_MS } from '../core/limits.ts';
import { RestoreCheckFailed } from '../core/restore-check-failed.ts';
import { bracket, fromAsync, fromForeign } from '../core/result.ts';
import type { CallOptions } from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type { Logger } from '../ports/telemetry.ts';
import type { RestoreReport } from './restore-report.ts';

/** What a rehearsal works with. `E` is why the restore may fail. */
export interface RehearsalComponents<E> {
  /** Restores into a place of its own: a `RestoreManager` over an empty directory. */
  restore(): ResultAsync<RestoreReport, E>;
  /**
   * Looks whether the restored data is good: starts a broker on it, reads it, whatever shows that. A rejection says
   * that it is not, and why. It must end soon when the signal fires. Absent: what a restore checks by itself is enough.
   */
  readonly check?: ((restored: RestoreReport, signal: AbortSignal) => Promise<void>) | undefined;
  /** Removes the place, whatever is in it. Called at the end, however that is. */
  remove(): Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RehearsalSettings {
  /** Limit of the check, in milliseconds. Default one hour. The restore has a limit of its own. */
  readonly checkTimeoutMs?: number | undefined;
}

/** What came of it. The time of the restore is the larger part of what a real one would take. */
export interface RehearsalReport {
  readonly restored: RestoreReport;
  /** How long the check took, in milliseconds. Absent where there was none. */
  readonly checkMs?: number;
}

/** Restores, checks what came of it, and throws it away. */
export function rehearseRestore<E>(
  { restore, check, remove, clock, logger }: RehearsalComponents<E>,
  { checkTimeoutMs = REHEARSAL_CHECK_TIMEOUT_MS }: RehearsalSettings = {},
  { signal }: CallOptions = {},
): ResultAsync<RehearsalReport, E | RestoreCheckFailed | DeadlineExceeded | Aborted> {
  type Failure = E | RestoreCheckFailed | DeadlineExceeded | Aborted;
  let checking: Promise<void> = Promise.resolve();
  const run = () =>
    restore().andThen<RehearsalReport, Failure>((restored) => {
      if (check === undefined) return okAsync({ restored });
      const started = clock.monotonic();
      const limit = { operation: 'check restored data', timeoutMs: checkTimeoutMs, signal };
      return withDeadline<void, RestoreCheckFailed>(clock, limit, (within) =>
        fromForeign(
          () => {
            checking = check(restored, within);
            return checking;
          },
          (cause) => new RestoreCheckFailed(restored.location, reasonOf(cause), cause),
        ),
      ).map(() => ({ restored, checkMs: clock.monotonic() - started }));
    });
  const throwAway = async () => {
    // A check that was called off may still be at work in the place.
    const limit = { operation: 'end check', timeoutMs: RESTORE_SETTLE_MS };
    const ended = await withDeadline<void, never>(clock, limit, () =>
      fromAsync(async () => {
        await checking.catch(() => {});
        return ok();
      }),
    );
    if (ended.isErr()) logger.error({ err: ended.error }, 'the check of the rehearsal has not ended');
    await remove().catch((cause: unknown) => {
      logger.error({ err: cause }, 'could not remove what the rehearsal has restored; remove it yourself');
    });
  };
  return bracket<undefined, RehearsalReport, never, Failure>(() => okAsync(undefined), run, throwAway);
}

function reasonOf(cause: unknown): string {
  return `reason=${cause instanceof Error ? cause.message : String(cause)}`;
}
