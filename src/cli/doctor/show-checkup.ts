// What the doctor found, as a document and as lines.
import { type CliError, StoreUnfit } from '../cli-errors.ts';
import type { Shown } from '../command-run.ts';
import type { Paint } from '../paint.ts';
import { printable } from '../text-table.ts';
import type { Finding } from './finding.ts';

export function showCheckup(location: string, findings: readonly Finding[], paint: Paint): Shown {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const sums = `${count('ok')} ok, ${count('warning')} warnings, ${count('failed')} failed`;
  const json = {
    location,
    findings: findings.map(({ error, ...finding }) => (error ? { ...finding, error: error.name } : finding)),
  };
  const text = `${findings.flatMap((finding) => lines(finding, paint)).join('\n')}\n\n${sums}`;
  const failed = findings.filter(({ state }) => state === 'failed');
  if (failed.length === 0) return { json, text };
  return { json, text, error: errorOf(failed, location) };
}

/** What the store itself ended with says more than that it is unfit. */
function errorOf(failed: readonly Finding[], location: string): CliError {
  const told = failed.find(({ error }) => error !== undefined)?.error;
  return told ?? new StoreUnfit(location, [...new Set(failed.map(({ check }) => check))]);
}

function lines({ check, state, found, advice }: Finding, paint: Paint): string[] {
  const word = state.padEnd(8);
  const shown = state === 'ok' ? paint.good(word) : state === 'skipped' ? word : paint.bad(word);
  const first = `${shown} ${check}: ${printable(found)}`;
  return advice === undefined ? [first] : [first, `${' '.repeat(9)}-> ${printable(advice)}`];
}
