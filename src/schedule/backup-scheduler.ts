// Takes the backups of a cluster on a schedule, makes markers between them, and cleans up. It keeps nothing but what
// it is doing: whether a slot has its backup is for the backups in the store to tell, so that neither a restart nor a
// second scheduler takes one too many. Time comes through the clock alone.
import { errAsync, ok, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { withDeadline } from '../core/deadline.ts';
import { type BackupError, CheckpointNotNewer } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { INT64_MAX, checkpointId as idOf } from '../core/ids.ts';
import {
  BACKUP_DEADLINE_MS,
  CLEANUP_DEADLINE_MS,
  GENERATED_ID_TRIES,
  SCHEDULER_POLL_MS,
} from '../core/limits.ts';
import { fromAsync } from '../core/result.ts';
import { tell } from '../core/tell.ts';
import type { Clock, Random } from '../ports/environment.ts';
import type { Schedule } from '../ports/schedule.ts';
import type { Logger, SchedulerEvent, SchedulerJob, SchedulerObserver } from '../ports/telemetry.ts';
import { NewestBackups } from './newest-backups.ts';
import type { ScheduledBackups, ScheduledRetention } from './scheduled-backups.ts';
import { ScheduledMarkers } from './scheduled-markers.ts';
import {
  decideSlot,
  decideUsedId,
  hasEnded,
  hasReachedAll,
  type SlotDecision,
  type SlotTimes,
} from './slot-decision.ts';
import { SlotLoop, type SlotTurn, type SlotWork } from './slot-loop.ts';

export interface SchedulerComponents {
  /** A `ClusterBackups`, or what can do the same. */
  readonly backups: ScheduledBackups;
  /** A `RetentionManager`. Needed for a cleanup. */
  readonly retention?: ScheduledRetention | undefined;
  readonly clock: Clock;
  readonly random: Pick<Random, 'fraction'>;
  readonly logger: Logger;
  /**
   * Whether this node is the one that acts, such as the leader of partition 1. Default: always. Two that act at the
   * same time come to the same ids, and one of them finds that the backup is there already.
   */
  readonly isActive?: (() => boolean) | undefined;
  /** Told of each event at once. Must not throw. */
  readonly observer?: SchedulerObserver | undefined;
}

export interface SchedulerSettings {
  /** When backups are taken; null takes none. */
  readonly schedule: Schedule | null;
  /**
   * When markers are made: points to restore to between two backups, without an upload. One that comes with a backup,
   * or half its interval around one, is left out. Null makes none. Default null.
   */
  readonly checkpointSchedule?: Schedule | null | undefined;
  /** When what the retention does not keep is deleted, and the rest of it swept; null never cleans up. */
  readonly cleanupSchedule?: Schedule | null | undefined;
  /** As in the settings of the cluster: a slot's id is its milliseconds since 1970 and this. Default 0. */
  readonly idOffset?: number | undefined;
  /** For so long a backup that has not ended keeps others from being taken, in milliseconds. Default one hour. */
  readonly backupDeadlineMs?: number | undefined;
}

/** Runs between `start` and `close`. */
export class BackupScheduler {
  readonly #components: SchedulerComponents;
  readonly #settings: SchedulerSettings;
  readonly #newest: NewestBackups;
  readonly #markers: ScheduledMarkers | undefined;
  /** Backups and markers go to the partitions one after the other: neither may overtake the other. */
  readonly #triggers = pLimit(1);
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;
  #own: CheckpointId | undefined;
  #waitingSlot: number | undefined;

  constructor(components: SchedulerComponents, settings: SchedulerSettings) {
    this.#components = components;
    this.#settings = settings;
    const { backups, clock } = components;
    const { schedule, checkpointSchedule = null, idOffset = 0 } = settings;
    const { backupDeadlineMs = BACKUP_DEADLINE_MS } = settings;
    this.#newest = new NewestBackups(backups, clock, { idOffset, backupDeadlineMs });
    this.#markers =
      checkpointSchedule === null
        ? undefined
        : new ScheduledMarkers(backups, clock, { schedule, checkpointSchedule, idOffset });
  }

  /** Begins to work. A slot that has come since the last backup is due at once. Calling it again does nothing. */
  start(): void {
    const { clock, random } = this.#components;
    const { signal } = this.#stopping;
    this.#running ??= Promise.all(this.#jobs().map((job) => new SlotLoop(clock, random, job).run(signal)));
  }

  /** Stops, and waits for what is being done at this moment. May be called twice. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  #jobs(): SlotWork[] {
    const { retention } = this.#components;
    const { schedule, checkpointSchedule = null, cleanupSchedule = null } = this.#settings;
    const markers = this.#markers;
    const jobs: SlotWork[] = [];
    if (schedule !== null) {
      jobs.push(
        this.#job('backup', schedule, (slot, signal) => this.#inTurn(() => this.#backUp(slot, signal))),
      );
    }
    if (checkpointSchedule !== null && markers !== undefined) {
      jobs.push(
        this.#job('marker', checkpointSchedule, (slot, signal) =>
          this.#inTurn(() => this.#mark(markers, slot, signal)),
        ),
      );
    }
    if (cleanupSchedule !== null && retention !== undefined) {
      jobs.push(
        this.#job('cleanup', cleanupSchedule, (slot, signal) => this.#cleanUp(retention, slot, signal)),
      );
    }
    return jobs;
  }

  #job(job: SchedulerJob, schedule: Schedule, run: SlotWork['run']): SlotWork {
    return {
      schedule,
      // What was not cleaned up before a restart may wait for the next time; a backup may not.
      earlierSlot: job === 'backup' ? 'due' : 'settled',
      isActive: () => {
        const isActive = this.#components.isActive?.() ?? true;
        // Whoever acts instead may be in the middle of a backup when this node takes over.
        if (!isActive) this.#markers?.backupMayBeUnderWay();
        return isActive;
      },
      run,
      onSkipped: (slotMs) => {
        if (job === 'backup') this.#tell({ type: 'skipped', slotMs });
      },
      onFailed: (slotMs, error, retryInMs) => this.#tell({ type: 'failed', job, slotMs, error, retryInMs }),
    };
  }

  #inTurn(work: () => ResultAsync<SlotTurn, BackupError>): ResultAsync<SlotTurn, BackupError> {
    return fromAsync(() => this.#triggers(async () => work()));
  }

  #mark(markers: ScheduledMarkers, slotMs: number, signal: AbortSignal): ResultAsync<SlotTurn, BackupError> {
    return markers.mark(slotMs, signal).map((checkpointId): SlotTurn => {
      if (checkpointId !== undefined) this.#tell({ type: 'marked', slotMs, checkpointId });
      return undefined;
    });
  }

  #backUp(slotMs: number, signal: AbortSignal): ResultAsync<SlotTurn, BackupError> {
    return this.#newest.newest(this.#own, signal).andThen((backups) =>
      this.#act(
        slotMs,
        decideSlot({
          ...this.#timesOf(slotMs),
          backups,
          markedId: this.#markers?.markedId,
          isWaitedFor: (backup) => this.#newest.isWaitedFor(backup),
        }),
        signal,
      ),
    );
  }

  #timesOf(slotMs: number): SlotTimes {
    const { schedule, idOffset = 0 } = this.#settings;
    return {
      slotMs,
      previousMs: schedule?.latest(slotMs - 1),
      nowMs: this.#components.clock.now(),
      idOffset,
    };
  }

  #act(slotMs: number, decision: SlotDecision, signal: AbortSignal): ResultAsync<SlotTurn, BackupError> {
    switch (decision.kind) {
      case 'DONE':
        this.#markers?.backupIsEverywhere();
        this.#tell({ type: 'already', slotMs, checkpointId: decision.checkpointId });
        return okTurn(undefined);
      case 'WAIT':
        this.#markers?.backupIsEverywhere();
        this.#tellWaiting(slotMs, decision.checkpointId);
        return okTurn({ againAfterMs: SCHEDULER_POLL_MS });
      case 'COMPLETE':
        this.#markers?.backupMayBeUnderWay();
        this.#tellWaiting(slotMs, decision.checkpointId);
        return this.#complete(decision.checkpointId, signal);
      case 'TAKE':
        return this.#take(slotMs, decision.checkpointId, signal);
      case 'EXHAUSTED':
        return errAsync(new CheckpointNotNewer(idOf(INT64_MAX), idOf(INT64_MAX)));
    }
  }

  #take(slotMs: number, first: CheckpointId, signal: AbortSignal): ResultAsync<SlotTurn, BackupError> {
    const { backups } = this.#components;
    return fromAsync<SlotTurn, BackupError>(async () => {
      let id = first;
      for (let tries = 1; ; tries += 1) {
        this.#own = id;
        this.#markers?.backupMayBeUnderWay();
        const triggered = await backups.trigger(id, { signal });
        if (triggered.isOk()) {
          this.#markers?.backupWasTriggered();
          this.#tell({ type: 'triggered', slotMs, checkpointId: id });
          return ok(undefined);
        }
        const { error } = triggered;
        if (!(error instanceof CheckpointNotNewer) || tries === GENERATED_ID_TRIES) return errAsync(error);
        const own = await backups.status(id, { signal });
        if (own.isErr()) return errAsync(own.error);
        // All partitions have it, and a later checkpoint besides, such as a marker.
        if (hasReachedAll(own.value)) return this.#act(slotMs, { kind: 'DONE', checkpointId: id }, signal);
        const status = await backups.status(error.latest, { signal });
        if (status.isErr()) return errAsync(status.error);
        const next = decideUsedId(this.#timesOf(slotMs), id, {
          checkpointId: error.latest,
          type: error.latestType,
          isBackup: status.value.state !== 'DOES_NOT_EXIST',
          isUnderWay: !hasEnded(status.value),
        });
        // From now on it is asked for, whatever the listing shows.
        if (next.kind === 'WAIT') this.#own = next.checkpointId;
        if (next.kind !== 'TAKE') return this.#act(slotMs, next, signal);
        id = next.checkpointId;
      }
    });
  }

  /** Triggers an id again where it is missing. The slot itself is looked at afterwards. */
  #complete(id: CheckpointId, signal: AbortSignal): ResultAsync<SlotTurn, BackupError> {
    return this.#components.backups
      .trigger(id, { signal })
      .map((): SlotTurn => ({ againAfterMs: SCHEDULER_POLL_MS }))
      .orElse((error) =>
        error instanceof CheckpointNotNewer ? okTurn({ againAfterMs: SCHEDULER_POLL_MS }) : errAsync(error),
      );
  }

  #cleanUp(
    retention: ScheduledRetention,
    slotMs: number,
    signal: AbortSignal,
  ): ResultAsync<SlotTurn, BackupError> {
    const limit = { operation: 'cleanup', timeoutMs: CLEANUP_DEADLINE_MS, signal };
    // A backup that is due at the same time goes first, and a sweep gives way to one that runs.
    const nextMs = this.#settings.cleanupSchedule?.next(slotMs) ?? Number.POSITIVE_INFINITY;
    const delayMs = Math.min(SCHEDULER_POLL_MS, (nextMs - slotMs) / 4);
    const earlyMs = slotMs + delayMs - this.#components.clock.now();
    if (earlyMs > 0) return okTurn({ againAfterMs: earlyMs });
    return this.#newest.newest(this.#own, signal).andThen((backups) => {
      const runs = backups.some((backup) => !hasEnded(backup) && this.#newest.isWaitedFor(backup));
      if (runs) return okTurn({ againAfterMs: SCHEDULER_POLL_MS });
      return withDeadline(this.#components.clock, limit, (inTime) =>
        retention.prune({ sweep: true, signal: inTime }),
      ).map(({ deleted }): SlotTurn => {
        this.#tell({ type: 'cleaned', slotMs, deleted });
        return undefined;
      });
    });
  }

  #tellWaiting(slotMs: number, checkpointId: CheckpointId): void {
    if (this.#waitingSlot === slotMs) return;
    this.#waitingSlot = slotMs;
    this.#tell({ type: 'waiting', slotMs, checkpointId });
  }

  #tell(event: SchedulerEvent): void {
    const { logger, observer } = this.#components;
    const { level, message } = SAYINGS[event.type];
    const { slotMs, ...fields } = event;
    const shown = 'error' in event ? { ...fields, error: undefined, err: event.error } : fields;
    logger[level]({ ...shown, slot: new Date(slotMs).toISOString() }, message);
    tell(observer, event, (cause) => logger.error({ event: event.type, err: cause }, 'an observer threw'));
  }
}

const SAYINGS: Readonly<
  Record<SchedulerEvent['type'], { readonly level: 'debug' | 'info' | 'warn'; readonly message: string }>
> = {
  marked: { level: 'debug', message: 'made a marker' },
  triggered: { level: 'info', message: 'took the backup that was due' },
  already: { level: 'info', message: 'the backup that was due is there already' },
  waiting: { level: 'warn', message: 'a backup is due and waits for another one that has not ended' },
  skipped: { level: 'warn', message: 'a backup that was due was not taken: the next one is due' },
  cleaned: { level: 'info', message: 'deleted what the retention does not keep' },
  failed: { level: 'warn', message: 'what was due failed and is tried again' },
};

function okTurn(turn: SlotTurn): ResultAsync<SlotTurn, BackupError> {
  return fromAsync<SlotTurn, BackupError>(async () => ok(turn));
}
