// Runs the simulation on each planted bug until a seed shows it, and tells which promise caught it. First those that
// show soon, several at once; then all processes look for one of the others after the other.
import { SeedWorkers } from '../seed-workers.ts';
import { PLANTED_BUGS } from './bugs.ts';

export interface FoundBug {
  readonly name: string;
  readonly invariant: string;
  /** The first that showed it: so many were run. */
  readonly seed: number;
}

/** Every bug must show within so many seeds. */
export const SEEDS_MAX = 10_000;
/** Most show within so many. */
const SEEDS_SOON = 40;
const SEEDS_PER_BLOCK = 5;

/** Gives the bugs that were found, and the names of those that were not. */
export async function findBugs(
  jobs: number,
  tell: (line: string) => void,
): Promise<{ readonly found: readonly FoundBug[]; readonly missed: readonly string[] }> {
  const found: FoundBug[] = [];
  const search = async (name: string, workers: number, from: number, to: number): Promise<boolean> => {
    const seeds = new SeedWorkers({ jobs: workers, bug: name, seedsPerBlock: SEEDS_PER_BLOCK });
    const { failure } = await seeds.run({ from, count: to - from + 1, until: () => false });
    if (failure === undefined) return false;
    const { seed, invariant } = failure;
    found.push({ name, invariant, seed });
    tell(`found at seed ${seed}: ${name} (${invariant})`);
    return true;
  };
  const names = PLANTED_BUGS.map(({ name }) => name);
  const waiting = [...names];
  const late: string[] = [];
  const lane = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if (!(await search(name, 1, 1, SEEDS_SOON))) late.push(name);
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  const missed: string[] = [];
  for (const name of late) {
    if (await search(name, jobs, SEEDS_SOON + 1, SEEDS_MAX)) continue;
    missed.push(name);
    tell(`NOT FOUND in ${SEEDS_MAX} seeds: ${name}`);
  }
  const order = new Map(names.map((name, index) => [name, index]));
  found.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  return { found, missed };
}

/** The table of the page on testing. */
export function bugTable(found: readonly FoundBug[]): string {
  const rows = found.map(({ name, invariant, seed }) => `| ${name} | ${invariant} | ${seed} |`);
  return [
    '| planted bug | the promise that it broke | seeds until it showed |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}
