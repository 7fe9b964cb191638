// The snapshots of one partition: directories that appear whole by a rename and never change.
// The name starts with the position of the last record whose effects are inside.
import { join } from 'node:path';
import type { LedgerDisk } from './ledger-disk.ts';
import type { LedgerState } from './ledger-state.ts';

export interface Snapshot {
  readonly id: string;
  readonly position: bigint;
  /** The database inside. */
  readonly path: string;
}

export const STATE_FILE = 'state.db';
/** Two: a checkpoint just behind the newest one still finds one strictly below itself. */
const SNAPSHOTS_KEPT = 2;
/** When backups fail the disk must not fill: beyond this many, points in time are given up. */
const SNAPSHOTS_KEPT_MAX = 64;

export class SnapshotDirectory {
  readonly #disk: LedgerDisk;
  readonly #directory: string;
  #snapshots: readonly Snapshot[];

  /** Opens the directory; half-made snapshots are removed. */
  constructor(disk: LedgerDisk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
    disk.makeDirectory(directory);
    for (const name of disk.list(directory)) {
      if (name.startsWith('new-')) disk.remove(join(directory, name));
    }
    this.#snapshots = disk
      .list(directory)
      .filter((id) => /^\d+-\d+$/.test(id) && disk.exists(join(directory, id, STATE_FILE)))
      .map((id) => this.#snapshot(id))
      .sort((a, b) => (a.position < b.position ? -1 : 1));
  }

  /** Oldest first. */
  get all(): readonly Snapshot[] {
    return this.#snapshots;
  }

  /** Takes a snapshot of what the state has committed. The term makes the name unique in the partition's life. */
  take(state: LedgerState, term: bigint): void {
    const position = state.processed;
    if (this.#snapshots.at(-1)?.position === position) return;
    const id = `${position}-${term}`;
    const temporary = join(this.#directory, `new-${id}`);
    this.#disk.makeDirectory(temporary);
    state.copyTo(join(temporary, STATE_FILE));
    this.#disk.sync(join(temporary, STATE_FILE));
    this.#disk.sync(temporary);
    this.#disk.rename(temporary, join(this.#directory, id));
    this.#disk.sync(this.#directory);
    this.#snapshots = [...this.#snapshots, this.#snapshot(id)];
  }

  /**
   * Deletes all but the newest, and returns from which position on the log is still needed. `reachingTo`: the next
   * backup is to reach back to that position, so the newest snapshot below it stays with all above.
   */
  prune(reachingTo?: bigint): bigint {
    const reach = reachingTo ?? this.#snapshots.at(-1)?.position ?? 0n;
    const at = this.#snapshots.findLastIndex(({ position }) => position < reach);
    // Where none is below, the log itself reaches back, from its first record on.
    const needed = at < 0 ? this.#snapshots.length + 1 : this.#snapshots.length - at;
    const kept = Math.min(SNAPSHOTS_KEPT_MAX, Math.max(SNAPSHOTS_KEPT, needed));
    for (const { id } of this.#snapshots.slice(0, -kept)) this.#disk.remove(join(this.#directory, id));
    this.#snapshots = this.#snapshots.slice(-kept);
    const oldest = this.#snapshots[0];
    // With one snapshot alone the whole log stays: the fallback must not hang on a single file.
    return oldest === undefined || this.#snapshots.length < kept ? 1n : oldest.position + 1n;
  }

  #snapshot(id: string): Snapshot {
    return {
      id,
      position: BigInt(id.split('-')[0] ?? 0),
      path: join(this.#directory, id, STATE_FILE),
    };
  }
}
