// npm run mutate -- [--groups a,b] [--write]: makes mutants of the pure parts with Stryker, one group after the other,
// prints which of them no test has noticed, and with --write puts the scores into docs/internals/testing.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeOnPage } from '../support/write-on-page.ts';
import { GROUPS, type Group } from './groups.ts';

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: { readonly line: number } };
}

interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NOTICED = ['Killed', 'Timeout'];
const MISSED = ['Survived', 'NoCoverage'];

const { values } = parseArgs({ options: { groups: { type: 'string' }, write: { type: 'boolean' } } });
const chosen = values.groups?.split(',');
const groups = GROUPS.filter(({ name }) => chosen === undefined || chosen.includes(name));
const rows = groups.map((group) => {
  const scored = row(group, mutate(group));
  console.log(scored);
  return scored;
});
const table = [
  '| part | mutants | noticed | not noticed | score |',
  '| --- | --- | --- | --- | --- |',
  ...rows,
].join('\n');
console.log(`\n${table}`);
if (values.write === true) writeOnPage('mutations', table);

function mutate({ name, mutate }: Group): Report {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-mutation-'));
  try {
    const report = join(directory, 'report.json');
    const config = join(directory, 'stryker.config.json');
    writeFileSync(config, JSON.stringify(strykerSettings(report, mutate)));
    const env = { ...process.env, MUTATION_GROUP: name };
    const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    const { status } = spawnSync(process.execPath, [stryker, 'run', config], {
      cwd: ROOT,
      env,
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`Stryker ended with ${status} on ${name}`);
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function strykerSettings(report: string, mutate: readonly string[]): object {
  return {
    mutate,
    testRunner: 'vitest',
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
    plugins: ['@stryker-mutator/vitest-runner', './test/mutation/leave-messages.js'],
    ignorers: ['messages'],
    ignorePatterns: ['dist', 'docs/api'],
    ignoreStatic: true,
    concurrency: 1,
    timeoutMS: 5_000,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
  };
}

function row({ name }: Group, { files }: Report): string {
  const mutants = Object.values(files).flatMap((file) => file.mutants);
  for (const [path, file] of Object.entries(files)) {
    for (const mutant of file.mutants)
      if (MISSED.includes(mutant.status)) console.log(shown(path, file.source, mutant));
  }
  const noticed = mutants.filter(({ status }) => NOTICED.includes(status)).length;
  const missed = mutants.filter(({ status }) => MISSED.includes(status)).length;
  const score = ((100 * noticed) / (noticed + missed)).toFixed(1);
  return `| ${name} | ${noticed + missed} | ${noticed} | ${missed} | ${score} % |`;
}

function shown(path: string, source: string, { status, location, mutatorName, replacement }: Mutant): string {
  const { line } = location.start;
  const was = source.split('\n')[line - 1]?.trim();
  return `${path}:${line} ${status} ${mutatorName}\n  was: ${was}\n  to:  ${replacement.split('\n')[0]}`;
}
