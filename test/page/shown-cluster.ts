// A cluster in memory in an interesting hour: completed, running, failed and partly triggered backups, with
// reasons that were written by somebody who means harm. The real handler and a real server tell of it.
import { okAsync } from 'neverthrow';
import {
  type ManagementHandlerOptions,
  type ManagementServer,
  managementHandler,
  startManagementServer,
} from 'tidemark/management';
import { ClusterBackups } from '../../src/cluster/cluster-backups.ts';
import { BackupNotPossible, StoreUnavailable } from '../../src/core/errors.ts';
import { type CheckpointId, checkpointId } from '../../src/core/ids.ts';
import type { RestorablePoint, RestorableRanges } from '../../src/core/restorable-ranges.ts';
import type { BackupStatus } from '../../src/core/status.ts';
import type { BackupOperations } from '../../src/management/backup-operations.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { FakeCluster } from '../cluster/fake-cluster.ts';

export const HOSTILE =
  '<img src=x onerror="window.harmed=1"></script><script>window.harmed=1</script>{"backupId":1} ' +
  '\u202etxt.exe "quotes" \'and\' &lt;entities&gt;';
/** More digits than a double keeps. */
export const HUGE = 9_007_199_254_740_993n;
const HOUR = 3_600_000;
const MIB = 1024 * 1024;

export interface ShownCluster {
  readonly cluster: FakeCluster;
  readonly ids: { readonly running: number; readonly failed: number; readonly partly: number };
  serve(options?: ManagementHandlerOptions): Promise<ManagementServer>;
}

/** `isHostile`: with what means harm, rather than what happens every day. */
export function shownCluster(nowMs: number, isHostile: boolean): ShownCluster {
  const cluster = new FakeCluster(3);
  const hour = (hours: number) => nowMs - hours * HOUR;
  const at = (ms: number) => new Date(ms).toISOString();
  const whole = (id: number, partitionId: number): void =>
    cluster.put(id, partitionId, 'COMPLETED', {
      createdAt: at(id),
      lastModified: at(id + 42_000),
      descriptor: {
        checkpointPosition: BigInt(90_000 + partitionId),
        brokerVersion: '1.0.0',
        snapshotId: '1-1-1-1',
        numberOfPartitions: 3,
      } as unknown as NonNullable<BackupStatus['descriptor']>,
    });
  const completed = [30, 24, 18, 6, 0.5].map(hour);
  for (const id of completed) for (const partition of [1, 2, 3]) whole(id, partition);
  const failed = hour(12);
  whole(failed, 1);
  const reason = isHostile
    ? HOSTILE
    : new StoreUnavailable('put', 'endpoint=https://s3.internal attempts=5').message;
  cluster.put(failed, 2, 'FAILED', { createdAt: at(failed), failureReason: reason });
  const tooLate = new BackupNotPossible('the oldest snapshot is at 90400, the checkpoint at 90211').message;
  cluster.put(failed, 3, 'FAILED', { createdAt: at(failed), failureReason: tooLate });
  const partly = hour(3);
  whole(partly, 1);
  whole(partly, 3);
  const running = hour(0.01);
  whole(running, 1);
  for (const partition of [2, 3]) {
    const progress = { filesDone: 4, filesTotal: 9, bytesTotal: 640 * MIB, bytesReused: 128 * MIB };
    cluster.put(running, partition, 'IN_PROGRESS', {
      createdAt: at(running),
      progress: { ...progress, bytesDone: partition * 160 * MIB, throttledMs: partition === 3 ? 4_200 : 0 },
    });
  }
  if (isHostile) cluster.put(HUGE, 1, 'COMPLETED');
  const serve = async (options: ManagementHandlerOptions = {}) => {
    const components = { topology: cluster.topology, partitions: cluster.client, clock: systemClock };
    const backups = new ClusterBackups({ ...components, logger: silentLogger });
    const operations: BackupOperations = {
      trigger: backups.trigger.bind(backups),
      status: backups.status.bind(backups),
      list: backups.list.bind(backups),
      delete: backups.delete.bind(backups),
      ranges: () => okAsync(rangesOf(completed)),
    };
    const server = await startManagementServer(managementHandler(operations, options), { port: 0 });
    if (server.isErr()) throw server.error;
    return server.value;
  };
  return { cluster, ids: { running, failed, partly }, serve };
}

function rangesOf([
  first = 0,
  second = 0,
  third = 0,
  fourth = 0,
  last = 0,
]: readonly number[]): RestorableRanges {
  const point = (ms: number, backup: number): RestorablePoint => ({
    checkpointId: checkpointId(ms) as CheckpointId,
    type: ms === backup ? 'backup' : 'marker',
    timestamp: new Date(ms).toISOString(),
    spreadMs: 3,
    backupId: checkpointId(backup) as CheckpointId,
  });
  const reach = { from: point(first - HOUR, first), to: point(third, third) };
  const later = { from: point(fourth - 4 * HOUR, fourth), to: point(last, last) };
  return {
    ranges: [
      { ...reach, points: 78, backups: [first, second, third].map((id) => checkpointId(id)) },
      { ...later, points: 58, backups: [fourth, last].map((id) => checkpointId(id)) },
    ],
    gaps: [{ after: reach.to, before: later.from, reason: 'reach', partitions: [2] }],
  };
}
