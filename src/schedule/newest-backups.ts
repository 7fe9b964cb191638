// The newest backups of the cluster, and which of them a scheduler waits for: those that have not ended, until their
// deadline. It never waits for ever: time that goes back does not make a backup younger.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupError } from '../core/errors.ts';
import { idOfInstant } from '../core/generated-id.ts';
import type { CheckpointId } from '../core/ids.ts';
import { CLOCK_SKEW_MS, SCHEDULER_BACKUPS_SEEN } from '../core/limits.ts';
import { fromAsync } from '../core/result.ts';
import type { ClusterBackupStatus } from '../core/status.ts';
import type { Clock } from '../ports/environment.ts';
import type { ScheduledBackups } from './scheduled-backups.ts';
import { begunMs, hasEnded } from './slot-decision.ts';

export interface NewestBackupsSettings {
  readonly idOffset: number;
  /** How long a backup may take, in milliseconds. */
  readonly backupDeadlineMs: number;
}

export class NewestBackups {
  readonly #backups: ScheduledBackups;
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #settings: NewestBackupsSettings;
  /** When each unfinished backup was seen first, on the clock that never goes back. */
  #seen = new Map<CheckpointId, number>();

  constructor(
    backups: ScheduledBackups,
    clock: Pick<Clock, 'now' | 'monotonic'>,
    settings: NewestBackupsSettings,
  ) {
    this.#backups = backups;
    this.#clock = clock;
    this.#settings = settings;
  }

  /**
   * The newest backups, and those around the present where the newest have ids from the future. `own` is the last one
   * that was triggered here: the store may not show it yet.
   */
  newest(
    own: CheckpointId | undefined,
    signal: AbortSignal,
  ): ResultAsync<readonly ClusterBackupStatus[], BackupError> {
    return fromAsync<readonly ClusterBackupStatus[], BackupError>(async () => {
      const limit = SCHEDULER_BACKUPS_SEEN;
      const first = await this.#backups.list({ limit }, { signal });
      if (first.isErr()) return err(first.error);
      const backups = [...first.value.backups];
      const present = idOfInstant(this.#clock.now() + CLOCK_SKEW_MS, this.#settings.idOffset);
      const lowest = backups.at(-1)?.checkpointId;
      if (first.value.next !== undefined && lowest !== undefined && lowest > present) {
        const second = await this.#backups.list({ before: present, limit }, { signal });
        if (second.isErr()) return err(second.error);
        backups.push(...second.value.backups);
      }
      if (own !== undefined && !backups.some(({ checkpointId }) => checkpointId === own)) {
        const status = await this.#backups.status(own, { signal });
        if (status.isErr()) return err(status.error);
        if (status.value.state !== 'DOES_NOT_EXIST') backups.push(status.value);
      }
      this.#remember(backups);
      return ok(backups);
    });
  }

  /** Whether an unfinished backup is within its deadline, by the time of day and by how long it has been seen. */
  isWaitedFor(backup: ClusterBackupStatus): boolean {
    const { backupDeadlineMs } = this.#settings;
    const seenForMs = this.#clock.monotonic() - (this.#seen.get(backup.checkpointId) ?? Number.NaN);
    const begun = begunMs(backup);
    const ageMs = begun === undefined ? 0 : this.#clock.now() - begun;
    return ageMs < backupDeadlineMs && !(seenForMs >= backupDeadlineMs);
  }

  #remember(backups: readonly ClusterBackupStatus[]): void {
    const now = this.#clock.monotonic();
    const unfinished = backups.filter((backup) => !hasEnded(backup));
    this.#seen = new Map(
      unfinished.map(({ checkpointId }) => [checkpointId, this.#seen.get(checkpointId) ?? now]),
    );
  }
}
