// `results.svg`: of each case the time and the CPU of every contender, as bars against tidemark, which is 1. Plain text made of
// figures; colours follow the reader's light or dark page. Run alone it draws `results.json` anew.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { median } from './measure.ts';
import type { CaseResult } from './report.ts';

const WIDTH = 760;
const NAMES_WIDTH = 190;
const ROW = 34;
const BAR = 12;
/** A bar that is longer is cut, and says so by its number. */
const RATIO_MAX = 6;
const UNIT = (WIDTH - NAMES_WIDTH - 90) / RATIO_MAX;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .case { font-weight: 600 }
  .time { fill: #0969da } .cpu { fill: #bf8700 }
  .one { stroke: #656d76; stroke-dasharray: 3 3 }
  .page { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .time { fill: #58a6ff } .cpu { fill: #e3b341 }
    .one { stroke: #8b949e }
    .page { fill: #0d1117 }
  }`;

interface Row {
  readonly name: string;
  readonly time: number;
  readonly cpu: number;
}

/** Cases whose contenders do the same work, tidemark first. */
function comparable({ contenders, figures }: CaseResult): boolean {
  return figures === undefined && contenders.length > 1 && contenders[0]?.name === 'tidemark';
}

function rowsOf({ contenders }: CaseResult): Row[] {
  const [own] = contenders;
  const ratio = (rounds: CaseResult['contenders'][number]['rounds'], figure: string) =>
    median(rounds, figure) / median(own?.rounds ?? [], figure);
  return contenders.map(({ name, rounds }) => ({
    name,
    time: ratio(rounds, 'wallSeconds'),
    cpu: ratio(rounds, 'cpuSeconds'),
  }));
}

function bar(kind: 'time' | 'cpu', ratio: number, y: number): string {
  const width = Math.min(ratio, RATIO_MAX) * UNIT;
  const label = `${ratio.toFixed(2)}${ratio > RATIO_MAX ? ' →' : ''}`;
  return [
    `<rect class="${kind}" x="${NAMES_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<text x="${(NAMES_WIDTH + width + 6).toFixed(1)}" y="${y + BAR - 2}">${label}</text>`,
  ].join('');
}

/** The picture of all cases that compare something. */
export function plotOf(results: readonly CaseResult[]): string {
  const parts: string[] = [];
  let y = 56;
  for (const result of results.filter(comparable)) {
    parts.push(`<text class="case" x="12" y="${y}">${escaped(`${result.name}: ${result.title}`)}</text>`);
    y += 12;
    for (const { name, time, cpu } of rowsOf(result)) {
      parts.push(`<text x="${NAMES_WIDTH - 8}" y="${y + 17}" text-anchor="end">${escaped(name)}</text>`);
      parts.push(bar('time', time, y), bar('cpu', cpu, y + BAR + 1));
      y += ROW;
    }
    y += 22;
  }
  const one = NAMES_WIDTH + UNIT;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    '<title>Time and CPU of each contender, tidemark = 1; shorter is better</title>',
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${y}"/>`,
    '<text x="12" y="24">tidemark = 1; shorter is better</text>',
    `<rect class="time" x="${NAMES_WIDTH + 60}" y="14" width="12" height="12"/><text x="${NAMES_WIDTH + 78}" y="24">time</text>`,
    `<rect class="cpu" x="${NAMES_WIDTH + 130}" y="14" width="12" height="12"/><text x="${NAMES_WIDTH + 148}" y="24">CPU of the process</text>`,
    `<line class="one" x1="${one}" y1="36" x2="${one}" y2="${y - 20}"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const results = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8')) as CaseResult[];
  writeFileSync(new URL('results.svg', import.meta.url), plotOf(results));
}
