// The story of the demo, step by step, and the checks that come out of it.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerAudit } from '../ledger/audit.ts';
import type { LedgerCluster } from '../ledger/cluster.ts';
import { type Cut, takeBackup } from './backups.ts';
import { buildIfStale, tidemark } from './command.ts';
import { Load, post } from './load.ts';
import { proveRestored } from './proof.ts';
import { readRestored } from './restored.ts';
import { bar, type Check, kib, money, step } from './show.ts';

const ACCOUNTS = Array.from({ length: 300 }, (_, index) => `account-${index}`);
const OPENING_BALANCE = 1_000_000;
const DEPOSITED = ACCOUNTS.length * OPENING_BALANCE;
const RESTORED_BACKUP = 2;
const RUN_TIMEOUT_MS = 60_000;
const SETTLE_TIMEOUT_MS = 20_000;

interface PartitionDescription {
  readonly partitionId: number;
  readonly position: string;
  readonly snapshots: readonly string[];
  readonly segments: readonly unknown[];
  readonly lastBackup: {
    readonly bytesTotal: number;
    readonly bytesReused: number;
    readonly durationMs: number;
  } | null;
}

/** Runs the demo on a cluster that is not started yet; `home` is its directory. Throws when it cannot go on. */
export async function runDemo(cluster: LedgerCluster, home: string): Promise<Check[]> {
  await startAndBuild(cluster);
  const urls = cluster.nodes.map(({ url }) => url);
  const load = new Load(urls, ACCOUNTS, 'before');
  await openAccounts(urls);
  load.start();
  await warmUp(cluster, load);
  await backUp(cluster, 1);
  await run(load, 'The ledger goes on', 2_000);
  const acknowledged = new Set(load.acknowledged);
  const { cut, reused } = await backUp(cluster, RESTORED_BACKUP);
  await run(load, 'More transfers, which no backup will hold', 1_000);
  await destroy(cluster, load);
  await restore(cluster, home);

  const examining = step('Read what is on disk, with no node running');
  const restored = await readRestored(cluster.nodes, join(home, 'examined'));
  examining.done(
    `${restored.audit.transfers} transfers, ${money(restored.audit.inFlight)} in flight at the cut`,
  );
  const promised = { backupId: RESTORED_BACKUP, cut, sent: load.sent, acknowledged, deposited: DEPOSITED };
  const checks = proveRestored(restored, promised);
  checks.push(await startAgain(cluster, restored.audit));
  const resumed = new Load(urls, ACCOUNTS, 'after');
  resumed.start();
  await run(resumed, 'Transfers again', 1_000);
  const third = await backUp(cluster, 3);
  await resumed.stop();
  const end = await settledAudit(cluster);
  checks.push(
    {
      claim: 'the restored ledger goes on and is backed up',
      numbers: `${resumed.acknowledged.size} transfers more; backup 3 COMPLETED at ${[...third.cut.values()].join(', ')}`,
      holds: resumed.acknowledged.size > 0 && end.total === DEPOSITED && end.inFlight === 0,
    },
    {
      claim: 'the second backup sent only what was new',
      numbers: `${kib(reused.bytesReused)} of ${kib(reused.bytesTotal)} were in the store already`,
      holds: reused.bytesReused > 0,
    },
  );
  return checks;
}

async function startAndBuild(cluster: LedgerCluster): Promise<void> {
  const starting = step('Start 3 nodes with 3 partitions, and build the command if need be');
  const [, built] = await Promise.all([cluster.start(), buildIfStale()]);
  starting.done(`processes ${cluster.nodes.map(({ pid }) => pid).join(', ')}${built ? '; built' : ''}`);
}

async function openAccounts(urls: readonly string[]): Promise<void> {
  const opening = step(`Open ${ACCOUNTS.length} accounts`);
  const body = (id: string) => ({ id, balance: OPENING_BALANCE });
  const answers = await Promise.all(
    ACCOUNTS.map((id, index) => post(`${urls[index % urls.length]}/accounts`, body(id))),
  );
  if (answers.some((status) => status !== 201)) throw new Error('an account could not be opened');
  opening.done(`${money(DEPOSITED)} deposited`);
}

