// Where a partition's state comes from at the start: the live database when there is one, else the newest snapshot,
// else nothing. The log fills in the rest. That is also how a restored partition starts.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PartitionState } from './partition-state.ts';
import { type SnapshotDirectory, STATE_FILE } from './snapshots.ts';

/**
 * Opens the state of the partition in `directory`. `isLive` tells that it is the database the partition ran on:
 * what the log has beyond it was never processed before.
 */
export function recoverState(
  directory: string,
  snapshots: SnapshotDirectory,
): { state: PartitionState; isLive: boolean } {
  const live = join(directory, 'state');
  const path = join(live, STATE_FILE);
  const isLive = existsSync(path);
  if (!isLive) {
    mkdirSync(live, { recursive: true });
    const newest = snapshots.all.at(-1);
    if (newest !== undefined) {
      // By a rename, so that a crash in the midst of it leaves no half a database behind.
      rmSync(`${path}.new`, { force: true });
      copyFileSync(newest.path, `${path}.new`);
      renameSync(`${path}.new`, path);
    }
  }
  return { state: new PartitionState(path), isLive };
}
