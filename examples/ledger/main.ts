// `npm run ledger`: starts a ledger on this machine and keeps it running. Prints one JSON line when it is ready;
// SIGTERM and Ctrl-C stop everything. SIGUSR2 starts the nodes that do not run.
import { resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { freePorts, LedgerCluster } from './cluster.ts';
import { openLedgerStore } from './store.ts';

const USAGE = `npm run ledger -- [options]
  --data DIR               where the nodes keep their data; default ./ledger-data
  --nodes N                default 3
  --partitions N           default 3; fixed for the life of the data
  --port P                 HTTP port of node 0, the others follow; default 8080, 0 takes free ones
  --management-port P      management port of node 0, the others follow; default 9600, 0 takes free ones
  --metrics-port P         port of node 0 for Prometheus, the others follow; 0 takes free ones; default none
  --checkpoint-interval S  make a marker every S seconds, to restore to; default none
  --config FILE            application.yaml with the backup store, instead of S3_* or the embedded server
  --no-restart             leave a node that dies alone; SIGUSR2 starts it again
`;

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'ledger-data' },
    nodes: { type: 'string', default: '3' },
    partitions: { type: 'string', default: '3' },
    port: { type: 'string', default: '8080' },
    'management-port': { type: 'string', default: '9600' },
    'metrics-port': { type: 'string' },
    'checkpoint-interval': { type: 'string' },
    config: { type: 'string' },
    'no-restart': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const nodes = wholeNumber('nodes', values.nodes, 1, 100);
const directory = resolve(values.data);
const store = values.config === undefined ? await openLedgerStore(process.env, directory) : undefined;
const cluster = new LedgerCluster({
  nodes,
  partitions: wholeNumber('partitions', values.partitions, 1, 100),
  directory,
  ports: await portsFrom('port', values.port),
  managementPorts: await portsFrom('management-port', values['management-port']),
  ...(values['metrics-port'] !== undefined && {
    metricsPorts: await portsFrom('metrics-port', values['metrics-port']),
  }),
  environment: {
    ...(store?.environment ?? { LEDGER_CONFIG: resolve(values.config ?? '') }),
    ...markerSettings(values['checkpoint-interval']),
  },
  restart: !values['no-restart'],
});

let isStopping = false;
const stop = (exitCode: number) => {
  if (isStopping) return;
  isStopping = true;
  void cluster
    .stop()
    .then(() => store?.close())
    .finally(() => process.exit(exitCode));
};
process.on('SIGTERM', () => stop(0));
process.on('SIGINT', () => stop(0));
process.on('SIGUSR2', () => void start());
if (await start()) {
  const description = store?.description ?? { kind: 'config', file: resolve(values.config ?? '') };
  process.stdout.write(`${JSON.stringify({ nodes: cluster.nodes, store: description })}\n`);
} else {
  stop(1);
}

async function start(): Promise<boolean> {
  try {
    await cluster.start();
    return true;
  } catch (cause) {
    process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
    return false;
  }
}

function markerSettings(seconds: string | undefined): Record<string, string> {
  if (seconds === undefined) return {};
  return {
    ZEEBE_BROKER_DATA_BACKUP_CHECKPOINTINTERVAL: `${wholeNumber('checkpoint-interval', seconds, 1, 86_400)}s`,
  };
}

async function portsFrom(option: string, text: string): Promise<number[]> {
  const first = wholeNumber(option, text, 0, 65_535 - nodes);
  return first === 0 ? freePorts(nodes) : Array.from({ length: nodes }, (_, index) => first + index);
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  process.stderr.write(`--${option} takes a whole number in ${min}..${max}, got '${text}'\n\n${USAGE}`);
  process.exit(2);
}
