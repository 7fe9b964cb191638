// Triggers and deletes cluster backups by asking every partition. It keeps no state of its own: whatever
// became of an earlier call, the partitions know, and also which ids are used up.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { BackupPartlyTriggered } from '../core/backup-partly-triggered.ts';
import type { CheckpointType } from '../core/checkpoint.ts';
import { Aborted, BrokerFailure, CheckpointNotNewer } from '../core/errors.ts';
import { generatedId } from '../core/generated-id.ts';
import { type CheckpointId, INT64_MAX, checkpointId as idOf } from '../core/ids.ts';
import { GENERATED_ID_TRIES } from '../core/limits.ts';
import { PointInTimeUnsupported } from '../core/point-errors.ts';
import { fromAsync } from '../core/result.ts';
import type { TakeBackupResponse } from '../ports/cluster.ts';
import { BackupStatusAggregator } from './backup-status-aggregator.ts';
import {
  allOrFirstFailure,
  type ClusterCallOptions,
  type ClusterComponents,
  type ClusterSettings,
  failuresOf,
  type PartitionAnswers,
  type PartitionRequestError,
  PartitionRequests,
  type TopologyError,
} from './partition-requests.ts';

/** What a trigger can end with. */
export type TriggerBackupError =
  | CheckpointNotNewer
  | BackupPartlyTriggered
  | TopologyError
  | PartitionRequestError;

/** What making a marker can end with. */
export type MarkError = TriggerBackupError | PointInTimeUnsupported;

/** What a delete can end with. It may have deleted the copies of other partitions; it can be repeated. */
export type DeleteClusterBackupError = TopologyError | PartitionRequestError;

/** Starts and deletes backups of the whole cluster. */
export class BackupCoordinator {
  readonly #components: ClusterComponents;
  readonly #requests: PartitionRequests;
  readonly #aggregator: BackupStatusAggregator;
  readonly #idOffset: number;

  constructor(components: ClusterComponents, settings: ClusterSettings = {}) {
    this.#components = components;
    this.#aggregator = new BackupStatusAggregator(components, settings);
    this.#idOffset = settings.idOffset ?? 0;
    this.#requests = new PartitionRequests(components, settings);
  }

  /**
   * Creates the checkpoint on every partition, which makes each of them take its backup, and gives its id. Succeeds
   * as soon as all partitions have passed the checkpoint and at least one did so for this call; ask the status for
   * the rest.
   *
   * Without an id one is made: the milliseconds since 1970 and the offset of the settings, or the next one above all
   * that are known. The backups are listed for that.
   *
   * The id may be used up whatever the outcome: a partition that did not answer, or one beside the partition
   * whose checkpoint is newer already, may have created it. Triggering the same id again is safe: partitions
   * that have it ignore it. A `CheckpointNotNewer` is final, and tells the next free id.
   */
  trigger(
    checkpointId?: CheckpointId,
    options: ClusterCallOptions = {},
  ): ResultAsync<CheckpointId, TriggerBackupError> {
    return checkpointId === undefined
      ? this.#triggerGenerated(options)
      : this.#trigger(checkpointId, options);
  }

  #triggerGenerated(options: ClusterCallOptions): ResultAsync<CheckpointId, TriggerBackupError> {
    return fromAsync<CheckpointId, TriggerBackupError>(async () => {
      const { clock } = this.#components;
      const listed = await this.#aggregator.list({ limit: 1 }, options);
      if (listed.isErr()) return err(listed.error);
      const highest = listed.value.backups[0]?.checkpointId;
      let id = generatedId(clock.now(), this.#idOffset, highest) ?? idOf(INT64_MAX);
      for (let tries = 1; ; tries += 1) {
        const triggered = await this.#trigger(id, options);
        if (triggered.isOk() || triggered.error.name !== 'CheckpointNotNewer') return triggered;
        // A deleted backup has used up its id as well, and so has one that was triggered at this moment.
        const { nextFree } = triggered.error;
        if (nextFree === undefined || tries === GENERATED_ID_TRIES) return triggered;
        id = nextFree;
      }
    });
  }

