// A process that runs the seeds it is told, with a planted bug or without one. It ends with its parent.
import { addTotals, noTotals, type Totals } from './totals.ts';

export interface Block {
  readonly from: number;
  readonly count: number;
}

export interface Failure {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
}

/** What became of a block. It ends at the first failure. */
export interface BlockResult {
  readonly seeds: number;
  readonly totals: Totals;
  readonly failure?: Failure;
}

const bug = process.env.SIMULATION_BUG;
const isPointBug = bug !== undefined && (await import('./planted/bugs.ts')).isPointBug(bug);
const pointsInTime = isPointBug || process.env.SIMULATION_POINTS === '1';
const planted = bug === undefined ? undefined : (await import('./planted/plant.ts')).plant(bug);
const { runSeed } = await import('./world.ts');
planted?.();
// Errors are answers here, by the thousand, and nobody reads their stacks.
Error.stackTraceLimit = 0;

async function run({ from, count }: Block): Promise<BlockResult> {
  const totals = noTotals();
  for (let seed = from; seed < from + count; seed += 1) {
    const { violation, totals: own } = await runSeed(seed, { pointsInTime });
    addTotals(totals, own);
    if (violation === undefined) continue;
    const { invariant, message } = violation;
    return { seeds: seed - from + 1, totals, failure: { seed, invariant, message } };
  }
  return { seeds: count, totals };
}

process.on('message', (block: Block) => void run(block).then((result) => process.send?.(result)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
