// The tables of docs/internals/testing.md are written by what they tell of, between two marks that bear the table's name.
// UPDATE_DOCS=1 writes them; without it a table that always comes out the same must stand there word for word.
import { expect } from 'vitest';
import { tableOnPage, writeOnPage } from './write-on-page.ts';

export { tableOnPage, writeOnPage };

/** For figures that are the same in every run: the page must have them, or gets them with UPDATE_DOCS=1. */
export function expectOnPage(name: string, table: string): void {
  if (process.env.UPDATE_DOCS === '1') writeOnPage(name, table);
  expect(tableOnPage(name).trim()).toBe(table.trim());
}
