// `npm run test:monitoring`: the alerts, the configuration and the dashboard's queries on a real Prometheus that watches
// a real ledger. Needs `prometheus` and `promtool` in the PATH, and says so where they are not. Loopback only.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { takeBackup } from '../../examples/demo/backups.ts';
import { Load, post } from '../../examples/demo/load.ts';
import { freePorts, LedgerCluster } from '../../examples/ledger/cluster.ts';
import { openLedgerStore } from '../../examples/ledger/store.ts';
import { alertRules, dashboardQueries, metricsOnPage } from './expressions.ts';
import { Prometheus } from './prometheus.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/prometheus/', import.meta.url));
const NODES = 3;
const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `account-${index}`);
/** What a ledger that takes backups must show. The others are told by restores, verifications and clean-ups. */
const SHOWN = /^tidemark_(backup_(?!failures|throttled|deletes)|checkpoints)/;
let passed = 0;
let failed = 0;

function check(what: string, isGood: boolean, detail: unknown = ''): void {
  if (isGood) passed += 1;
  else failed += 1;
  console.log(`${isGood ? 'ok    ' : 'FAILED'}  ${what}${isGood ? '' : `: ${String(detail)}`}`);
}

function promtool(what: string, ...command: string[]): void {
  const { status, stdout, stderr } = spawnSync('promtool', command, { cwd: EXAMPLE, encoding: 'utf8' });
  check(what, status === 0, `${stdout}${stderr}`);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  let isGood = false;
  for (let attempt = 0; attempt < 150 && !isGood; attempt += 1) {
    isGood = await holds().catch(() => false);
    if (!isGood) await sleep(200);
  }
  check(what, isGood, 'not within 30 s');
}

async function askEverything(prometheus: Prometheus): Promise<void> {
  for (const { title, expr } of dashboardQueries()) {
    const answer = await prometheus.ask(expr);
    check(`the dashboard's "${title}" is a query`, answer.isValid, answer.error);
    const names = expr.match(/\btidemark_\w+/g) ?? [];
    const isShown = names.every((name) => SHOWN.test(name));
    if (isShown) check(`the dashboard's "${title}" shows something`, answer.values.length > 0, expr);
  }
  const rules = await prometheus.rules();
  const expected = alertRules().map(({ alert }) => alert);
  check('Prometheus has loaded every alert', rules.map(({ name }) => name).join() === expected.join(), rules);
  check(
    'Prometheus could evaluate every alert',
    rules.every(({ health }) => health === 'ok'),
    JSON.stringify(rules),
  );
  check(
    'no alert rings',
    rules.every(({ state }) => state === 'inactive'),
    JSON.stringify(rules),
  );
  const known = metricsOnPage();
  const names = (await prometheus.metricNames()).filter((name) => name.startsWith('tidemark_'));
  const unknown = names.filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, '')));
  check('every metric that Prometheus has is on the page', unknown.length === 0, unknown.join());
  check('the ledger shows at least ten metrics', names.length >= 10, names.join());
}

async function run(home: string): Promise<void> {
  const store = await openLedgerStore({}, join(home, 'ledger'));
  const ports = await freePorts(3 * NODES + 1);
  const metricsPorts = ports.slice(2 * NODES, 3 * NODES);
  const cluster = new LedgerCluster({
    nodes: NODES,
    partitions: 3,
    directory: join(home, 'ledger'),
    ports: ports.slice(0, NODES),
    managementPorts: ports.slice(NODES, 2 * NODES),
    metricsPorts,
    environment: { ...store.environment, LEDGER_SNAPSHOT_EVERY: '500', LEDGER_SEGMENT_BYTES: '30000' },
    restart: true,
    logFile: join(home, 'nodes.log'),
  });
  let prometheus: Prometheus | undefined;
  try {
    await cluster.start();
    const urls = cluster.nodes.map(({ url }) => url);
    const management = cluster.nodes[0]?.managementUrl ?? '';
    prometheus = await Prometheus.start({ home, example: EXAMPLE, metricsPorts, port: ports.at(-1) ?? 0 });
    const prom = prometheus;
    const sum = async (expr: string) => Number((await prom.ask(`sum(${expr})`)).values[0]);
    await until('Prometheus scrapes every node', async () => (await sum('up == 1')) === NODES);
    await until(
      'partitions without a backup are told',
      async () => (await sum('tidemark_backup_missing')) === 3,
    );
    for (const id of ACCOUNTS) await post(`${urls[0]}/accounts`, { id, balance: 100_000 });
    const load = new Load(urls, ACCOUNTS, 'monitoring');
    load.start();
    for (const id of [1, 2, 3]) {
      await takeBackup(management, id, () => {});
      await sleep(1500);
    }
    await load.stop();
    const completed = 'tidemark_backup_attempts_total{result="completed"}';
    await until('every attempt is counted', async () => (await sum(completed)) === 9);
    await until('no partition is without a backup', async () => (await sum('tidemark_backup_missing')) === 0);
    await until('bytes are counted', async () => (await sum('tidemark_backup_bytes_total')) > 0);
    await askEverything(prom);

    const before = await sum('tidemark_backup_age_seconds');
    await cluster.kill(0);
    // It may be back before the next scrape. But its new process has counted nothing.
    await until('a killed node is missed', async () => (await sum(completed)) < 9);
    await until('a node that is back knows the age', async () => {
      const isBack = (await sum(`up{instance="127.0.0.1:${metricsPorts[0]}"}`)) === 1;
      const shown = (await prom.ask('tidemark_backup_age_seconds')).values.length;
      return isBack && shown === 3 && (await sum('tidemark_backup_age_seconds')) > before;
    });
  } finally {
    await prometheus?.stop();
    await cluster.stop();
    await store.close();
  }
}

const missing = ['prometheus', 'promtool'].filter(
  (name) => spawnSync(name, ['--version']).error !== undefined,
);
if (missing.length > 0) {
  console.log(`NOT RUN: ${missing.join(' and ')} not in the PATH; on Debian: apt-get install prometheus`);
  process.exit(0);
}
console.log(execFileSync('promtool', ['--version'], { encoding: 'utf8' }).split('\n')[0]);
promtool('promtool check rules', 'check', 'rules', 'alerts.yml');
promtool('promtool check config', 'check', 'config', 'prometheus.yml');
promtool('promtool test rules', 'test', 'rules', 'alerts.test.yml');
const home = mkdtempSync(join(tmpdir(), 'tidemark-monitoring-'));
try {
  await run(home);
} catch (cause) {
  check('the run', false, cause instanceof Error ? (cause.stack ?? cause.message) : cause);
}
console.log(`${passed} passed, ${failed} failed`);
if (failed === 0) rmSync(home, { recursive: true });
else console.log(`look at ${home}`);
process.exit(failed === 0 ? 0 : 1);