  #trigger(
    checkpointId: CheckpointId,
    options: ClusterCallOptions,
  ): ResultAsync<CheckpointId, TriggerBackupError> {
    return fromAsync<CheckpointId, TriggerBackupError>(async () => {
      const { partitions, logger } = this.#components;
      const asked = await this.#requests.askAll(
        'take backup',
        (partitionId, signal) => partitions.take(partitionId, checkpointId, signal),
        options,
      );
      if (asked.isErr()) return err(asked.error);
      const outcome = combine(checkpointId, 'backup', asked.value);
      if (outcome.isOk()) logger.info({ checkpointId }, 'triggered a backup on all partitions');
      else
        logger.warn({ checkpointId, err: outcome.error }, 'the backup was not triggered on all partitions');
      return outcome.map(() => checkpointId);
    });
  }

  /**
   * Creates the checkpoint on every partition as a marker: a point to restore to once a later backup is completed. It
   * uploads nothing. Ids, outcomes and repetition are those of {@link trigger}. A marker that overtakes a backup on its
   * way to a partition keeps that partition from taking it: make them in one place, one after the other.
   */
  mark(checkpointId: CheckpointId, options: ClusterCallOptions = {}): ResultAsync<void, MarkError> {
    return fromAsync<void, MarkError>(async () => {
      const { partitions, logger } = this.#components;
      const mark = partitions.mark?.bind(partitions);
      if (mark === undefined)
        return err(new PointInTimeUnsupported('the client of the partitions has no `mark`; implement it'));
      const asked = await this.#requests.askAll(
        'make marker',
        (partitionId, signal) => mark(partitionId, checkpointId, signal),
        options,
      );
      if (asked.isErr()) return err(asked.error);
      const outcome = combine(checkpointId, 'marker', asked.value);
      if (outcome.isErr())
        logger.warn({ checkpointId, err: outcome.error }, 'a partition has no such marker');
      return outcome;
    });
  }

  /** Deletes the backup on every partition. Deleting what is not there succeeds, and does not free the id. */
  delete(
    checkpointId: CheckpointId,
    options: ClusterCallOptions = {},
  ): ResultAsync<void, DeleteClusterBackupError> {
    return fromAsync<void, DeleteClusterBackupError>(async () => {
      const { partitions, logger } = this.#components;
      const asked = await this.#requests.askAll(
        'delete backup',
        (partitionId, signal) => partitions.delete(partitionId, checkpointId, signal),
        options,
      );
      if (asked.isErr()) return err(asked.error);
      const deleted = allOrFirstFailure(asked.value);
      if (deleted.isErr()) return err(deleted.error);
      logger.info({ checkpointId }, 'deleted a backup on all partitions');
      return ok(undefined);
    });
  }
}

/**
 * One outcome from all answers: created by any of them, and no checkpoint above the requested one, nor one of another
 * type under its id.
 */
function combine(
  requested: CheckpointId,
  type: CheckpointType,
  answers: PartitionAnswers<TakeBackupResponse>,
): Result<void, TriggerBackupError> {
  const taken = answers.flatMap(({ partitionId, result }) =>
    result.isOk() ? [{ partitionId, ...result.value }] : [],
  );
  const latest = taken.map((answer) => answer.checkpointId).sort((a, b) => (a < b ? 1 : -1))[0];
  const types = new Set(
    taken.filter((answer) => answer.checkpointId === latest).map((answer) => answer.type ?? 'backup'),
  );
  const latestType = types.has('marker') ? 'marker' : 'backup';
  // Final whatever the partitions that failed would have said, so it goes first.
  if (latest !== undefined && (latest > requested || (latest === requested && !isOnly(types, type))))
    return err(new CheckpointNotNewer(requested, latest, latestType));

  const [failure, ...others] = failuresOf(answers);
  if (failure !== undefined) {
    const present = taken.filter((answer) => answer.checkpointId === requested).map((a) => a.partitionId);
    if (failure instanceof Aborted || present.length === 0) return err(failure);
    return err(new BackupPartlyTriggered(requested, present, [failure, ...others]));
  }
  if (latest !== requested) {
    const detail = `asked for checkpoint ${requested}, the partitions answered that ${latest} is their latest`;
    return err(new BrokerFailure('take backup', detail));
  }
  return taken.some((answer) => answer.created)
    ? ok(undefined)
    : err(new CheckpointNotNewer(requested, latest, latestType));
}

function isOnly(types: ReadonlySet<CheckpointType>, type: CheckpointType): boolean {
  return types.size === 1 && types.has(type);
}
