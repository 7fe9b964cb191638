// Restores the partitions of one node from one backup, offline. Top to bottom: plan, look whether the place
// is free, open all manifests, stage, install. It deletes nothing that it did not make.
import { err, ok, okAsync, type ResultAsync } from 'neverthrow';
import { type StoredBackup, type Timestamp, timestamp } from '../core/backup.ts';
import { type Deadline, startDeadline, untilAborted } from '../core/deadline.ts';
import {
  type Aborted,
  type BrokerFailure,
  DataDirectoryNotEmpty,
  type DeadlineExceeded,
  type InvalidInput,
  type RestoreTargetFailure,
} from '../core/errors.ts';
import type { CheckpointId, NodeId, PartitionId } from '../core/ids.ts';
import {
  RESTORE_DEADLINE_MS,
  RESTORED_FILES_IN_FLIGHT,
  RESTORED_PARTITIONS_IN_FLIGHT,
} from '../core/limits.ts';
import { parseTimestamp } from '../core/parse-timestamp.ts';
import type { PointInTimeUnsupported } from '../core/point-errors.ts';
import type { RestorablePoint } from '../core/restorable-ranges.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import type { RestoreProgress } from '../core/restore-progress.ts';
import { contain, fromAsync } from '../core/result.ts';
import { tell } from '../core/tell.ts';
import type { BackupStore, CallOptions, ListBackupsError, OpenBackupError } from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type { RestoreTarget } from '../ports/restore-target.ts';
import type { Logger, RestoreEvent, RestoreObserver } from '../ports/telemetry.ts';
import type { PointInBackup } from './backup-points.ts';
import { callTarget, type TargetError } from './call-target.ts';
import { neededBytes } from './check-space.ts';
import { cutBackup, cuttingTarget, type PointRestorePlan, planPoint } from './cut-backups.ts';
import { type FindPointError, findPoint } from './find-point.ts';
import { openBackups } from './open-backups.ts';
import { planRestore, type RestorePlan, type RestorePlanError } from './restore-plan.ts';
import { RestoreCounters } from './restore-progress.ts';
import { type RestoreReport, reportOf } from './restore-report.ts';
import { describeOrigin, isRestoredFrom, type WantedRestore } from './restored-before.ts';
import { stageRestore } from './stage-restore.ts';

/** What the manager works with. */
export interface RestoreComponents {
  readonly store: Pick<BackupStore, 'list' | 'open'>;
  readonly target: RestoreTarget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer?: RestoreObserver | undefined;
}

/** Which partitions of which cluster; `partitionsOfNode` tells them for a node. */
export interface RestoreSettings {
  /** Names the node in the log. */
  readonly nodeId?: NodeId | undefined;
  /**
   * The partitions of this node, within 1..`partitionsCount`. None is allowed: there is nothing to do then.
   */
  readonly partitionIds: readonly PartitionId[];
  /** The number of partitions of the whole cluster. */
  readonly partitionsCount: number;
  /**
   * Names the cluster in the note of what was restored. A place that was restored from another cluster is not taken
   * for one that was restored before.
   */
  readonly clusterId?: string | undefined;
  /** Partitions restored at the same time. Default 4. */
  readonly partitionsInFlight?: number | undefined;
  /** Files written at the same time, over all partitions. Default 6. */
  readonly filesInFlight?: number | undefined;
  /** Whether it must fit into the free space that the target tells. Default true; false on a disk that compresses. */
  readonly spaceCheck?: boolean | undefined;
  /** Limit of one call, in milliseconds. Default one day. */
  readonly deadlineMs?: number | undefined;
}

export interface RestoreOptions extends CallOptions {
  /** Called after each step forward. Must not throw. */
  readonly onProgress?: ((progress: RestoreProgress) => void) | undefined;
}

/** Why there is no plan. */
export type PlanRestoreError = ListBackupsError | RestorePlanError;

/** Why nothing was restored. */
export type RestoreBackupError =
  | PlanRestoreError
  | OpenBackupError
  | DataDirectoryNotEmpty
  | RestoreTargetFailure
  | BrokerFailure;

/** Why there is no plan for a point in time. */
export type PlanPointError = PlanRestoreError | FindPointError | PointInTimeUnsupported | InvalidInput;

/** Why nothing was restored to a point in time. */
export type RestorePointError = RestoreBackupError | PlanPointError;

/** What a restore goes by: the copies, the place that they go to, and where their logs end. */
interface PreparedRestore extends Pick<PointRestorePlan, 'ends'> {
  readonly plan: RestorePlan;
  readonly target: RestoreTarget;
  readonly point?: RestorablePoint;
  /** What was asked for. */
  readonly time?: Timestamp;
}

interface RunOptions extends RestoreOptions {
  /** What is known of the data that is there. */
  readonly origin: RestoreOrigin | undefined;
}

interface Restored {
  readonly backups: readonly StoredBackup[];
  readonly bytesKept: number;
  readonly point: RestorablePoint | undefined;
}

