// The ledger as processes: transfers go on while leaders are killed, while backups are taken and while the store is
// away; and what its README says with curl is what it does.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeBackup } from '../../examples/demo/backups.ts';
import { Load, post } from '../../examples/demo/load.ts';
import type { LedgerAudit } from '../../examples/ledger/audit.ts';
import type { LedgerCluster } from '../../examples/ledger/cluster.ts';
import { type LedgerStore, openLedgerStore } from '../../examples/ledger/store.ts';
import { smallCluster } from './small-cluster.ts';

const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `account-${index}`);
const directory = mkdtempSync(join(tmpdir(), 'ledger-test-'));
let store: LedgerStore;
let cluster: LedgerCluster;
let urls: string[];

beforeAll(async () => {
  store = await openLedgerStore({}, directory);
  cluster = await smallCluster({
    directory,
    environment: { ...store.environment, LEDGER_SNAPSHOT_EVERY: '500', LEDGER_SEGMENT_BYTES: '30000' },
    restart: true,
    logFile: join(directory, 'nodes.log'),
  });
  await cluster.start();
  urls = cluster.nodes.map(({ url }) => url);
  for (const id of ACCOUNTS) {
    expect(await post(`${urls[0]}/accounts`, { id, balance: 100_000 })).toBe(201);
  }
});

afterAll(async () => {
  await cluster?.stop();
  await store?.close();
  rmSync(directory, { recursive: true });
});

async function settled(): Promise<LedgerAudit> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const response = await fetch(`${urls[0]}/audit`);
    const audit = (await response.json()) as LedgerAudit;
    if (response.ok && audit.exact && audit.partitions.every(({ pending }) => pending === 0)) return audit;
    await sleep(50);
  }
  throw new Error('the ledger does not settle');
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error('it did not come true within 20 s');
}

/** Runs transfers while `work` runs, and for some more after it. */
async function underLoad(work: (load: Load) => Promise<void>): Promise<Load> {
  const load = new Load(urls, ACCOUNTS, crypto.randomUUID());
  load.start();
  await until(() => load.acknowledged.size > 200);
  await work(load);
  const before = load.acknowledged.size;
  await until(() => load.acknowledged.size > before + 200);
  await load.stop();
  return load;
}

/** Sends what was acknowledged once more: a ledger that has lost it would take it as new. */
async function statusesWhenRepeated(load: Load): Promise<Set<number>> {
  const statuses = new Set<number>();
  for (const id of load.acknowledged) statuses.add(await post(`${urls[0]}/transfers`, load.sent.get(id)));
  return statuses;
}

describe('a running ledger', () => {
  it('loses nothing that it acknowledged when leaders are killed under load', async () => {
    const pids = cluster.nodes.map(({ pid }) => pid);
    const load = await underLoad(async () => {
      for (const nodeId of cluster.nodeIds) {
        await cluster.kill(nodeId);
        await until(() => {
          const { pid } = cluster.nodes[nodeId]!;
          return pid !== null && pid !== pids[nodeId];
        });
      }
    });
    const audit = await settled();
    expect(audit.total).toBe(ACCOUNTS.length * 100_000);
    expect(audit.transfers).toBeGreaterThanOrEqual(load.acknowledged.size);
    expect(audit.applied).toBe(audit.transfers);
    expect(await statusesWhenRepeated(load)).toEqual(new Set([200]));
    expect((await settled()).transfers).toBe(audit.transfers);
  });

  it('is backed up under load, from any node', async () => {
    await underLoad(async () => {
      const first = await takeBackup(cluster.nodes[0]!.managementUrl, 1, () => {});
      const second = await takeBackup(cluster.nodes[1]!.managementUrl, 2, () => {});
      expect([...second.keys()]).toEqual([1, 2, 3]);
      for (const [partitionId, position] of second) expect(position).toBeGreaterThan(first.get(partitionId)!);
    });
    expect((await settled()).total).toBe(ACCOUNTS.length * 100_000);
  });

  it('does what its README says with curl', async () => {
    const readme = readFileSync(
      fileURLToPath(new URL('../../examples/ledger/README.md', import.meta.url)),
      'utf8',
    );
    const calls = [
      ...readme.matchAll(/^curl (?:-X(\w+) )?localhost:(\d+)(\S*)(?: .*?-d '(.*)')? +# (\d{3})/gm),
    ];
    expect(calls.length).toBeGreaterThan(12);
    expect(calls.length).toBe([...readme.matchAll(/^curl /gm)].length);
    for (const [line, method = 'GET', port, path, body, status] of calls) {
      const isManagement = Number(port) >= 9600;
      const node = cluster.nodes[Number(port) - (isManagement ? 9600 : 8080)]!;
      const response = await fetch(`${isManagement ? node.managementUrl : node.url}${path}`, {
        method,
        ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
      });
      expect(response.status, `${line}: ${await response.text()}`).toBe(Number(status));
      if (path === '/actuator/backups' && status === '202') await takenByNow(10);
    }
  });

  it('goes on while the store is away and a backup waits for it', async () => {
    await store.close();
    const load = await underLoad(async ({ acknowledged }) => {
      const { managementUrl } = cluster.nodes[0]!;
      expect(await post(`${managementUrl}/actuator/backups`, { backupId: 100 })).toBe(202);
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 500);
    });
    expect(await statusesWhenRepeated(load)).toEqual(new Set([200]));
    expect((await settled()).applied).toBeGreaterThan(700);
  });
});

async function takenByNow(id: number): Promise<void> {
  await until(async () => {
    const response = await fetch(`${cluster.nodes[0]!.managementUrl}/actuator/backups/${id}`);
    return ((await response.json()) as { state?: string }).state === 'COMPLETED';
  });
}
