// The end of a run, in calm: everything that was begun ends, leaders settle what others left, and then each backup is
// looked at, restored and run on.

import { checkpointId } from '../../src/core/ids.ts';
import { SWEEP_COUNTS_MS } from '../../src/core/limits.ts';
import { checkTogether } from './checkers/cut-check.ts';
import type { MemoryState, StateData } from './memory-state.ts';
import { checkPoints } from './points.ts';
import { assertRefused, type RestoreOperator, restoreAndCheck } from './restore.ts';
import { runOn } from './run-on.ts';
import * as settings from './settings.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Surroundings } from './surroundings.ts';
import { hold } from './violation.ts';
import type { Workload } from './workload.ts';

const END = 'everything comes to an end' as const;

export async function checkEnd(
  around: Surroundings,
  cluster: SimulatedCluster,
  workload: Workload,
  operator: RestoreOperator,
): Promise<void> {
  await comeToRest(around, cluster, workload);
  await settle(around, cluster, operator);
  const last = await checkBackups(around, workload, operator);
  if (around.settings.pointsInTime) await checkPoints(around, operator);
  await shutDown(around, cluster);
  await checkGarbage(around, operator);
  if (last !== undefined && around.chance.is(0.4)) await runOn(around, last, workload.lastId);
  else if (around.chance.is(0.5)) await checkNothingStays(around, workload, operator);
  hold(operator.process.sleeping === 0, 'nothing is left behind', () => 'a timer of the restore');
}

/** Waits for everybody, brings back who is down, and tells old leaders that they are so no more. */
export async function comeToRest(
  around: Surroundings,
  cluster: SimulatedCluster,
  workload: Workload,
): Promise<void> {
  const { scheduler } = around;
  for (const node of cluster.nodes) cluster.restart(node.nodeId);
  await scheduler.pass(4_000);
  for (const leader of cluster.all) {
    if (leader.node.process.alive && cluster.leaders.get(leader.partitionId) !== leader) {
      void leader.node.resign(leader).catch(around.report);
    }
  }
  hold(await scheduler.run(() => workload.isIdle, 120_000), END, () => 'a client waits for ever');
  const isSettled = () => [...statesOf(cluster).values()].every((state) => state.pending.size === 0);
  hold(await scheduler.run(isSettled, 60_000), END, () => 'a transfer stays in flight');
  // The last transfer to arrive may force a checkpoint there, and a broker that takes late begins its backup now.
  await scheduler.pass(1_000);
  const isQuiet = () =>
    cluster.all.every((leader) => !leader.node.process.alive || leader.running.size === 0);
  hold(
    await scheduler.run(isQuiet, 2 * settings.BACKUP_DEADLINE_MS_MAX),
    END,
    () => 'a backup runs for ever',
  );
  checkTogether('the running cluster', statesOf(cluster));
}

export function statesOf(cluster: SimulatedCluster): Map<number, StateData> {
  const states = new Map<number, StateData>();
  for (const [partitionId, { led }] of cluster.leaders) {
    if (led !== undefined) states.set(partitionId, (led.partition.state as MemoryState).data);
  }
  return states;
}

/** What nobody ended goes stale, and the leaders settle it. Then nothing is unsettled. */
async function settle(
  around: Surroundings,
  cluster: SimulatedCluster,
  { store }: RestoreOperator,
): Promise<void> {
  const { scheduler } = around;
  await scheduler.pass(2 * settings.STALE_AFTER_MS);
  for (const { led, partitionId } of cluster.leaders.values()) {
    const settled = await inTime(
      around,
      led?.backups?.settleOrphans() ?? Promise.reject(new Error('no leader')),
    );
    hold(
      settled.isOk(),
      END,
      () => `orphans of ${partitionId}: ${settled.isErr() ? settled.error.message : ''}`,
    );
    const left = (await store.unsettled(partitionId))._unsafeUnwrap();
    hold(left.length === 0, 'nothing is left behind', () => `unsettled attempts of partition ${partitionId}`);
  }
}