/** Restores one node. The broker must not run on the target meanwhile. */
export class RestoreManager {
  readonly #components: RestoreComponents;
  readonly #settings: RestoreSettings;

  constructor(components: RestoreComponents, settings: RestoreSettings) {
    this.#components = components;
    this.#settings = settings;
  }

  /**
   * Tells which copies a restore would take, and refuses what it would refuse from the listing. Changes
   * nothing.
   */
  plan(checkpointId: CheckpointId, options: CallOptions = {}): ResultAsync<RestorePlan, PlanRestoreError> {
    return this.#inTime('plan restore', options, ({ signal }) => this.#plan(checkpointId, signal));
  }

  /**
   * Tells what a restore to a time would take: the latest point that is not after it, the backup that has it, and where
   * the log of each partition ends. Refuses what the restore would refuse from that. Changes nothing.
   */
  planTo(time: Timestamp, options: CallOptions = {}): ResultAsync<PointRestorePlan, PlanPointError> {
    const { store, target } = this.#components;
    const { partitionsCount } = this.#settings;
    return this.#inTime<PointRestorePlan, PlanPointError>('plan restore', options, ({ signal }) =>
      parseTimestamp(time)
        .asyncAndThen<PointInBackup, PlanPointError>((ms) =>
          findPoint(store, ms, { partitionsCount, signal }),
        )
        .andThen((point) => this.#plan(point.backupId, signal).andThen((plan) => planPoint(plan, point)))
        .andThen((plan) => cuttingTarget(target, plan).map(() => plan)),
    );
  }

