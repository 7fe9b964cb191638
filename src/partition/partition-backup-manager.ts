// Backups of one partition, on its leader: takes them, tells how they are doing, deletes them. It never lets a
// failing store reach the broker: everything it does is asynchronous and ends as a Result.
import { err, ok, ResultAsync } from 'neverthrow';
import type { BackupId } from '../core/backup.ts';
import { withDeadline } from '../core/deadline.ts';
import { Aborted, type BackupError } from '../core/errors.ts';
import { type CheckpointId, INT64_MAX } from '../core/ids.ts';
import { contain, fromAsync } from '../core/result.ts';
import { type BackupStatus, bestStatus } from '../core/status.ts';
import { tell } from '../core/tell.ts';
import type {
  CallOptions,
  DeleteBackupError,
  ListBackupsError,
  MarkFailedError,
} from '../ports/backup-store.ts';
import type { ListBackupsQuery } from '../ports/cluster.ts';
import type { CheckpointState } from '../ports/partition.ts';
import type { PartitionBackupEvent } from '../ports/telemetry.ts';
import {
  type PartitionBackupComponents,
  type PartitionBackupSettings,
  runAttempt,
  type TakeBackupError,
  type TakeOutcome,
} from './backup-attempt.ts';
import { LocalAttempts } from './local-attempts.ts';

/** How long a delete waits for the end of the save that it called off. */
const LAST_WORDS_MS = 15_000;

/**
 * Takes and keeps the backups of one partition. Make one when the partition becomes leader and close it when it
 * stops being so. Methods may be called at any time and at once.
 */
export class PartitionBackupManager {
  readonly #components: PartitionBackupComponents;
  readonly #settings: PartitionBackupSettings;
  readonly #attempts = new LocalAttempts();
  readonly #closing = new AbortController();
  #orphansSettled = false;

  constructor(components: PartitionBackupComponents, settings: PartitionBackupSettings) {
    this.#components = components;
    this.#settings = settings;
  }

