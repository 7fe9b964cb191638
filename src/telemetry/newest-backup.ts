// When the newest completed backup of a partition was begun: read from the store's listing once, and kept by the
// events from then on. It keeps nobody waiting, and a store that is down is asked again at a later collection.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import { BACKUPS_PER_PAGE } from '../core/limits.ts';
import { contain, fromAsync } from '../core/result.ts';
import type { BackupStore, ListBackupsError } from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type { Logger } from '../ports/telemetry.ts';

export interface NewestBackupComponents {
  readonly store: Pick<BackupStore, 'list'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** So long a store that could not be listed is left alone. */
const ASK_AGAIN_MS = 60_000;

export class NewestBackup {
  readonly #components: NewestBackupComponents;
  readonly #partitionId: PartitionId;
  readonly #closing = new AbortController();
  /** Undefined: not known yet. Null: there is none. */
  #begunAtMs: number | null | undefined;
  #duringRead: number | undefined;
  #reading: Promise<void> | undefined;
  #mustReadAgain = false;
  #askedAt: number | undefined;

  constructor(components: NewestBackupComponents, partitionId: PartitionId) {
    this.#components = components;
    this.#partitionId = partitionId;
  }

  /** The age in milliseconds; null when there is no backup, undefined while that is not known. */
  age(): number | null | undefined {
    const begunAtMs = this.#begunAtMs;
    if (begunAtMs === undefined) this.#askAgain();
    // A clock that was ahead when the backup was begun makes it no younger than now.
    return typeof begunAtMs === 'number' ? Math.max(0, this.#components.clock.now() - begunAtMs) : begunAtMs;
  }

  /** A backup was completed by this node. */
  completed(begunAtMs: number): void {
    this.#begunAtMs = Math.max(this.#begunAtMs ?? begunAtMs, begunAtMs);
    this.#duringRead = this.#begunAtMs;
  }

  /** Reads the listing, in the background. Once more when it is asked for meanwhile. */
  read(): void {
    if (this.#closing.signal.aborted) return;
    if (this.#reading !== undefined) {
      this.#mustReadAgain = true;
      return;
    }
    this.#askedAt = this.#components.clock.monotonic();
    this.#duringRead = undefined;
    this.#reading = this.#readOnce().finally(() => {
      this.#reading = undefined;
      if (!this.#mustReadAgain) return;
      this.#mustReadAgain = false;
      this.read();
    });
  }

  /** Ends a reading that is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#reading;
  }

  #askAgain(): void {
    const { clock } = this.#components;
    if (this.#askedAt !== undefined && clock.monotonic() - this.#askedAt >= ASK_AGAIN_MS) this.read();
  }

  async #readOnce(): Promise<void> {
    const found = await contain('list', () => this.#newest());
    if (found.isErr()) {
      if (this.#closing.signal.aborted) return;
      const fields = { partitionId: this.#partitionId, err: found.error };
      this.#components.logger.warn(
        fields,
        'the age of the newest backup is not known; the store is asked again',
      );
      return;
    }
    const listed = found.value ?? this.#duringRead ?? null;
    this.#begunAtMs = listed === null ? null : Math.max(listed, this.#duringRead ?? listed);
  }

  #newest(): ResultAsync<number | undefined, ListBackupsError> {
    return fromAsync<number | undefined, ListBackupsError>(async () => {
      const { signal } = this.#closing;
      const query = { partitionId: this.#partitionId, limit: BACKUPS_PER_PAGE };
      let before: CheckpointId | undefined;
      for (;;) {
        const page = await this.#components.store.list({ ...query, before }, { signal });
        if (page.isErr()) return err(page.error);
        for (const { statusCode, createdAt, lastModified } of page.value.backups) {
          const begunAtMs = Date.parse(createdAt ?? lastModified ?? '');
          if (statusCode === 'COMPLETED' && !Number.isNaN(begunAtMs)) return ok(begunAtMs);
        }
        before = page.value.next;
        if (before === undefined) return ok(undefined);
      }
    });
  }
}
