// `npm run demo`: a broker under load is backed up twice, loses every disk, is restored, and every cent is counted.
// Exits with 0 only when all of it holds. Leaves no process and no file behind; on Ctrl-C neither.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type ClusterOptions, freePorts, LedgerCluster } from '../ledger/cluster.ts';
import { openLedgerStore } from '../ledger/store.ts';
import { runDemo } from './run-demo.ts';
import { showChecks, stopShowing } from './show.ts';

const NODES = 3;
const PARTITIONS = 3;

const home = mkdtempSync(join(tmpdir(), 'tidemark-demo-'));
const logFile = join(home, 'nodes.log');
const cleanups: (() => Promise<void>)[] = [];
let cleaning: Promise<void> | undefined;
let isInterrupted = false;

function cleanUp(): Promise<void> {
  cleaning ??= stopAll();
  return cleaning;
}

async function stopAll(): Promise<void> {
  stopShowing();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(home, { recursive: true, force: true });
}

function interrupted(): void {
  isInterrupted = true;
  void cleanUp().finally(() => process.exit(130));
}
process.on('SIGINT', interrupted);
process.on('SIGTERM', interrupted);

try {
  const store = await openLedgerStore(process.env, home);
  cleanups.push(() => store.close());
  const ports = await freePorts(2 * NODES);
  const options: ClusterOptions = {
    nodes: NODES,
    partitions: PARTITIONS,
    directory: home,
    ports: ports.slice(0, NODES),
    managementPorts: ports.slice(NODES),
    // Small, so that snapshots and compaction happen while one watches.
    environment: {
      ...store.environment,
      LEDGER_SNAPSHOT_EVERY: '4000',
      LEDGER_SEGMENT_BYTES: String(128 * 1024),
    },
    restart: false,
    logFile,
  };
  const cluster = new LedgerCluster(options);
  cleanups.push(() => cluster.stop());
  const { kind, endpoint, bucket, basePath } = store.description;
  process.stdout.write(`Backups go to ${kind} ${endpoint}, bucket ${bucket}, under ${basePath}.\n\n`);
  const checks = await runDemo(cluster, home);
  showChecks(checks);
  const failed = checks.filter(({ holds }) => !holds);
  process.exitCode = failed.length === 0 ? 0 : 1;
  process.stdout.write(`\n${checks.length - failed.length} of ${checks.length} proven.\n`);
} catch (cause) {
  if (!isInterrupted) {
    stopShowing();
    if (existsSync(logFile)) process.stderr.write(readFileSync(logFile, 'utf8').slice(-4_000));
    process.stderr.write(`the demo could not go on: ${cause instanceof Error ? cause.stack : cause}\n`);
  }
  process.exitCode = 1;
}
await cleanUp();
process.exit(isInterrupted ? 130 : process.exitCode);