  /**
   * Restores all partitions of this node, or none: on every error, and when it is called off, the target is
   * as it was. It can be repeated after a crash. A place that was restored from this backup before is left as it is,
   * whatever the broker has written since: see `alreadyRestored`.
   */
  restore(
    checkpointId: CheckpointId,
    options: RestoreOptions = {},
  ): ResultAsync<RestoreReport, RestoreBackupError> {
    const { target } = this.#components;
    return this.#unlessBefore({ backupId: checkpointId }, options, (origin) =>
      this.#run(checkpointId, { ...options, origin }, (signal) =>
        this.#plan(checkpointId, signal).map((plan) => ({ plan, target, ends: new Map() })),
      ),
    );
  }

  /**
   * Restores all partitions of this node, or none, to the latest point that is not after a time. Nodes that are given
   * the same time come to the same point while no backup is added or deleted: compare the `point` of their reports.
   */
  restoreTo(time: Timestamp, options: RestoreOptions = {}): ResultAsync<RestoreReport, RestorePointError> {
    return this.#unlessBefore<RestorePointError>({ time }, options, (origin) =>
      this.planTo(time, options).andThen((plan) =>
        cuttingTarget(this.#components.target, plan).asyncAndThen<RestoreReport, RestorePointError>(
          (target) =>
            this.#run(plan.point.checkpointId, { ...options, origin }, () =>
              okAsync({ plan, target, time, ...plan }),
            ),
        ),
      ),
    );
  }

  /**
   * Runs unless the place was restored from that before. The store is not asked: a node must be able to start again
   * when the store is down, or the backup long deleted.
   */
  #unlessBefore<E>(
    from: WantedRestore['from'],
    options: CallOptions,
    run: (origin: RestoreOrigin | undefined) => ResultAsync<RestoreReport, E>,
  ): ResultAsync<RestoreReport, E | TargetError | DeadlineExceeded | Aborted> {
    const { clock, logger, target } = this.#components;
    const { partitionIds, clusterId } = this.#settings;
    const started = clock.monotonic();
    return this.#inTime('inspect', options, ({ signal }) =>
      untilAborted(signal, () =>
        callTarget('inspect', async () => (target.replaces ? undefined : target.restoredFrom?.())),
      ),
    ).andThen<RestoreReport, E | TargetError | DeadlineExceeded | Aborted>((origin) => {
      if (origin === undefined || !isRestoredFrom(origin, { from, partitionIds, clusterId }))
        return run(origin);
      const { location } = target;
      logger.info(
        { ...origin, location },
        'the data was restored from this backup before; nothing was changed',
      );
      const nothing = { backups: [], bytesKept: 0 };
      const none = reportOf(origin.checkpointId, location, nothing, clock.monotonic() - started);
      return okAsync({ ...none, alreadyRestored: origin });
    });
  }

  #run(
    checkpointId: CheckpointId,
    options: RunOptions,
    prepare: (signal: AbortSignal) => ResultAsync<PreparedRestore, PlanRestoreError>,
  ): ResultAsync<RestoreReport, RestoreBackupError> {
    const { clock, logger, target } = this.#components;
    const { nodeId } = this.#settings;
    const started = clock.monotonic();
    this.#tell({ type: 'started', checkpointId });
    return this.#inTime('restore', options, ({ signal }) =>
      this.#restore(checkpointId, prepare(signal), signal, options),
    )
      .map(({ point, ...restored }) => {
        const whole = reportOf(checkpointId, target.location, restored, clock.monotonic() - started);
        const report = point === undefined ? whole : { ...whole, point };
        const { partitions, ...totals } = report;
        const { files, bytes, durationMs } = totals;
        this.#tell({ type: 'completed', checkpointId, files, bytes, durationMs });
        const partitionIds = partitions.map(({ id }) => id.partitionId);
        logger.info({ ...totals, nodeId, partitionIds }, 'Successfully restored broker from backup');
        return report;
      })
      .mapErr((error) => {
        logger.error({ checkpointId, nodeId, location: target.location, err: error }, 'the restore failed');
        this.#tell({ type: 'failed', checkpointId, error, durationMs: clock.monotonic() - started });
        return error;
      });
  }

  #restore(
    checkpointId: CheckpointId,
    preparing: ResultAsync<PreparedRestore, PlanRestoreError>,
    signal: AbortSignal,
    { onProgress, origin: before }: RunOptions,
  ): ResultAsync<Restored, RestoreBackupError> {
    return fromAsync<Restored, RestoreBackupError>(async () => {
      const { store, clock } = this.#components;
      const { partitionsCount, clusterId } = this.#settings;
      const partitionsInFlight = this.#settings.partitionsInFlight ?? RESTORED_PARTITIONS_IN_FLIGHT;
      const filesInFlight = this.#settings.filesInFlight ?? RESTORED_FILES_IN_FLIGHT;

      const prepared = await preparing;
      if (prepared.isErr()) return err(prepared.error);
      const { plan, target, ends, point, time } = prepared.value;

      const occupants = await untilAborted(signal, () => callTarget('inspect', () => target.occupants()));
      if (occupants.isErr()) return err(occupants.error);
      if (occupants.value.length > 0) {
        const origin = before === undefined ? '' : `${describeOrigin(before)}; `;
        return err(new DataDirectoryNotEmpty(target.location, occupants.value, origin));
      }

      const opening = { partitionsCount, inFlight: partitionsInFlight, signal };
      const opened = await openBackups(store, plan, opening);
      if (opened.isErr()) return err(opened.error);
      const backups = opened.value.map((backup) => cutBackup(backup, ends));
      // Where it is noted, it is noted for a node without partitions too: its broker writes there as well.
      if (backups.length === 0 && target.restoredFrom === undefined)
        return ok({ backups, bytesKept: 0, point });

      const counters = new RestoreCounters(backups);
      const report = this.#contained(onProgress);
      this.#tell({ type: 'progress', checkpointId, progress: counters.snapshot() });
      const staged = await stageRestore({ ...this.#components, target }, checkpointId, backups, {
        partitionsInFlight,
        filesInFlight,
        neededBytes: (this.#settings.spaceCheck ?? true) ? neededBytes(backups, ends) : undefined,
        signal,
        origin: () => ({
          backupId: plan.checkpointId,
          checkpointId,
          ...(time === undefined ? {} : { time }),
          ...(clusterId === undefined ? {} : { clusterId }),
          restoredAt: timestamp(clock.now()),
          partitions: backups.map(({ id, descriptor }) => ({
            partitionId: id.partitionId,
            nodeId: id.nodeId,
            position: descriptor.checkpointPosition,
          })),
        }),
        onWritten: (partitionId, done) => {
          counters.add(partitionId, done);
          const progress = counters.snapshot();
          report(progress);
          this.#tell({ type: 'progress', checkpointId, progress });
        },
      });
      if (staged.isErr()) return err(staged.error);
      return ok({ backups, bytesKept: counters.snapshot().bytesKept, point });
    });
  }

  /** A callback must not throw. One that does is heard once and not called again: writers must come to their end. */
  #contained(onProgress: RestoreOptions['onProgress']): (progress: RestoreProgress) => void {
    let isBroken = false;
    return (progress) => {
      if (isBroken) return;
      try {
        onProgress?.(progress);
      } catch (cause) {
        isBroken = true;
        this.#components.logger.error({ err: cause }, 'the progress callback threw');
      }
    };
  }

  #tell(event: RestoreEvent): void {
    const { observer, logger } = this.#components;
    tell(observer, event, (cause) => logger.error({ event: event.type, err: cause }, 'an observer threw'));
  }

  #plan(checkpointId: CheckpointId, signal: AbortSignal): ResultAsync<RestorePlan, PlanRestoreError> {
    const { store } = this.#components;
    const { partitionIds, partitionsCount } = this.#settings;
    return untilAborted(signal, () =>
      contain('list', () => store.list({ checkpointId, details: true }, { signal })),
    ).andThen((page) => planRestore(page.backups, { checkpointId, partitionIds, partitionsCount }));
  }

  #inTime<T, E>(
    operation: string,
    { signal }: CallOptions,
    run: (deadline: Deadline) => ResultAsync<T, E>,
  ): ResultAsync<T, E> {
    return fromAsync<T, E>(async () => {
      const timeoutMs = this.#settings.deadlineMs ?? RESTORE_DEADLINE_MS;
      const deadline = startDeadline(this.#components.clock, { operation, timeoutMs, signal });
      try {
        return await run(deadline);
      } finally {
        deadline.stop();
      }
    });
  }
}
