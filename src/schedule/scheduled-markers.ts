// Makes the markers between backups, one per slot, and gives way to backups: a marker that overtakes one on its way to
// a partition would keep that partition from taking it. It asks no store: markers must stay cheap.
import { errAsync, okAsync, type ResultAsync } from 'neverthrow';
import { type BackupError, CheckpointNotNewer } from '../core/errors.ts';
import { idOfInstant } from '../core/generated-id.ts';
import type { CheckpointId } from '../core/ids.ts';
import { CLOCK_SKEW_MS } from '../core/limits.ts';
import type { Clock } from '../ports/environment.ts';
import type { Schedule } from '../ports/schedule.ts';
import type { ScheduledBackups } from './scheduled-backups.ts';

export interface ScheduledMarkersSettings {
  readonly checkpointSchedule: Schedule;
  /** When backups are due: such a slot needs no marker. */
  readonly schedule: Schedule | null;
  readonly idOffset: number;
}

export class ScheduledMarkers {
  readonly #backups: Pick<ScheduledBackups, 'mark'>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #settings: ScheduledMarkersSettings;
  /** A backup may have reached some partitions and not the others. Nobody knows before the first look. */
  #isUnderWay: boolean;
  #triggeredMs: number | undefined;
  #markedId: CheckpointId | undefined;

  constructor(
    backups: Pick<ScheduledBackups, 'mark'>,
    clock: Pick<Clock, 'now'>,
    settings: ScheduledMarkersSettings,
  ) {
    this.#backups = backups;
    this.#clock = clock;
    this.#settings = settings;
    this.#isUnderWay = settings.schedule !== null;
  }

  /** The highest id that was tried. Partitions that did not answer may have it or not. */
  get markedId(): CheckpointId | undefined {
    return this.#markedId;
  }

  /** A backup is about to be triggered, or may have been by somebody else. */
  backupMayBeUnderWay(): void {
    this.#isUnderWay = this.#settings.schedule !== null;
  }

  /** All partitions have the backup that was begun last. */
  backupIsEverywhere(): void {
    this.#isUnderWay = false;
  }

  /** Likewise, and it was triggered at this moment. */
  backupWasTriggered(): void {
    this.#isUnderWay = false;
    this.#triggeredMs = this.#clock.now();
  }

  /** The marker's id; undefined where none is needed. */
  mark(slotMs: number, signal: AbortSignal): ResultAsync<CheckpointId | undefined, BackupError> {
    if (this.#givesWay(slotMs)) return okAsync(undefined);
    return this.#make(idOfInstant(slotMs, this.#settings.idOffset), signal).orElse((error) => {
      if (!(error instanceof CheckpointNotNewer)) return errAsync(error);
      const { latest, nextFree } = error;
      const present = idOfInstant(this.#clock.now() + CLOCK_SKEW_MS, this.#settings.idOffset);
      // There has been a checkpoint since the slot, which is as good; unless ids are ahead of the clock.
      if (latest <= present || nextFree === undefined) return okAsync(undefined);
      return this.#make(nextFree, signal).orElse((again) =>
        again instanceof CheckpointNotNewer ? okAsync(undefined) : errAsync(again),
      );
    });
  }

  #make(id: CheckpointId, signal: AbortSignal): ResultAsync<CheckpointId | undefined, BackupError> {
    this.#markedId = this.#markedId === undefined || id > this.#markedId ? id : this.#markedId;
    return this.#backups.mark(id, { signal }).map(() => id);
  }

  /** A backup is a point itself: what is due then, or half an interval around the last one, needs no marker. */
  #givesWay(slotMs: number): boolean {
    const { schedule, checkpointSchedule } = this.#settings;
    if (this.#isUnderWay || schedule?.latest(slotMs) === slotMs) return true;
    const previousMs = checkpointSchedule.latest(slotMs - 1) ?? slotMs;
    const sinceMs = Math.abs(slotMs - (this.#triggeredMs ?? Number.NEGATIVE_INFINITY));
    return sinceMs < (slotMs - previousMs) / 2;
  }
}
