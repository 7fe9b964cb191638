// Runs the simulation on each planted bug until a seed shows it, and tells which promise caught it.
import { SeedWorkers } from '../seed-workers.ts';
import { PLANTED_BUGS } from './bugs.ts';

export interface FoundBug {
  readonly name: string;
  readonly invariant: string;
  readonly seed: number;
  /** How many seeds were run up to the first that showed it. */
  readonly seeds: number;
}

/** Every bug must show within so many seeds. */
export const SEEDS_MAX = 10_000;

/** Gives the bugs that were found, and the names of those that were not. */
export async function findBugs(
  jobs: number,
  tell: (line: string) => void,
): Promise<{ readonly found: readonly FoundBug[]; readonly missed: readonly string[] }> {
  const found: FoundBug[] = [];
  const missed: string[] = [];
  const waiting = [...PLANTED_BUGS];
  const lane = async () => {
    for (let bug = waiting.shift(); bug !== undefined; bug = waiting.shift()) {
      const workers = new SeedWorkers({ jobs: 1, bug: bug.name, seedsPerBlock: 5 });
      const { failure, seeds } = await workers.run({ from: 1, until: (done) => done >= SEEDS_MAX });
      if (failure === undefined) {
        missed.push(bug.name);
        tell(`NOT FOUND in ${seeds} seeds: ${bug.name}`);
        continue;
      }
      const { seed, invariant } = failure;
      found.push({ name: bug.name, invariant, seed, seeds: seed });
      tell(`found at seed ${seed}: ${bug.name} (${invariant})`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  const order = new Map(PLANTED_BUGS.map(({ name }, index) => [name, index]));
  found.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  return { found, missed };
}

/** The table of the page on testing. */
export function bugTable(found: readonly FoundBug[]): string {
  const rows = found.map(({ name, invariant, seeds }) => `| ${name} | ${invariant} | ${seeds} |`);
  return [
    '| planted bug | the promise that it broke | seeds until it showed |',
    '| --- | --- | --- |',
    ...rows,
  ].join('\n');
}
