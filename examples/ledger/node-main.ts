// The process of one node. Settings come from Zeebe's variables and application.yaml, as for `tidemark restore`; what
// tidemark has no word for comes in LEDGER_ variables. Prints one line when it serves. Ends with its parent.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Logger } from 'tidemark';
import { loadSettings, openBackupStore } from 'tidemark/config';
import { openTelemetry } from '../prometheus/open-telemetry.ts';
import { startLedgerNode } from './ledger-node.ts';

const { env } = process;
const file = env.LEDGER_CONFIG;
const yaml = file === undefined ? undefined : { text: readFileSync(file, 'utf8'), source: file };
const loaded = loadSettings({ env, yaml });
if (loaded.isErr()) {
  process.stderr.write(`${loaded.error.message}\n`);
  process.exit(2);
}
const settings = loaded.value;
const logger = jsonLogger(settings.cluster.nodeId);
for (const warning of settings.warnings) logger.warn({}, warning);

const die = (cause: unknown) => {
  logger.error({ err: cause }, 'the node cannot go on and stops');
  process.exit(1);
};
const metricsPort = env.LEDGER_METRICS_PORT;
const telemetry = metricsPort === undefined ? undefined : await openTelemetry(Number(metricsPort), logger);
const store = await openBackupStore(settings.backup, { logger, observer: telemetry?.store });
const started = startLedgerNode(
  { store, logger, telemetry, onFailure: die },
  {
    tidemark: settings,
    port: Number(env.LEDGER_PORT ?? 8080),
    peers: (env.LEDGER_PEERS ?? '').split(','),
    segmentBytes: Number(env.LEDGER_SEGMENT_BYTES ?? 256 * 1024),
    snapshotEvery: Number(env.LEDGER_SNAPSHOT_EVERY ?? 10_000),
  },
);
started.then(
  ({ partitionIds }) => process.stdout.write(`${JSON.stringify({ ready: true, partitionIds })}\n`),
  die,
);

const stop = () => void started.then((node) => node.close()).then(() => process.exit(0), die);
process.once('SIGTERM', stop);
// Ctrl-C reaches every process of the terminal; the supervisor then stops the nodes in its own way.
process.on('SIGINT', () => {});
process.stdin.resume().once('end', stop).once('error', stop);

function jsonLogger(nodeId: number): Logger {
  const levels = ['debug', 'info', 'warn', 'error'] as const;
  const lowest = levels.indexOf((env.LEDGER_LOG_LEVEL ?? 'warn') as (typeof levels)[number]);
  const write = (level: (typeof levels)[number]) => (fields: object, message: string) => {
    if (levels.indexOf(level) < lowest) return;
    const entry = { time: new Date().toISOString(), level, nodeId, message, ...fields };
    process.stderr.write(`${JSON.stringify(entry, printable)}\n`);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

function printable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
