// The ledger with encrypted backups: nothing of what it holds is anywhere in the store, and it comes back from there.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { takeBackup } from '../../examples/demo/backups.ts';
import { post } from '../../examples/demo/load.ts';
import type { LedgerAudit } from '../../examples/ledger/audit.ts';
import type { LedgerCluster } from '../../examples/ledger/cluster.ts';
import { smallCluster } from './small-cluster.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ACCOUNTS = Array.from({ length: 12 }, (_, index) => `account-${index}-of-rosalind`);
const KEY = { TIDEMARK_ENCRYPTION_KEYS: `first:${Buffer.alloc(32, 3).toString('base64')}` };
const directory = mkdtempSync(join(tmpdir(), 'ledger-encrypted-'));
const bucket = join(directory, 'bucket');

function clusterWith(environment: Record<string, string>, data: string): Promise<LedgerCluster> {
  return smallCluster({
    directory: join(directory, data),
    environment: {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'FILESYSTEM',
      ZEEBE_BROKER_DATA_BACKUP_FILESYSTEM_BASEPATH: bucket,
      ZEEBE_BROKER_CLUSTER_CLUSTERID: 'ledger',
      LEDGER_SNAPSHOT_EVERY: '20',
      ...environment,
    },
    restart: false,
    logFile: join(directory, `${data}.log`),
  });
}

let cluster: LedgerCluster;
beforeAll(async () => {
  for (const path of [bucket, join(directory, 'data')]) mkdirSync(path);
  cluster = await clusterWith(KEY, 'data');
  await cluster.start();
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true });
});

/** The objects that have one of these words in their names or bytes, and how many there are at all. */
function search(root: string, words: readonly string[]): { readonly found: string[]; readonly all: number } {
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const found = paths.filter((path) => {
    const bytes = readFileSync(path);
    return words.some((word) => path.slice(root.length).includes(word) || bytes.includes(word));
  });
  return { found, all: paths.length };
}

it('shows the store nothing, and is restored from it with the key alone', { timeout: 120_000 }, async () => {
  const urls = cluster.nodes.map(({ url }) => url);
  for (const id of ACCOUNTS) expect(await post(`${urls[0]}/accounts`, { id, balance: 1_000 })).toBe(201);
  for (let count = 0; count < 80; count += 1) {
    const [from, to] = [ACCOUNTS[count % 12], ACCOUNTS[(5 * count + 1) % 12]];
    await post(`${urls[count % urls.length]}/transfers`, { id: `transfer-${count}`, from, to, amount: 1 });
  }
  for (const id of [1, 2]) await takeBackup(cluster.nodes[0]?.managementUrl ?? '', id, () => {});
  const files = search(join(directory, 'data'), []).all;
  expect(files).toBeGreaterThan(5);
  // The data itself has them; so they would be seen.
  expect(search(join(directory, 'data'), ['of-rosalind']).found.length).toBeGreaterThan(3);
  const seen = search(bucket, ['rosalind', 'transfer-', 'account-', '.sqlite', '.segment', '.log']);
  expect(seen.all).toBeGreaterThan(10);
  expect(seen.found).toEqual([]);

  await Promise.all(cluster.nodeIds.map((nodeId) => cluster.kill(nodeId)));
  for (const { dataDirectory } of cluster.nodes) rmSync(dataDirectory, { recursive: true });
  const restore = (nodeId: number, more: Record<string, string>) =>
    promisify(execFile)(process.execPath, ['src/cli/main.ts', 'restore', '2'], {
      cwd: ROOT,
      env: { ...process.env, ...cluster.environment(nodeId), ...more },
    });
  const other = { TIDEMARK_ENCRYPTION_KEYS: `second:${Buffer.alloc(32, 4).toString('base64')}` };
  await expect(restore(0, other)).rejects.toThrow(/EncryptionKeyMissing|the key is missing/);
  for (const nodeId of cluster.nodeIds) await restore(nodeId, {});
  await cluster.start();
  await expect
    .poll(async () => (await (await fetch(`${urls[0]}/audit`)).json()) as LedgerAudit, { timeout: 30_000 })
    .toMatchObject({ exact: true, total: ACCOUNTS.length * 1_000 });
});
