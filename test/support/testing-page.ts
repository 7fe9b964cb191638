// The tables of docs/internals/testing.md are written by what they tell of, between two marks that bear the table's name.
// UPDATE_DOCS=1 writes them; without it a table that always comes out the same must stand there word for word.
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';

const PAGE = new URL('../../docs/internals/testing.md', import.meta.url);

function place(page: string, name: string): { from: number; to: number } {
  const begin = `<!-- ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf(`<!-- /${name} -->`);
  if (from < 0 || to < from) throw new Error(`docs/internals/testing.md has no marks for ${name}`);
  return { from: from + begin.length, to };
}

/** The text between the marks of `name`. */
export function tableOnPage(name: string): string {
  const page = readFileSync(PAGE, 'utf8');
  const { from, to } = place(page, name);
  return page.slice(from, to);
}

/** Puts `table` (Markdown) between the marks of `name`. For figures that differ from run to run. */
export function writeOnPage(name: string, table: string): void {
  const page = readFileSync(PAGE, 'utf8');
  const { from, to } = place(page, name);
  writeFileSync(PAGE, `${page.slice(0, from)}${table.trim()}\n${page.slice(to)}`);
}

/** For figures that are the same in every run: the page must have them, or gets them with UPDATE_DOCS=1. */
export function expectOnPage(name: string, table: string): void {
  if (process.env.UPDATE_DOCS === '1') writeOnPage(name, table);
  expect(tableOnPage(name).trim()).toBe(table.trim());
}
