// From costs to words: medians, ratios, goals met or missed. Nothing here measures.
import { readFileSync, writeFileSync } from 'node:fs';
import { writeOnPage } from '../test/support/write-on-page.ts';
import type { Case, Cost, Figure, Goal } from './case.ts';
import { median } from './measure.ts';
import { plotOf } from './plot.ts';

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
  readonly figures?: readonly Figure[] | undefined;
  readonly missing: readonly string[];
}

export function judge(
  { name, title, goals, figures }: Case,
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
    figures,
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

/** The figures that every contender has. `sentBytes` is shown as a part of all bytes, so it has no unit. */
const COMMON_FIGURES: readonly Figure[] = [
  { name: 'wallSeconds', title: 'time', unit: 'seconds' },
  { name: 'cpuSeconds', title: 'CPU', unit: 'seconds' },
  { name: 'sentBytes', title: 'bytes sent', unit: 'number' },
  { name: 'rssGrowthBytes', title: 'memory grew by', unit: 'bytes' },
];

/** A table of the contenders and a line for each goal. */
export function markdownOf({ contenders, goals, figures }: CaseResult): string {
  const [head, rows] = figures === undefined ? commonTable(contenders) : ownTable(contenders, figures);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const known = [...(figures ?? []), ...COMMON_FIGURES];
  return [...table, '', ...goals.map((goal) => goalLine(goal, known))].join('\n');
}

type Table = readonly [head: readonly string[], rows: readonly (readonly string[])[]];

function commonTable(contenders: readonly ContenderResult[]): Table {
  const [first] = contenders;
  const rows = contenders.map(({ name, rounds }) => {
    const wall = median(rounds, 'wallSeconds');
    const gigabytes = median(rounds, 'bytes') / 1e9;
    const ratio = first === undefined ? Number.NaN : wall / median(first.rounds, 'wallSeconds');
    return [
      name,
      show(wall, 'seconds'),
      `${(median(rounds, 'cpuSeconds') / gigabytes).toFixed(2)}`,
      show(median(rounds, 'rssGrowthBytes'), 'bytes'),
      `${ratio.toFixed(2)}`,
    ];
  });
  return [['contender', 'time', 'CPU-s per GB', 'memory grew by', 'time against tidemark'], rows];
}

function ownTable(contenders: readonly ContenderResult[], figures: readonly Figure[]): Table {
  const rows = contenders.map(({ name, rounds }) => [
    name,
    ...figures.map((figure) => show(median(rounds, figure.name), figure.unit)),
  ]);
  return [['', ...figures.map(({ title }) => title)], rows];
}

function show(value: number, unit: Figure['unit']): string {
  if (Number.isNaN(value)) return '';
  if (unit === 'bytes') return `${Math.round(value / 2 ** 20)} MiB`;
  if (unit === 'seconds') return `${value.toFixed(2)} s`;
  if (unit === 'milliseconds') return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
  return String(Number.isInteger(value) ? value : Number(value.toFixed(3)));
}

function goalLine(goal: GoalResult, known: readonly Figure[]): string {
  const { figure, of, against, atMost, atLeast, value, met } = goal;
  const { title = figure, unit = 'number' } = known.find(({ name }) => name === figure) ?? {};
  const showing = (number: number) => show(number, against === undefined ? unit : 'number');
  const what = `${of}: ${title}${against === undefined ? '' : ` against ${against}`}`;
  const bound = atMost === undefined ? `at least ${showing(atLeast ?? 0)}` : `at most ${showing(atMost)}`;
  if (value === undefined) return `- ${what}: ${bound} wanted, not judged`;
  return `- ${what}: ${showing(value)}, ${bound} wanted: ${met ? 'met' : '**missed**'}`;
}

const place = (file: string) => new URL(file, import.meta.url);

/** Puts the results between the marks of each case in RESULTS.md, and all that are known into the plot. */
export function writeResults(machine: string, results: readonly CaseResult[]): void {
  const page = place('RESULTS.md');
  for (const result of results) writeOnPage(result.name, `${machine}\n\n${markdownOf(result)}`, page);
  const old = JSON.parse(readFileSync(place('results.json'), 'utf8')) as CaseResult[];
  const isNew = ({ name }: CaseResult) => results.some((result) => result.name === name);
  const all = [...old.filter((result) => !isNew(result)), ...results];
  writeFileSync(place('results.json'), `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(place('results.svg'), plotOf(all));
}
