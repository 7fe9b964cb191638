// `npm run torture`: a real ledger on a real S3 server, with kill -9 and worse at random moments, and at the end every backup
// restored and audited. Exit code 1 and a directory to look at when anything was lost.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { tableOnPage, writeOnPage } from '../support/write-on-page.ts';
import { planRound } from './plan.ts';
import { openServer, type TortureServer } from './servers.ts';
import { NODES, TorturedLedger } from './tortured-ledger.ts';
import { newTotals, rowOf, showTotals, type Totals, withRow } from './totals.ts';

const USAGE = `npm run torture -- [options]
  --minutes N     how long; default 1
  --rounds N      how many rounds instead
  --server NAME   embedded (default, needs only Node; nodes are killed, the server is only paused),
                  env (what S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET name; only nodes are killed),
                  or what the program that S3_LAB names can start, kill and pause: minio, versitygw, ceph,
                  toxiproxy-minio (behind a proxy with latency, resets, cuts)
  --seed N        repeats the plan of a run: who is killed in which round, and when in it; processes run in
                  real time, so what a kill meets differs from run to run
`;

/** After so many rounds everything is checked, and a new ledger begins. */
const ROUNDS_PER_LEDGER = 20;

interface Options {
  readonly seed: number;
  readonly rounds: number;
  readonly untilMs: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string' },
      rounds: { type: 'string' },
      server: { type: 'string', default: 'embedded' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const minutes = values.minutes ?? (values.rounds === undefined ? '1' : undefined);
  const options = {
    seed: positive('seed', values.seed),
    rounds: values.rounds === undefined ? Number.POSITIVE_INFINITY : positive('rounds', values.rounds),
    untilMs: minutes === undefined ? Number.POSITIVE_INFINITY : 60_000 * positive('minutes', minutes),
  };
  const server = await openServer(values.server, process.env).catch((cause: unknown) => {
    process.stderr.write(`${cause instanceof Error ? cause.message : cause}\n`);
    return undefined;
  });
  if (server === undefined) return 2;
  const home = mkdtempSync(join(tmpdir(), 'tidemark-torture-'));
  const totals = newTotals();
  // Nobody must find the server stopped, whether this run is called off or an earlier one was.
  const calm = () => Promise.allSettled(server.faults.map(({ end }) => end()));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void calm().then(() => process.exit(1)));
  }
  await calm();
  console.log(`server ${server.name}, seed ${options.seed}`);
  const started = performance.now();
  try {
    await torture(server, home, options, totals);
    rmSync(home, { recursive: true, force: true });
  } catch (cause) {
    console.log(showTotals(totals));
    console.error(cause);
    console.error(
      `kept for a look: ${home}; the plan again: --server ${values.server} --seed ${options.seed}`,
    );
    return 1;
  } finally {
    await server.close();
  }
  console.log(`${showTotals(totals)}, lost 0; ${Math.round((performance.now() - started) / 1_000)} s`);
  if (process.env.UPDATE_DOCS === '1') {
    writeOnPage('torture', withRow(tableOnPage('torture'), rowOf(server.name, totals)));
  }
  return 0;
}

async function torture(server: TortureServer, home: string, options: Options, totals: Totals): Promise<void> {
  const { seed, rounds, untilMs } = options;
  const started = performance.now();
  const goesOn = () => totals.rounds < rounds && performance.now() - started < untilMs;
  for (let generation = 1; goesOn(); generation += 1) {
    const directory = join(home, `ledger-${generation}`);
    const ledger = await TorturedLedger.start(directory, server, totals);
    try {
      for (let round = 0; round < ROUNDS_PER_LEDGER && goesOn(); round += 1) {
        const world = { nodes: NODES, faults: server.faults.length };
        console.log(await ledger.round(planRound(seed, totals.rounds, world)));
      }
      await ledger.check();
    } finally {
      await ledger.close();
    }
    rmSync(directory, { recursive: true, force: true });
    console.log(showTotals(totals));
  }
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  process.stderr.write(`--${option} takes a number above 0, got '${text}'\n\n${USAGE}`);
  process.exit(2);
}

process.exitCode = await main();
