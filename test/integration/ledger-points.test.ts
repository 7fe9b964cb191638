// The ledger as processes that make markers: everything is lost, and it goes back to a chosen moment between two backups.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeBackup } from '../../examples/demo/backups.ts';
import { post } from '../../examples/demo/load.ts';
import type { LedgerAudit } from '../../examples/ledger/audit.ts';
import type { LedgerCluster } from '../../examples/ledger/cluster.ts';
import { type LedgerStore, openLedgerStore } from '../../examples/ledger/store.ts';
import { smallCluster } from './small-cluster.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ACCOUNTS = Array.from({ length: 20 }, (_, index) => `account-${index}`);
const directory = mkdtempSync(join(tmpdir(), 'ledger-points-'));
let store: LedgerStore;
let cluster: LedgerCluster;

beforeAll(async () => {
  store = await openLedgerStore({}, directory);
  cluster = await smallCluster({
    directory,
    environment: {
      ...store.environment,
      LEDGER_SNAPSHOT_EVERY: '150',
      LEDGER_SEGMENT_BYTES: '8000',
      ZEEBE_BROKER_DATA_BACKUP_CHECKPOINTINTERVAL: '1s',
    },
    restart: false,
    logFile: join(directory, 'nodes.log'),
  });
  await cluster.start();
});

afterAll(async () => {
  await cluster?.stop();
  await store?.close();
  rmSync(directory, { recursive: true });
});

/** When each transfer was sent, and when it was answered. */
interface Timed {
  readonly sentAt: number;
  readonly acknowledgedAt: number;
}

/** Transfers, one after the other in each lane, until it is stopped. */
function startLoad(urls: readonly string[]) {
  const done: Timed[] = [];
  let stopped = false;
  const lane = async (number: number) => {
    for (let count = 0; !stopped; count += 1) {
      const id = `t${number}-${count}`;
      const [from, to] = [ACCOUNTS[(count + number) % 20], ACCOUNTS[(7 * count + number) % 20]];
      const sentAt = Date.now();
      const status = await post(`${urls[number % urls.length]}/transfers`, { id, from, to, amount: 3 });
      if (status !== 201) throw new Error(`transfer ${id}: ${status}`);
      done.push({ sentAt, acknowledgedAt: Date.now() });
    }
  };
  const lanes = Promise.all([0, 1, 2, 3, 4, 5].map(lane));
  lanes.catch(() => {});
  return {
    done,
    async stop() {
      stopped = true;
      await lanes;
    },
  };
}

/** A marker at the same moment may use the id up, or come first. */
async function backUp(): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await takeBackup(cluster.nodes[0]!.managementUrl, Date.now(), () => {});
      return;
    } catch (cause) {
      if (attempt === 10) throw cause;
      await sleep(20);
    }
  }
}

async function restore(nodeId: number, argv: readonly string[]) {
  const program = ['--import', './examples/by-name.ts', 'examples/ledger/restore-main.ts'];
  const env = { ...process.env, ...cluster.environment(nodeId) };
  const { stdout } = await promisify(execFile)(process.execPath, [...program, ...argv], { cwd: ROOT, env });
  return JSON.parse(stdout);
}

async function settled(url: string): Promise<LedgerAudit> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const response = await fetch(`${url}/audit`);
    const audit = (await response.json()) as LedgerAudit;
    if (response.ok && audit.exact && audit.partitions.every(({ pending }) => pending === 0)) return audit;
    await sleep(50);
  }
  throw new Error('the ledger does not settle');
}

it('goes back to a moment between two backups: what was done before is there, what came later is not', async () => {
  const urls = cluster.nodes.map(({ url }) => url);
  for (const id of ACCOUNTS) await post(`${urls[0]}/accounts`, { id, balance: 1_000_000 });
  const load = startLoad(urls);
  await sleep(800);
  await backUp();
  await sleep(1_500);
  const chosen = Date.now();
  await sleep(1_200);
  await backUp();
  await load.stop();
  const told = await fetch(`${cluster.nodes[1]!.managementUrl}/actuator/backups/ranges`);
  expect(((await told.json()) as { ranges: unknown[] }).ranges).toHaveLength(1);

  await Promise.all(cluster.nodeIds.map((nodeId) => cluster.kill(nodeId)));
  for (const { dataDirectory } of cluster.nodes) rmSync(dataDirectory, { recursive: true });

  const { ranges, gaps } = await restore(0, ['--ranges']);
  expect(gaps).toEqual([]);
  expect(ranges).toHaveLength(1);
  const time = new Date(chosen).toISOString();
  const planned = await restore(0, ['--to', time, '--dry-run']);
  const restored = [await restore(0, ['--to', time]), await restore(1, ['--to', time])];
  const { point } = restored[0];
  expect(restored.map((node) => node.point)).toEqual([planned.point, planned.point]);
  expect(point.type).toBe('marker');
  expect(point.timestamp <= time).toBe(true);

  await cluster.start();
  const audit = await settled(urls[0]!);
  expect(audit.total).toBe(ACCOUNTS.length * 1_000_000);
  const at = Date.parse(point.timestamp);
  const certain = load.done.filter(({ acknowledgedAt }) => acknowledgedAt < at - point.spreadMs).length;
  const possible = load.done.filter(({ sentAt }) => sentAt <= at).length;
  expect(certain).toBeGreaterThan(0);
  expect(audit.transfers).toBeGreaterThanOrEqual(certain);
  expect(audit.transfers).toBeLessThanOrEqual(possible);
  expect(possible).toBeLessThan(load.done.length);
  // It goes on, and the next backup completes.
  await backUp();
}, 120_000);
