// The saves that run in this store: their terms, which Zeebe's manifests have no place for, and one change of state at
// a time for each of them. Knows nothing of what other processes do.
import pLimit from 'p-limit';
import type { BackupId } from '../../core/backup.ts';
import { manifestKey } from './keys.ts';

export interface RunningSave {
  readonly term: bigint;
  /** Fires when the copy was marked failed: the save need not go on. */
  readonly calledOff: AbortController;
  readonly changes: ReturnType<typeof pLimit>;
}

export class RunningSaves {
  readonly #saves = new Map<string, RunningSave>();

  start(id: BackupId, term: bigint): RunningSave {
    const save = { term, calledOff: new AbortController(), changes: pLimit(1) };
    this.#saves.set(manifestKey('flat', id), save);
    return save;
  }

  find(id: BackupId): RunningSave | undefined {
    return this.#saves.get(manifestKey('flat', id));
  }

  end(id: BackupId, save: RunningSave): void {
    if (this.find(id) === save) this.#saves.delete(manifestKey('flat', id));
  }

  /** Runs a change of the copy's state while no other change of it runs in this store. */
  change<T>(id: BackupId, run: () => PromiseLike<T>): Promise<T> {
    const save = this.find(id);
    return save === undefined ? Promise.resolve(run()) : save.changes(run);
  }
}
