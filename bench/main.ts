// `npm run bench -- [case...] [--rounds N] [--json FILE] [--write]`: runs the cases and prints medians, ratios and goals.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { Case, Surroundings } from './case.ts';
import { compression } from './cases/compression.ts';
import { importing } from './cases/import.ts';
import { latency } from './cases/latency.ts';
import { limit } from './cases/limit.ts';
import { listing } from './cases/listing.ts';
import { memory } from './cases/memory.ts';
import { repeat } from './cases/repeat.ts';
import { restore } from './cases/restore.ts';
import { save } from './cases/save.ts';
import { smallFiles } from './cases/small-files.ts';
import { verify } from './cases/verify.ts';
import { PLACES_PREFIX } from './contenders.ts';
import { compare } from './measure.ts';
import { type CaseResult, judge, markdownOf, writeResults } from './report.ts';
import { bucketOf, ensureBucket, removePlaces } from './s3.ts';

const CASES: readonly Case[] = [
  limit,
  save,
  smallFiles,
  repeat,
  restore,
  verify,
  memory,
  latency,
  listing,
  importing,
  compression,
];

/** Figures of a machine that others use are about the others. */
const LOAD_MAX = 3;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => !CASES.some((known) => known.name === name));
  if (unknown.length > 0) {
    throw new Error(`no case ${unknown.join(', ')}; there are ${CASES.map(({ name }) => name).join(', ')}`);
  }
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error(`--rounds wants a number, got ${values.rounds}`);
  const load = loadavg()[0] ?? 0;
  if (values.write && load >= LOAD_MAX) {
    throw new Error(
      `the load is ${load.toFixed(1)}: figures count below ${LOAD_MAX}; --write when the machine is quiet`,
    );
  }
  const wanted = CASES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const scratch = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  const discarding = await startDiscardServer();
  const bucket = bucketOf(process.env);
  try {
    if (bucket !== undefined) await ensureBucket(bucket);
    const surroundings: Surroundings = {
      bucket,
      discarding: discarding.bucket,
      zeebeStore: process.env.ZEEBE_STORE,
      rclone: spawnSync('rclone', ['version']).status === 0 ? 'rclone' : undefined,
      scratch,
    };
    const where = machine();
    console.log(where);
    const results: CaseResult[] = [];
    for (const next of wanted) results.push(await runCase(next, surroundings, rounds));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
    if (values.write) writeResults(where, results);
    const missed = results.flatMap(({ goals }) => goals.filter(({ met }) => met === false));
    console.log(
      missed.length === 0 ? '\nevery goal that could be judged is met' : `\n${missed.length} goals missed`,
    );
  } finally {
    discarding.stop();
    if (bucket !== undefined) await removePlaces(bucket, PLACES_PREFIX);
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function runCase(bench: Case, surroundings: Surroundings, rounds: number): Promise<CaseResult> {
  console.log(`\n## ${bench.name}: ${bench.title}\n`);
  const { runs, missing } = await bench.contenders(surroundings);
  for (const what of missing) console.log(`NOT RUN ${what}`);
  const costs = await compare(runs, rounds, (name, { wallSeconds, cpuSeconds }) => {
    console.error(`  ${name}: ${wallSeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} CPU-s`);
  });
  const result = judge(bench, costs, missing);
  console.log(markdownOf(result));
  return result;
}

function machine(): string {
  const [cpu] = cpus();
  const load = `load ${(loadavg()[0] ?? 0).toFixed(1)}`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} x ${cpu?.model}, ${memory}, Node ${process.version}, ${load}`;
}

async function startDiscardServer() {
  const path = new URL('work/discard-server.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const line = await new Promise<string>((resolve) => lines.once('line', resolve));
  const { endpoint } = JSON.parse(line) as { endpoint: string };
  const bucket = {
    endpoint,
    region: 'us-east-1',
    accessKey: 'bench',
    secretKey: 'bench-secret',
    bucket: 'bench',
  };
  return { bucket, stop: () => child.stdin.end() };
}

await main();