  /**
   * Takes the backup of a checkpoint; call it once the CREATED is committed, and do not wait for it in the
   * broker's path. A backup that is COMPLETED already is a success, so it may be called again after a restart. A
   * marker is a success too, and nothing is done.
   */
  take(checkpoint: CheckpointState): ResultAsync<TakeOutcome, TakeBackupError> {
    return fromAsync<TakeOutcome, TakeBackupError>(async () => {
      if (checkpoint.type === 'marker') return ok('marker');
      if (this.#closing.signal.aborted) return err(new Aborted('take backup'));
      const id = this.#id(checkpoint.checkpointId);
      const running = this.#attempts.running(checkpoint.checkpointId);
      if (running !== undefined) return running.result;
      const controller = new AbortController();
      const signal = AbortSignal.any([controller.signal, this.#closing.signal]);
      const attempt = runAttempt(this.#components, this.#settings, {
        id,
        checkpoint,
        signal,
        onProgress: (progress) => {
          this.#attempts.progressed(checkpoint.checkpointId, progress);
          this.#tell({ type: 'progress', id, progress });
        },
        tell: (event) => this.#tell(event),
        onSaving: (ended) => this.#attempts.saving(checkpoint.checkpointId, ended),
      });
      const started = this.#components.clock.monotonic();
      this.#attempts.start(checkpoint.checkpointId, this.#components.clock.now(), attempt, controller);
      this.#tell({ type: 'started', id });
      let failureReason: string | undefined = 'it ended by a bug';
      try {
        const result = await attempt;
        failureReason = result.isErr() ? result.error.message : undefined;
        const durationMs = this.#components.clock.monotonic() - started;
        if (result.isErr()) this.#tellFailed(id, result.error, durationMs);
        else this.#tell({ type: 'completed', id, outcome: result.value, durationMs });
      } finally {
        this.#attempts.end(checkpoint.checkpointId, failureReason);
      }
      const result = await attempt;
      if (result.isOk() && !this.#orphansSettled) await this.#settleOrphansLater();
      return result;
    });
  }

  /** The state of the partition's backup: its best copy, with live progress while this leader is taking it. */
  status(checkpointId: CheckpointId, options: CallOptions = {}): ResultAsync<BackupStatus, ListBackupsError> {
    return fromAsync(async () => {
      const id = this.#id(checkpointId);
      const query = { checkpointId, partitionId: this.#settings.partitionId, details: true };
      const page = await contain('list', () => this.#components.store.list(query, options));
      if (page.isErr()) {
        const local = this.#attempts.status(id);
        return local?.statusCode === 'IN_PROGRESS' ? ok(local) : err(page.error);
      }
      const stored = bestStatus(page.value.backups) ?? { id, statusCode: 'DOES_NOT_EXIST' as const };
      return ok(this.#attempts.overlay(stored, id));
    });
  }

  /**
   * The partition's backups, newest first, one row per copy. Rows hold what the names in the store tell; only for
   * failed ones is the reason read.
   */
  list(
    query: ListBackupsQuery = {},
    options: CallOptions = {},
  ): ResultAsync<readonly BackupStatus[], ListBackupsError> {
    return fromAsync(async () => {
      const { store } = this.#components;
      const ofPartition = { ...query, partitionId: this.#settings.partitionId };
      const page = await contain('list', () => store.list(ofPartition, options));
      if (page.isErr()) return err(page.error);
      const rows: BackupStatus[] = [];
      for (const row of page.value.backups) {
        if (row.statusCode !== 'FAILED') {
          rows.push(this.#attempts.overlay(row, this.#id(row.id.checkpointId)));
          continue;
        }
        const detailed = await contain('list', () => store.list({ ...row.id, details: true }, options));
        if (detailed.isErr()) return err(detailed.error);
        rows.push(detailed.value.backups[0] ?? row);
      }
      return ok(rows);
    });
  }

  /** Deletes every copy of a backup; calls off the attempt first when it is running. Absent is success. */
  delete(
    checkpointId: CheckpointId,
    options: CallOptions = {},
  ): ResultAsync<void, DeleteBackupError | MarkFailedError | ListBackupsError> {
    const { clock } = this.#components;
    const begunAt = clock.monotonic();
    const told = (error?: BackupError) => {
      const event = { type: 'deleted' as const, id: this.#id(checkpointId) };
      const durationMs = clock.monotonic() - begunAt;
      this.#tell({ ...event, durationMs, ...(error === undefined ? {} : { error }) });
    };
    return this.#delete(checkpointId, options)
      .andTee(() => told())
      .orTee(told);
  }

  #delete(
    checkpointId: CheckpointId,
    options: CallOptions,
  ): ResultAsync<void, DeleteBackupError | MarkFailedError | ListBackupsError> {
    return fromAsync<void, DeleteBackupError | MarkFailedError | ListBackupsError>(async () => {
      const { store, clock } = this.#components;
      const { saving } = await this.#attempts.callOff(checkpointId);
      // A save that writes its last words holds its own copy: a delete beside it would be refused.
      const limit = { operation: 'delete backup', timeoutMs: LAST_WORDS_MS, signal: options.signal };
      const ended = await withDeadline(clock, limit, () => ResultAsync.fromSafePromise(saving));
      if (ended.isErr()) return err(ended.error);
      const query = { checkpointId, partitionId: this.#settings.partitionId };
      const page = await contain('list', () => store.list(query, options));
      if (page.isErr()) return err(page.error);
      for (const { id, statusCode } of page.value.backups) {
        if (statusCode === 'IN_PROGRESS') {
          const reason = 'The backup is going to be deleted.';
          const call = { ...options, term: INT64_MAX };
          const marked = await contain('mark failed', () => store.markFailed(id, reason, call));
          if (marked.isErr()) return err(marked.error);
        }
        const deleted = await contain('delete', () => store.delete(id, options));
        if (deleted.isErr()) return err(deleted.error);
      }
      this.#attempts.forget(checkpointId);
      return ok(undefined);
    });
  }

  /**
   * Ends every attempt that an earlier leader left unfinished, as FAILED, and tells how many. A new leader calls
   * it after replay. When the store is down, or a writer may be publishing at this moment, it is tried again after the
   * next backup.
   */
  settleOrphans(options: CallOptions = {}): ResultAsync<number, ListBackupsError | MarkFailedError> {
    return fromAsync(async () => {
      const { store, logger } = this.#components;
      const { partitionId, term } = this.#settings;
      const unsettled = await contain('list unsettled', () => store.unsettled(partitionId, options));
      if (unsettled.isErr()) return err(unsettled.error);
      let settled = 0;
      let publishing = 0;
      for (const attempt of unsettled.value) {
        const own = attempt.term === term && this.#attempts.running(attempt.id.checkpointId) !== undefined;
        if (attempt.term > term || own) continue;
        const reason = `The backup was called off because the leader changed: term ${attempt.term} to ${term}.`;
        const call = { ...options, term: attempt.term };
        const marked = await contain('mark failed', () => store.markFailed(attempt.id, reason, call));
        if (marked.isErr()) return err(marked.error);
        if (marked.value === 'IN_PROGRESS') {
          publishing += 1;
          continue;
        }
        settled += 1;
        logger.warn(
          { ...attempt.id, term: attempt.term },
          'settled a backup that an earlier leader left unfinished',
        );
      }
      this.#orphansSettled = publishing === 0;
      return ok(settled);
    });
  }

  /** Calls off what is running and waits until its pins are released. The store stays open. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#attempts.ended();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #settleOrphansLater(): Promise<void> {
    const settled = await this.settleOrphans({ signal: this.#closing.signal });
    if (settled.isErr())
      this.#components.logger.warn({ err: settled.error }, 'could not settle unfinished backups');
  }

  #id(checkpointId: CheckpointId): BackupId {
    return { checkpointId, partitionId: this.#settings.partitionId, nodeId: this.#settings.nodeId };
  }

  #tellFailed(id: BackupId, error: BackupError, durationMs: number): void {
    this.#components.logger.warn({ ...id, err: error, durationMs }, 'the partition backup failed');
    this.#tell({ type: 'failed', id, error, durationMs });
  }

  /** An observer must not throw. One that does must not end a backup, or the process, all the same. */
  #tell(event: PartitionBackupEvent): void {
    const { observer, logger } = this.#components;
    tell(observer, event, (cause) =>
      logger.error({ ...event.id, event: event.type, err: cause }, 'an observer threw'),
    );
  }
}
