// Deletes the backups that a policy does not keep. Looks at names newest first, and at the last moment once more at
// each backup that goes. It never deletes what is in progress or held, nor the newest COMPLETED backup.
import { err, ok, okAsync, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { abortReason } from '../core/deadline.ts';
import { type InvalidInput, PartitionCountMismatch } from '../core/errors.ts';
import { type CheckpointId, checkpointId } from '../core/ids.ts';
import { OBJECTS_PER_REQUEST_MAX, PRUNED_BACKUPS_IN_FLIGHT } from '../core/limits.ts';
import { contain, fromAsync } from '../core/result.ts';
import type { RetentionPolicy } from '../core/retention-policy.ts';
import { tell } from '../core/tell.ts';
import type {
  BackupQuery,
  BackupStore,
  DeleteBackupError,
  ListBackupsError,
  SweepError,
  SweepReport,
} from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type { Logger, RetentionEvent, RetentionObserver } from '../ports/telemetry.ts';
import { type ListedBackup, listedBackups } from './cluster-backups.ts';
import { checkPolicy, type RetentionDecision, RetentionPlan } from './retention-plan.ts';

/** Where the backups are, and the time of day: a backup from the future must mislead nobody. */
export interface RetentionComponents {
  readonly store: Pick<BackupStore, 'list' | 'delete' | 'sweep' | 'holds'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly observer?: RetentionObserver | undefined;
  /** Told when the observer throws. */
  readonly logger?: Pick<Logger, 'error'> | undefined;
}

export interface RetentionSettings {
  readonly policy: RetentionPolicy;
  /** How many partitions the cluster has: a backup that lacks one is no backup. */
  readonly partitionsCount: number;
}

export interface PruneOptions {
  /** Decide and tell, and change nothing. */
  readonly dryRun?: boolean | undefined;
  /** Sweep afterwards, where the store can. With `dryRun` it only looks. */
  readonly sweep?: boolean | undefined;
  readonly sweepGracePeriodMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each backup that was deleted. Must not throw. */
  readonly onProgress?: ((progress: PruneProgress) => void) | undefined;
}

export interface PruneProgress {
  readonly deleted: number;
  readonly total: number;
}

export interface PruneReport {
  readonly dryRun: boolean;
  /** Newest first. Without those that were passed over because the policy keeps all of that time. */
  readonly decisions: readonly RetentionDecision[];
  /** Whether some were passed over. */
  readonly passedOver: boolean;
  /** Oldest first. With `dryRun` none. */
  readonly deleted: readonly CheckpointId[];
  /** What was to go, and was held, in progress or otherwise another thing when its turn came: left alone. */
  readonly changed: readonly CheckpointId[];
  readonly sweep?: SweepReport;
}

export type PruneError =
  | ListBackupsError
  | DeleteBackupError
  | SweepError
  | InvalidInput
  | PartitionCountMismatch;

/** So many pages are read before it is worth asking where those begin that may go. */
const PAGES_BEFORE_SEARCH = 2;

/** Prunes one cluster's backups, whenever it is asked to. Two at the same time do no harm. */
export class RetentionManager {
  readonly #components: RetentionComponents;
  readonly #settings: RetentionSettings;

  constructor(components: RetentionComponents, settings: RetentionSettings) {
    this.#components = components;
    this.#settings = settings;
  }

  /**
   * Deletes what the policy does not keep, oldest first. PartitionCountMismatch: the newest backup says that the
   * cluster has another number of partitions than the settings; nothing was deleted.
   */
  prune(options: PruneOptions = {}): ResultAsync<PruneReport, PruneError> {
    return fromAsync<PruneReport, PruneError>(async () => {
      const policy = checkPolicy(this.#settings.policy);
      if (policy.isErr()) return err(policy.error);
      const pruning = new Pruning(this.#components, this.#settings, options);
      const pruned = await contain('prune', () => pruning.run());
      pruning.ended(pruned.isErr() ? pruned.error : undefined);
      return pruned;
    });
  }
}

/** One run. */
class Pruning {
  readonly #components: RetentionComponents;
  readonly #store: RetentionComponents['store'];
  readonly #settings: RetentionSettings;
  readonly #options: PruneOptions;
  readonly #plan: RetentionPlan;
  readonly #decisions: RetentionDecision[] = [];
  #anchor: CheckpointId | undefined;
  #passedOver = false;

  constructor(components: RetentionComponents, settings: RetentionSettings, options: PruneOptions) {
    const { store, clock } = components;
    this.#components = components;
    this.#store = store;
    this.#settings = settings;
    this.#options = options;
    this.#plan = new RetentionPlan(settings.policy, clock.now());
  }

  run(): ResultAsync<PruneReport, PruneError> {
    return fromAsync<PruneReport, PruneError>(async () => {
      const { signal, dryRun = false } = this.#options;
      const held = (await this.#store.holds?.list({ signal })) ?? ok([]);
      if (held.isErr()) return err(held.error);
      const decided = await this.#decideAll(new Set(held.value));
      if (decided.isErr()) return err(decided.error);
      const going = this.#decisions.filter(({ keep }) => !keep).toReversed();
      const gone = dryRun ? ok({ deleted: [], changed: [] }) : await this.#deleteAll(going);
      if (gone.isErr()) return err(gone.error);
      const swept = await this.#sweep();
      if (swept.isErr()) return err(swept.error);
      const report = { dryRun, decisions: this.#decisions, passedOver: this.#passedOver, ...gone.value };
      return ok(swept.value === undefined ? report : { ...report, sweep: swept.value });
    });
  }

  /** Tells the observer that the run is over. */
  ended(error: PruneError | undefined): void {
    const { dryRun = false } = this.#options;
    this.#tell({ type: 'ended', dryRun, ...(error === undefined ? {} : { error }) });
  }

  #tell(event: RetentionEvent): void {
    const { observer, logger } = this.#components;
    tell(observer, event, (cause) => logger?.error({ event: event.type, err: cause }, 'an observer threw'));
  }

  #decideAll(held: ReadonlySet<CheckpointId>): ResultAsync<void, PruneError> {
    return fromAsync<void, PruneError>(async () => {
      const { partitionsCount } = this.#settings;
      // One listing page each, when every partition has one copy.
      const limit = Math.max(1, Math.floor((OBJECTS_PER_REQUEST_MAX - 1) / partitionsCount));
      let before: CheckpointId | undefined;
      for (let pages = 1; ; pages += 1) {
        const page = await this.#list({ before, limit });
        if (page.isErr()) return err(page.error);
        for (const backup of listedBackups(page.value.backups, partitionsCount, held)) {
          const decided = await this.#decide(backup);
          if (decided.isErr()) return err(decided.error);
        }
        before = page.value.next;
        if (before === undefined) return ok();
        if (pages === PAGES_BEFORE_SEARCH) {
          const behind = await this.#behindAllKept(before);
          if (behind.isErr()) return err(behind.error);
          before = behind.value;
        }
      }
    });
  }

  #decide(listed: ListedBackup): ResultAsync<void, PruneError> {
    return fromAsync<void, PruneError>(async () => {
      let { state } = listed;
      if (this.#anchor === undefined || listed.partitionsFound !== undefined) {
        const told = await this.#partitionsTold(listed);
        if (told.isErr()) return err(told.error);
        if (listed.partitionsFound !== undefined && told.value === listed.partitionsFound)
          state = 'COMPLETED';
        const { partitionsCount } = this.#settings;
        if (state === 'COMPLETED' && this.#anchor === undefined) {
          if (told.value !== partitionsCount && told.value !== undefined) {
            return err(new PartitionCountMismatch(listed.checkpointId, partitionsCount, told.value));
          }
          this.#anchor = listed.checkpointId;
        }
      }
      const { checkpointId, createdAtMs, isHeld, isBeingDeleted } = listed;
      const backup = { checkpointId, state, createdAtMs, isHeld, isBeingDeleted };
      const decision = this.#plan.decide(backup);
      this.#decisions.push(decision);
      const { dryRun = false } = this.#options;
      this.#tell({ type: 'decided', checkpointId, keep: decision.keep, reason: decision.reason, dryRun });
      return ok();
    });
  }

  /** How many partitions the cluster had, as the backup itself tells. */
  #partitionsTold({
    copies,
    state,
    partitionsFound,
  }: ListedBackup): ResultAsync<number | undefined, ListBackupsError> {
    const copy = copies.find(({ statusCode }) => statusCode === 'COMPLETED');
    const mayBeWhole = state === 'COMPLETED' || partitionsFound !== undefined;
    if (copy === undefined || !mayBeWhole) return okAsync(undefined);
    return this.#list({ ...copy.id, details: true }).map(
      ({ backups }) => backups[0]?.descriptor?.numberOfPartitions,
    );
  }

  /**
   * Where to go on when the policy keeps all of a time span: the first backup behind it, found by halving the ids,
   * which grow with time. A backup that is out of order is overlooked at the worst, and so stays.
   */
  #behindAllKept(before: CheckpointId): ResultAsync<CheckpointId, ListBackupsError> {
    return fromAsync<CheckpointId, ListBackupsError>(async () => {
      const since = this.#plan.allKeptSinceMs;
      if (since === undefined) return ok(before);
      let low = 0n;
      let high: bigint = before;
      // All from `high` on are young, all below `low` are old or there are none.
      while (high - low > 1n) {
        const middle = (low + high) / 2n;
        const page = await this.#list({ before: checkpointId(middle + 1n), limit: 1 });
        if (page.isErr()) return err(page.error);
        const [found] = listedBackups(page.value.backups, this.#settings.partitionsCount, new Set());
        if (found !== undefined && (found.createdAtMs ?? since) >= since) high = found.checkpointId;
        else low = middle;
      }
      this.#passedOver = high < before;
      return ok(checkpointId(high));
    });
  }

  #deleteAll(
    going: readonly RetentionDecision[],
  ): ResultAsync<Pick<PruneReport, 'deleted' | 'changed'>, PruneError> {
    return fromAsync<Pick<PruneReport, 'deleted' | 'changed'>, PruneError>(async () => {
      const slots = pLimit(PRUNED_BACKUPS_IN_FLIGHT);
      const deleted: CheckpointId[] = [];
      const changed: CheckpointId[] = [];
      let failure: PruneError | undefined;
      const work = going.map((decision) =>
        slots(async () => {
          if (failure !== undefined) return;
          const gone = await contain('delete backup', () => this.#delete(decision));
          if (gone.isErr()) failure ??= gone.error;
          else if (gone.value) {
            deleted.push(decision.checkpointId);
            this.#tell({ type: 'deleted', checkpointId: decision.checkpointId });
          } else changed.push(decision.checkpointId);
          this.#options.onProgress?.({ deleted: deleted.length, total: going.length });
        }),
      );
      await Promise.all(work);
      return failure === undefined ? ok({ deleted, changed }) : err(failure);
    });
  }

  /** Deletes all copies, unless the backup is no longer what was decided on. */
  #delete({ checkpointId: id, state }: RetentionDecision): ResultAsync<boolean, PruneError> {
    return fromAsync<boolean, PruneError>(async () => {
      const { signal } = this.#options;
      if (signal?.aborted) return err(abortReason(signal));
      const { partitionsCount } = this.#settings;
      const page = await this.#list({ checkpointId: id });
      if (page.isErr()) return err(page.error);
      const hold = (await this.#store.holds?.get(id, { signal })) ?? ok(undefined);
      if (hold.isErr()) return err(hold.error);
      const [now] = listedBackups(page.value.backups, partitionsCount, new Set());
      if (now === undefined) return ok(true);
      const isSame = now.state === state || now.partitionsFound !== undefined;
      if (hold.value !== undefined || !isSame) return ok(false);
      const copies = await Promise.all(now.copies.map((copy) => this.#store.delete(copy.id, { signal })));
      const failed = copies.find((copy) => copy.isErr());
      if (!failed?.isErr()) return ok(true);
      return failed.error.name === 'InvalidBackupState' ? ok(false) : err(failed.error);
    });
  }

  #sweep(): ResultAsync<SweepReport | undefined, PruneError> {
    const { sweep, sweepGracePeriodMs: gracePeriodMs, dryRun, signal } = this.#options;
    if (sweep !== true || this.#store.sweep === undefined) return okAsync(undefined);
    return this.#store.sweep({ gracePeriodMs, dryRun, signal });
  }

  #list(query: BackupQuery) {
    return this.#store.list(query, { signal: this.#options.signal });
  }
}
