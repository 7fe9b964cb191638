// The demo's view of tidemark's management API: trigger a backup and watch it.
import { setTimeout as sleep } from 'node:timers/promises';
import { checkpointId, systemClock } from 'tidemark';
import { type BackupInfo, ManagementClient, type PartitionBackupInfo } from 'tidemark/management';
import { bar } from './show.ts';

/** The cut of a backup: the checkpoint's position in each partition's log. */
export type Cut = ReadonlyMap<number, bigint>;

const POLL_MS = 100;
const TIMEOUT_MS = 60_000;

/** Triggers a backup of the cluster and waits until it is COMPLETED. `onState` hears how each partition does. */
export async function takeBackup(url: string, id: number, onState: (state: string) => void): Promise<Cut> {
  const client = new ManagementClient({ fetch, clock: systemClock }, { url });
  const triggered = await client.trigger(checkpointId(id));
  if (triggered.isErr()) throw triggered.error;
  const deadline = performance.now() + TIMEOUT_MS;
  while (performance.now() < deadline) {
    const status = await client.status(checkpointId(id));
    if (status.isErr()) throw status.error;
    const { state, details } = status.value;
    if (state === 'COMPLETED') return cutOf(status.value);
    if (state === 'FAILED') throw new Error(`backup ${id} failed: ${status.value.failureReason}`);
    onState(details.map(showPartition).join('  '));
    await sleep(POLL_MS);
  }
  throw new Error(`backup ${id} is not COMPLETED after ${TIMEOUT_MS / 1000} s`);
}

function cutOf({ details }: BackupInfo): Cut {
  return new Map(
    details.map(({ partitionId, checkpointPosition }) => [partitionId, BigInt(checkpointPosition ?? 0)]),
  );
}

function showPartition({ partitionId, state, progress }: PartitionBackupInfo): string {
  if (progress === undefined) return `${partitionId} ${state}`;
  return `${partitionId} ${bar(progress.bytesDone, progress.bytesTotal)}`;
}
