// The page of errors against the source, both ways: each class has its section, each section its class, and what the
// page says of `retryable` is what the class says.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as management from 'tidemark/management';
import { expect, it } from 'vitest';
import * as root from '../../src/index.ts';
import { sourceTree } from '../architecture/source-tree.ts';

const PAGE = fileURLToPath(new URL('../../docs/reference/errors.md', import.meta.url));
const sections = new Map(
  readFileSync(PAGE, 'utf8')
    .split(/^### /m)
    .slice(1)
    .map((text) => {
      const [name = ''] = text.split('\n');
      return [name, text.split(/^## /m)[0] ?? ''] as const;
    }),
);

/** Every class of an error in the source: its name, and the text of its body. */
const classes = new Map(
  sourceTree().flatMap(({ text }) =>
    text
      .split(/^(?=export class )/m)
      .map((part) => [/^export class (\w+) extends (?:BackupError|Error)\b/.exec(part)?.[1], part] as const)
      .filter((pair): pair is readonly [string, string] => pair[0] !== undefined),
  ),
);

it('has a section for each error of the source, and no other', () => {
  expect(classes.size).toBeGreaterThan(35);
  expect([...sections.keys()].sort()).toEqual([...classes.keys()].sort());
});

it('has a section for each error that can be imported', () => {
  const exported = Object.entries({ ...root, ...management })
    .filter(([, value]) => typeof value === 'function' && value.prototype instanceof Error)
    .map(([name]) => name)
    .filter((name) => name !== 'BackupError');
  expect(exported.length).toBeGreaterThan(30);
  expect(exported.filter((name) => !sections.has(name))).toEqual([]);
});

it.each([...classes.keys()])('%s: when, cause and remedy, and whether it may pass', (name) => {
  const section = sections.get(name) ?? '';
  for (const word of ['When', 'Cause', 'Remedy'])
    expect(section).toMatch(new RegExp(`^- \\*\\*${word}\\*\\* \\S`, 'm'));
  const body = classes.get(name) ?? '';
  const literal = /readonly retryable = (true|false)/.exec(body)?.[1];
  const said = /`retryable: ([^`]+)`/.exec(section)?.[1];
  if (name === 'InvariantViolation') expect(said).toBeUndefined();
  else expect(said).toMatch(literal === undefined ? /^as its / : literal === 'true' ? /^yes$/ : /^no$/);
});

it.each([...classes.keys()])('%s: the fields that the page names are there', (name) => {
  const body = classes.get(name) ?? '';
  const when = /\*\*When\*\*(.*)/.exec(sections.get(name) ?? '')?.[1] ?? '';
  // A word in code that is a property of some error must be one of this error.
  const properties = new Set(
    [...classes.values()].flatMap((text) =>
      [...text.matchAll(/readonly (\w+)[:?]/g)].map((found) => found[1]),
    ),
  );
  const named = [...when.matchAll(/`(\w+)`/g)]
    .map((found) => found[1])
    .filter((word) => properties.has(word));
  for (const word of named) expect(body).toContain(`readonly ${word}`);
});
