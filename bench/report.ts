// From costs to words: medians, ratios, goals met or missed. Nothing here measures.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Case, Cost, Goal } from './case.ts';
import { median } from './measure.ts';

export interface ContenderResult {
  readonly name: string;
  readonly rounds: readonly Cost[];
}

export interface GoalResult extends Goal {
  /** Undefined when a peer did not run. */
  readonly value: number | undefined;
  readonly met: boolean | undefined;
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly contenders: readonly ContenderResult[];
  readonly goals: readonly GoalResult[];
  readonly missing: readonly string[];
}

export function judge(
  { name, title, goals }: Case,
  costs: ReadonlyMap<string, readonly Cost[]>,
  missing: readonly string[],
): CaseResult {
  return {
    name,
    title,
    contenders: [...costs].map(([contender, rounds]) => ({ name: contender, rounds })),
    goals: goals.map((goal) => {
      const value = reached(goal, costs);
      const met =
        value === undefined ? undefined : value <= (goal.atMost ?? Infinity) && value >= (goal.atLeast ?? 0);
      return { ...goal, value, met };
    }),
    missing,
  };
}

function reached(
  { figure, of, against }: Goal,
  costs: ReadonlyMap<string, readonly Cost[]>,
): number | undefined {
  const own = costs.get(of);
  const peer = against === undefined ? own : costs.get(against);
  if (own === undefined || peer === undefined || own.length === 0 || peer.length === 0) return undefined;
  if (against !== undefined) return median(own, figure) / median(peer, figure);
  return figure === 'sentBytes' ? median(own, 'sentBytes') / median(own, 'bytes') : median(own, figure);
}

const GOAL_WORDS: Readonly<Record<Goal['figure'], string>> = {
  wallSeconds: 'time',
  cpuSeconds: 'CPU',
  sentBytes: 'bytes sent',
  rssGrowthBytes: 'memory',
};

/** A table of the contenders and a line for each goal. */
export function markdownOf({ contenders, goals }: CaseResult): string {
  const [first] = contenders;
  const rows = contenders.map(({ name, rounds }) => {
    const wall = median(rounds, 'wallSeconds');
    const gigabytes = median(rounds, 'bytes') / 1e9;
    const ratio = first === undefined ? Number.NaN : wall / median(first.rounds, 'wallSeconds');
    const memory = median(rounds, 'rssGrowthBytes');
    return [
      name,
      `${wall.toFixed(2)} s`,
      `${(median(rounds, 'cpuSeconds') / gigabytes).toFixed(2)}`,
      Number.isNaN(memory) ? '' : `${Math.round(memory / 2 ** 20)} MiB`,
      `${ratio.toFixed(2)}`,
    ];
  });
  const head = ['contender', 'time', 'CPU-s per GB', 'memory grew by', 'time against tidemark'];
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...table, '', ...goals.map(goalLine)].join('\n');
}

function goalLine({ figure, of, against, atMost, atLeast, value, met }: GoalResult): string {
  const bytes = figure === 'rssGrowthBytes';
  const show = (number: number) => (bytes ? `${Math.round(number / 2 ** 20)} MiB` : number.toFixed(3));
  const what = `${of}: ${GOAL_WORDS[figure]}${against === undefined ? '' : ` against ${against}`}`;
  const bound = atMost === undefined ? `at least ${show(atLeast ?? 0)}` : `at most ${show(atMost)}`;
  if (value === undefined) return `- ${what}: ${bound} wanted, not judged`;
  return `- ${what}: ${show(value)}, ${bound} wanted: ${met ? 'met' : '**missed**'}`;
}

const PAGE = new URL('RESULTS.md', import.meta.url);

/** Puts the results between the marks of each case in RESULTS.md. */
export function writeResults(machine: string, results: readonly CaseResult[]): void {
  let page = readFileSync(PAGE, 'utf8');
  for (const result of results) {
    const [begin, end] = [`<!-- ${result.name} -->\n`, `<!-- /${result.name} -->`];
    const [from, to] = [page.indexOf(begin), page.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`RESULTS.md has no marks for ${result.name}`);
    page = `${page.slice(0, from + begin.length)}${machine}\n\n${markdownOf(result)}\n${page.slice(to)}`;
  }
  writeFileSync(PAGE, page);
}
