// A restored cluster must be one that works: its brokers start on what was restored, transfers that were in flight
// arrive, new ones are made, and the next backup completes.
import { checkpointId } from '../../src/core/ids.ts';
import { checkTogether, type RestoredFiles } from './checkers/cut-check.ts';
import { comeToRest, inTime, statesOf } from './end-of-run.ts';
import { BlankBook } from './log-book.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import type { DiskFile } from './simulated-disk.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Surroundings } from './surroundings.ts';
import { hold } from './violation.ts';
import { Workload } from './workload.ts';

const WORKS = 'what is completed can be restored' as const;

export async function runOn(
  past: Surroundings,
  restored: readonly RestoredFiles[],
  lastId: number,
): Promise<void> {
  // What the old cluster committed behind the checkpoint is no more.
  const around: Surroundings = {
    ...past,
    book: new BlankBook(past.settings.partitions),
    settings: { ...past.settings, takesLate: false },
  };
  const cluster = new SimulatedCluster(around);
  const disks = new Map(
    restored.map(({ partitionId, files }) => [
      partitionId,
      (process: SimulatedProcess) => {
        const disk = cluster.emptyDisk(process);
        for (const [path, bytes] of files)
          disk.files.set(`/partitions/${partitionId}/${path}`, fileOf(bytes));
        return disk;
      },
    ]),
  );
  const workload = new Workload(around, cluster, lastId + 1);
  await cluster.start(disks);
  for (let count = 0; count < 10; count += 1) workload.transfer();
  workload.trigger();
  await comeToRest(around, cluster, workload);
  checkTogether('the restored cluster', statesOf(cluster));
  const id = checkpointId(workload.lastId);
  const told = await inTime(around, workload.backups.status(id));
  const state = told.isOk() ? told.value.state : told.error.message;
  hold(state === 'COMPLETED', WORKS, () => `the first backup after the restore is ${state}`);
  for (const { node } of cluster.all) node.process.kill();
  past.totals['clusters run on'] += 1;
}

function fileOf(bytes: Buffer): DiskFile {
  return { bytes: Buffer.from(bytes), durable: bytes.length };
}
