// The command: `npm run simulate -- --seeds 2000`. Runs seeds, tells what happened in them, and of a failure how to see
// it again.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { writeOnPage } from '../support/write-on-page.ts';
import { bugTable, findBugs, SEEDS_MAX } from './planted/find-bugs.ts';
import { type SeedsRun, SeedWorkers } from './seed-workers.ts';
import { COUNTED } from './totals.ts';
import { runSeed } from './world.ts';

const USAGE = `npm run simulate -- [what] [--jobs N]
  --seed N [--lines N]        one seed, with its trace: all of it, or the last N lines
  --seeds N [--from N]        so many seeds (default 1000) from one on (default 1)
  --minutes N [--from N]      seeds for so long
  --points                    with markers, and restores to points in time
  --planted                   the planted bugs: each must be found within ${SEEDS_MAX} seeds`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    lines: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    planted: { type: 'boolean', default: false },
    points: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function number(name: 'seed' | 'seeds' | 'from' | 'minutes' | 'lines' | 'jobs'): number {
  const value = Number(values[name]);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} takes a number\n${USAGE}`);
  return value;
}

async function one(seed: number): Promise<boolean> {
  const {
    lines = [],
    violation,
    traceHash,
  } = await runSeed(seed, { keepLines: true, pointsInTime: values.points });
  const shown = values.lines === undefined ? lines : lines.slice(-number('lines'));
  console.log(shown.join('\n'));
  console.log(`seed ${seed}, trace ${traceHash}: ${violation?.stack ?? 'nothing broke'}`);
  return violation === undefined;
}

async function many(): Promise<boolean> {
  const startedAt = performance.now();
  const endsAt =
    startedAt + (values.minutes === undefined ? Number.POSITIVE_INFINITY : number('minutes') * 60_000);
  const count = values.minutes === undefined ? Number(values.seeds ?? 1_000) : Number.POSITIVE_INFINITY;
  const workers = new SeedWorkers({ jobs: number('jobs'), seedsPerBlock: 25 });
  let toldAt = startedAt;
  const perSecond = (seeds: number) => (seeds / ((performance.now() - startedAt) / 1_000)).toFixed(0);
  const run = await workers.run({
    from: number('from'),
    count,
    until: () => performance.now() >= endsAt,
    onProgress: ({ seeds }) => {
      if (performance.now() - toldAt < 10_000) return;
      toldAt = performance.now();
      console.log(`${seeds} seeds, ${perSecond(seeds)} a second`);
    },
  });
  console.log(`${run.seeds} seeds, ${perSecond(run.seeds)} a second. In them:`);
  console.log(summary(run));
  if (run.failure === undefined) return true;
  console.error(`BROKEN at seed ${run.failure.seed}: ${run.failure.message}`);
  const again = values.points ? ' --points' : '';
  console.error(`see it again: npm run simulate -- --seed ${run.failure.seed}${again}`);
  return false;
}

async function planted(): Promise<boolean> {
  const { found, missed } = await findBugs(number('jobs'), (line) => console.log(line));
  console.log(bugTable(found));
  if (missed.length > 0) console.error(`not found within ${SEEDS_MAX} seeds:\n${missed.join('\n')}`);
  else if (process.env.UPDATE_DOCS === '1') writeOnPage('planted-bugs', bugTable(found));
  return missed.length === 0;
}

function summary({ totals }: SeedsRun): string {
  return COUNTED.map((name) => `  ${String(totals[name]).padStart(12)} ${name}`).join('\n');
}

// The workers hear of it in the same way as of a planted bug.
if (values.points) process.env.SIMULATION_POINTS = '1';
if (values.help) console.log(USAGE);
else if (values.planted) process.exitCode = (await planted()) ? 0 : 1;
else process.exitCode = (await (values.seed === undefined ? many() : one(number('seed')))) ? 0 : 1;
