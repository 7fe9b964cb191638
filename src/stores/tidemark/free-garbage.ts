// The part of a sweep that deletes. Only behind an announcement, after it saw no attempt, and with every manifest that
// was there then; it gives way to a save that begins meanwhile.
import { err, ok, type ResultAsync } from 'neverthrow';
import { withDeadline } from '../../core/deadline.ts';
import type { StoreError } from '../../core/errors.ts';
import { OBJECTS_PER_REQUEST_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { PartitionSweep, SweepHindrance } from '../../ports/backup-store.ts';
import type { ObjectInfo } from '../../ports/object-storage.ts';
import { anyAttempt } from './dead-attempts.ts';
import type { Layout } from './layout.ts';
import { type ChunksOfPartition, Sum, sortChunks } from './sort-chunks.ts';
import { announced, type SweepAnnouncement } from './sweep-announcement.ts';

export interface GarbageOfPartition extends ChunksOfPartition {
  /** Lists the manifests again and takes in the new ones. */
  readonly readAgain: () => ResultAsync<void, StoreError>;
}

type Freed = Pick<PartitionSweep, 'freed' | 'waitingFor'>;

export function freeGarbage(layout: Layout, garbage: GarbageOfPartition): ResultAsync<Freed, StoreError> {
  const { partitionId, signal } = garbage;
  return announced(layout, partitionId, signal, (announcement) =>
    new Freeing(layout, garbage, announcement).run(),
  );
}

class Freeing {
  readonly #layout: Layout;
  readonly #garbage: GarbageOfPartition;
  readonly #announcement: SweepAnnouncement;
  readonly #freed = new Sum();
  #waiting: readonly ObjectInfo[] = [];
  #hindrance: SweepHindrance | undefined;

  constructor(layout: Layout, garbage: GarbageOfPartition, announcement: SweepAnnouncement) {
    this.#layout = layout;
    this.#garbage = garbage;
    this.#announcement = announcement;
  }

  run(): ResultAsync<Freed, StoreError> {
    return fromAsync<Freed, StoreError>(async () => {
      const { used, readAgain } = this.#garbage;
      const free = await this.#mayGoOn();
      if (free.isErr()) return err(free.error);
      if (!free.value) return ok(this.#outcome());
      const read = await readAgain();
      if (read.isErr()) return err(read.error);
      if (used.unreadable !== undefined) return ok({ ...this.#outcome(), waitingFor: used.unreadable });
      const sorted = await sortChunks(this.#layout, this.#garbage, (found) => this.#take(found));
      if (sorted.isErr()) return err(sorted.error);
      const last = this.#hindrance === undefined ? await this.#delete() : ok();
      return last.isErr() ? err(last.error) : ok(this.#outcome());
    });
  }

  #outcome(): Freed {
    const freed = this.#freed.value;
    return this.#hindrance === undefined ? { freed } : { freed, waitingFor: this.#hindrance };
  }

  /** Deletes when there is a whole request's worth. */
  #take(found: readonly ObjectInfo[]): ResultAsync<'go on' | 'stop', StoreError> {
    return fromAsync<'go on' | 'stop', StoreError>(async () => {
      this.#waiting = [...this.#waiting, ...found];
      if (this.#waiting.length < OBJECTS_PER_REQUEST_MAX) return ok('go on');
      const deleted = await this.#delete();
      if (deleted.isErr()) return err(deleted.error);
      return ok(this.#hindrance === undefined ? 'go on' : 'stop');
    });
  }

  #delete(): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const { storage, clock } = this.#layout;
      while (this.#waiting.length > 0) {
        const free = await this.#mayGoOn();
        if (free.isErr()) return err(free.error);
        if (!free.value) return ok();
        const batch = this.#waiting.slice(0, OBJECTS_PER_REQUEST_MAX);
        const keys = batch.map(({ key }) => key);
        const { signal } = this.#garbage;
        const limit = { operation: 'delete chunks', timeoutMs: this.#announcement.deletesForMs(), signal };
        const deleted = await withDeadline(clock, limit, (until) => storage.delete(keys, { signal: until }));
        if (deleted.isErr()) return err(deleted.error);
        for (const object of batch) this.#freed.add(object);
        this.#waiting = this.#waiting.slice(OBJECTS_PER_REQUEST_MAX);
      }
      return ok();
    });
  }

  /** Whether nobody saves in this partition, and our announcement counts long enough. */
  #mayGoOn(): ResultAsync<boolean, StoreError> {
    const { partitionId, signal } = this.#garbage;
    return anyAttempt(this.#layout, partitionId, signal).map((id) => {
      if (id !== undefined) this.#hindrance = { kind: 'attempt', id };
      else if (this.#announcement.deletesForMs() <= 0) this.#hindrance = { kind: 'time' };
      return this.#hindrance === undefined;
    });
  }
}