/** Restores what is completed. Gives the files of the newest one. */
async function checkBackups(around: Surroundings, workload: Workload, operator: RestoreOperator) {
  const { partitions } = around.settings;
  let newest: Awaited<ReturnType<typeof restoreAndCheck>> | undefined;
  for (let number = 1; number <= workload.lastId; number += 1) {
    const id = checkpointId(number);
    const rows = (await operator.store.list({ checkpointId: id, details: true }))._unsafeUnwrap().backups;
    for (const row of rows) {
      hold(row.statusCode !== 'IN_PROGRESS', END, () => `backup ${id} of partition ${row.id.partitionId}`);
      const isReasonable = row.statusCode !== 'FAILED' || (row.failureReason ?? '') !== '';
      hold(isReasonable, 'the status tells what is stored', () => `backup ${id} failed without a reason`);
    }
    const told = await inTime(around, workload.backups.status(id));
    const state = told.isOk() ? told.value.state : 'unknown';
    const completed = new Set(
      rows.filter((row) => row.statusCode === 'COMPLETED').map((row) => row.id.partitionId),
    );
    const isWhole = completed.size === partitions;
    hold(
      (state === 'COMPLETED') === isWhole,
      'the status tells what is stored',
      () => `backup ${id} is ${state} with ${completed.size} of ${partitions} partitions`,
    );
    hold(
      isWhole || workload.statuses.last(id) !== 'COMPLETED' || around.watch.deleting.has(id),
      'completed is final',
      () => `backup ${id} was told COMPLETED and is gone`,
    );
    if (!isWhole) {
      await assertRefused(around, operator, id);
      continue;
    }
    around.totals['cluster backups completed'] += 1;
    newest = await restoreAndCheck(around, operator, id);
  }
  return newest;
}

/** Two sweeps take all that no backup needs. Announcements of sweepers that died have stopped to count by then. */
async function checkGarbage(around: Surroundings, { store }: RestoreOperator): Promise<void> {
  await around.scheduler.pass(SWEEP_COUNTS_MS + 60_000);
  for (let time = 1; time <= 2; time += 1) {
    const swept = await inTime(around, store.sweep({ gracePeriodMs: settings.SWEEP_GRACE_MS }));
    hold(swept.isOk(), END, () => `the sweep: ${swept.isErr() ? swept.error.message : ''}`);
  }
  const left = around.watch.garbage();
  hold(left.length === 0, 'nothing is left behind', () => `after two sweeps: ${left.join(' ')}`);
}

async function shutDown(around: Surroundings, cluster: SimulatedCluster): Promise<void> {
  for (const node of cluster.nodes) {
    for (const leader of node.leaders.values()) await inTime(around, node.resign(leader));
    await inTime(around, node.store.close());
  }
  await around.scheduler.pass(20_000);
  const processes = new Set(cluster.all.map((leader) => leader.node.process));
  for (const process of processes) assertNoTimer(process);
}

function assertNoTimer(process: SimulatedProcess): void {
  hold(
    !process.alive || process.sleeping === 0,
    'nothing is left behind',
    () => `${process.sleeping} timers of ${process.name}`,
  );
}

/** Everything can be deleted, and then only chunks stay: no manifest, no attempt, no mark. */
async function checkNothingStays(
  around: Surroundings,
  workload: Workload,
  { store }: RestoreOperator,
): Promise<void> {
  for (let number = 1; number <= workload.lastId; number += 1) {
    const id = checkpointId(number);
    around.watch.deleting.add(id);
    for (const row of (await store.list({ checkpointId: id }))._unsafeUnwrap().backups) {
      const done = await store.delete(row.id);
      hold(done.isOk(), END, () => `backup ${id} cannot be deleted`);
    }
  }
  const all = (await around.bucket.list(''))._unsafeUnwrap().objects.map(({ key }) => key);
  const left = all.filter((key) => !/\/chunks\/|\.seal$|^cluster\.json$/.test(key));
  hold(left.length === 0, 'nothing is left behind', () => left.join(' '));
}

/** Lets time pass until `work` has ended. */
export async function inTime<T>({ scheduler }: Surroundings, work: PromiseLike<T>): Promise<T> {
  let ended = false;
  const watched = Promise.resolve(work).finally(() => {
    ended = true;
  });
  watched.catch(() => {});
  hold(await scheduler.run(() => ended, 120_000), END, () => 'a call of the end waits for ever');
  return watched;
}
