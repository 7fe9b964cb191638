// The tables of docs/internals/testing.md, and of other pages where said, stand between two marks that bear the table's name.
// Writes and reads them; for programs as well as for tests, so it must not need vitest.
import { readFileSync, writeFileSync } from 'node:fs';

export const TESTING_PAGE = new URL('../../docs/internals/testing.md', import.meta.url);

function place(page: string, name: string): { from: number; to: number } {
  const begin = `<!-- ${name} -->\n`;
  const from = page.indexOf(begin);
  const to = page.indexOf(`<!-- /${name} -->`);
  if (from < 0 || to < from) throw new Error(`the page has no marks for ${name}`);
  return { from: from + begin.length, to };
}

/** The text between the marks of `name`. */
export function tableOnPage(name: string, url = TESTING_PAGE): string {
  const page = readFileSync(url, 'utf8');
  const { from, to } = place(page, name);
  return page.slice(from, to);
}

/** Puts `table` (Markdown) between the marks of `name`. For figures that differ from run to run. */
export function writeOnPage(name: string, table: string, url = TESTING_PAGE): void {
  const page = readFileSync(url, 'utf8');
  const { from, to } = place(page, name);
  writeFileSync(url, `${page.slice(0, from)}${table.trim()}\n${page.slice(to)}`);
}
