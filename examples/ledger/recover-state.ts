// Where a partition's state comes from at the start: the live database when there is one, else the newest snapshot,
// else nothing. The log fills in the rest. That is also how a restored partition starts.
import { join } from 'node:path';
import type { LedgerEnvironment } from './environment.ts';
import type { LedgerState } from './ledger-state.ts';
import { type SnapshotDirectory, STATE_FILE } from './snapshots.ts';

/**
 * Opens the state of the partition in `directory`. `isLive` tells that it is the database the partition ran on:
 * what the log has beyond it was never processed before. A power cut may leave that database behind a snapshot, which
 * is always synced, and behind what the log still holds: then the snapshot is where it goes on from.
 */
export function recoverState(
  { disk, openState }: Pick<LedgerEnvironment, 'disk' | 'openState'>,
  directory: string,
  snapshots: SnapshotDirectory,
): { state: LedgerState; isLive: boolean } {
  const live = join(directory, 'state');
  const path = join(live, STATE_FILE);
  const newest = snapshots.all.at(-1);
  const isLive = disk.exists(path);
  if (isLive) {
    const state = openState(path);
    if (newest === undefined || state.processed >= newest.position) return { state, isLive };
    state.close();
    disk.remove(live);
  }
  disk.makeDirectory(live);
  if (newest !== undefined) {
    // By a rename, so that a crash in the midst of it leaves no half a database behind.
    disk.remove(`${path}.new`);
    disk.copy(newest.path, `${path}.new`);
    disk.rename(`${path}.new`, path);
  }
  return { state: openState(path), isLive };
}