/** Until every partition has a snapshot to start a backup from, and has dropped log that it no longer needs. */
async function warmUp(cluster: LedgerCluster, load: Load): Promise<void> {
  const warming = step('Transfer money until every partition has snapshots and has compacted its log');
  const deadline = performance.now() + RUN_TIMEOUT_MS;
  for (;;) {
    const partitions = await describe(cluster);
    warming.update(`${load.acknowledged.size} transfers`);
    if (partitions.every(({ snapshots }) => snapshots.length >= 2)) break;
    if (performance.now() > deadline) throw new Error('no snapshots after a minute of transfers');
    await sleep(100);
  }
  warming.done(`${load.acknowledged.size} transfers acknowledged`);
}

/** Lets so many transfers happen. */
async function run(load: Load, title: string, transfers: number): Promise<void> {
  const running = step(title);
  const before = load.acknowledged.size;
  const deadline = performance.now() + RUN_TIMEOUT_MS;
  for (let done = 0; done < transfers; done = load.acknowledged.size - before) {
    running.update(`${bar(done, transfers)} ${done} transfers`);
    if (performance.now() > deadline) throw new Error(`only ${done} of ${transfers} transfers in a minute`);
    await sleep(50);
  }
  running.done(`${load.acknowledged.size - before} transfers`);
}

/** Takes a backup under load, and sums up what the nodes say of it. */
async function backUp(cluster: LedgerCluster, id: number) {
  const backing = step(`Backup ${id} under load`);
  // Any node will do.
  const url = cluster.nodes[id % cluster.nodes.length]?.managementUrl ?? '';
  const cut: Cut = await takeBackup(url, id, (state) => backing.update(state));
  const backups = (await describe(cluster)).flatMap(({ lastBackup }) =>
    lastBackup === null ? [] : [lastBackup],
  );
  const bytesTotal = backups.reduce((sum, backup) => sum + backup.bytesTotal, 0);
  const bytesReused = backups.reduce((sum, backup) => sum + backup.bytesReused, 0);
  const slowest = Math.round(Math.max(...backups.map(({ durationMs }) => durationMs)));
  backing.done(
    `COMPLETED at positions ${[...cut.values()].join(', ')}; ${kib(bytesTotal)}, ${kib(bytesReused)} reused, ${slowest} ms`,
  );
  return { cut, reused: { bytesTotal, bytesReused } };
}

async function destroy(cluster: LedgerCluster, load: Load): Promise<void> {
  const destroying = step('kill -9 every node and delete every data directory');
  await Promise.all(cluster.nodeIds.map((nodeId) => cluster.kill(nodeId)));
  await load.stop();
  for (const { dataDirectory } of cluster.nodes) rmSync(dataDirectory, { recursive: true });
  destroying.done(`${load.acknowledged.size} transfers had been acknowledged by then`);
}

async function restore(cluster: LedgerCluster, home: string): Promise<void> {
  const restoring = step(`tidemark restore ${RESTORED_BACKUP}, for each node`);
  const empty = join(home, 'empty');
  mkdirSync(empty);
  for (const nodeId of cluster.nodeIds) {
    restoring.update(`node ${nodeId}`);
    await tidemark(cluster.environment(nodeId), ['restore', String(RESTORED_BACKUP)], empty);
  }
  restoring.done(`${cluster.nodeIds.length} nodes`);
}

/** Starts the restored nodes: what was in flight at the cut arrives by itself. */
async function startAgain(cluster: LedgerCluster, atCut: LedgerAudit): Promise<Check> {
  const starting = step('Start the nodes again');
  await cluster.start();
  const audit = await settledAudit(cluster);
  starting.done(`${money(audit.total)} in ${audit.accounts} accounts, nothing in flight`);
  return {
    claim: 'what was in flight arrived, once',
    numbers: `${atCut.applied} of ${atCut.transfers} transfers had arrived at the cut, then ${audit.applied} of ${audit.transfers}`,
    holds:
      audit.total === DEPOSITED && audit.applied === audit.transfers && audit.transfers === atCut.transfers,
  };
}

/** The audit of a ledger at rest: waits until nothing is in flight. */
async function settledAudit(cluster: LedgerCluster): Promise<LedgerAudit> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    const audit = await get<LedgerAudit>(`${cluster.nodes[0]?.url}/audit`);
    if (audit.exact && audit.partitions.every(({ pending }) => pending === 0)) return audit;
    if (performance.now() > deadline) throw new Error(`the ledger does not settle: ${JSON.stringify(audit)}`);
    await sleep(50);
  }
}

function describe(cluster: LedgerCluster): Promise<PartitionDescription[]> {
  return get(`${cluster.nodes[0]?.url}/partitions`);
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(15_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
