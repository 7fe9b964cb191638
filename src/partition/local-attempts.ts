// What only this process knows of its attempts: which run, how far they are, and why the last ones failed even
// if the store could not be told. Bounded: old failures are dropped.
import type { Result, ResultAsync } from 'neverthrow';
import { type BackupId, type Timestamp, timestamp } from '../core/backup.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { BackupProgress, BackupStatus } from '../core/status.ts';
import type { AttemptOutcome, TakeBackupError } from './backup-attempt.ts';

interface RunningAttempt {
  readonly createdAt: Timestamp;
  readonly result: Promise<Result<AttemptOutcome, TakeBackupError>>;
  readonly controller: AbortController;
  /** Settled by `end`, when everything about the attempt is recorded. */
  readonly ended: PromiseWithResolvers<void>;
  progress?: BackupProgress;
  saving?: Promise<unknown>;
}

interface FailedAttempt {
  readonly createdAt: Timestamp;
  readonly failureReason: string;
}

const FAILURES_KEPT = 100;

/** The attempts of one manager, by checkpoint. */
export class LocalAttempts {
  readonly #running = new Map<CheckpointId, RunningAttempt>();
  readonly #failed = new Map<CheckpointId, FailedAttempt>();

  start(
    checkpointId: CheckpointId,
    nowMs: number,
    attempt: ResultAsync<AttemptOutcome, TakeBackupError>,
    controller: AbortController,
  ): void {
    const result = Promise.resolve(attempt);
    // Whoever takes sees what it throws; a second caller may never come to hear it.
    result.catch(() => {});
    const ended = Promise.withResolvers<void>();
    this.#running.set(checkpointId, { createdAt: timestamp(nowMs), result, controller, ended });
  }

  progressed(checkpointId: CheckpointId, progress: BackupProgress): void {
    const attempt = this.#running.get(checkpointId);
    if (attempt !== undefined) attempt.progress = progress;
  }

  saving(checkpointId: CheckpointId, ended: Promise<unknown>): void {
    const attempt = this.#running.get(checkpointId);
    if (attempt !== undefined) attempt.saving = ended;
  }

  end(checkpointId: CheckpointId, failureReason: string | undefined): void {
    const attempt = this.#running.get(checkpointId);
    this.#running.delete(checkpointId);
    attempt?.ended.resolve();
    if (attempt === undefined || failureReason === undefined) return;
    this.#failed.set(checkpointId, { createdAt: attempt.createdAt, failureReason });
    for (const oldest of this.#failed.keys()) {
      if (this.#failed.size <= FAILURES_KEPT) break;
      this.#failed.delete(oldest);
    }
  }

  running(checkpointId: CheckpointId): RunningAttempt | undefined {
    return this.#running.get(checkpointId);
  }

  /** Aborts one attempt and waits for its end. What it gives settles when the store has ended with it, too. */
  async callOff(checkpointId: CheckpointId): Promise<{ readonly saving: Promise<unknown> }> {
    const attempt = this.#running.get(checkpointId);
    attempt?.controller.abort();
    await attempt?.ended.promise;
    return { saving: attempt?.saving ?? Promise.resolve() };
  }

  forget(checkpointId: CheckpointId): void {
    this.#failed.delete(checkpointId);
  }

  /** Resolves when nothing runs. */
  async ended(): Promise<void> {
    await Promise.all([...this.#running.values()].map((attempt) => attempt.ended.promise));
  }

  /** What this process alone can say of a backup. */
  status(id: BackupId): BackupStatus | undefined {
    const running = this.#running.get(id.checkpointId);
    if (running !== undefined) {
      const { createdAt, progress } = running;
      return { id, statusCode: 'IN_PROGRESS', createdAt, ...(progress === undefined ? {} : { progress }) };
    }
    const failed = this.#failed.get(id.checkpointId);
    return failed === undefined ? undefined : { id, statusCode: 'FAILED', ...failed };
  }

  /**
   * Adds to what the store says what only this process knows. What the store calls settled stays so, and a failure that
   * it has recorded is forgotten here: somebody else may delete it.
   */
  overlay(stored: BackupStatus, id: BackupId): BackupStatus {
    if (stored.statusCode === 'FAILED' && stored.id.nodeId === id.nodeId) this.forget(id.checkpointId);
    const local = this.status(id);
    if (local === undefined) return stored;
    if (stored.statusCode === 'DOES_NOT_EXIST') return local;
    if (stored.statusCode !== 'IN_PROGRESS' || stored.id.nodeId !== id.nodeId) return stored;
    return { ...stored, ...local };
  }
}
