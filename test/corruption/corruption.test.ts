// Every object of a backup, damaged in every way: a verification names it, and a restore refuses it and touches nothing.
// What does no harm is excused by name, and has to give what the whole backup gives.
import { afterAll, describe, expect, it } from 'vitest';
import { expectOnPage } from '../support/testing-page.ts';
import { type Matrix, matrixRows, runMatrix } from './matrix.ts';
import { compressedPlace, encryptedPlace, nativePlace } from './native-place.ts';
import { zeebePlace } from './zeebe-place.ts';

const LAYOUTS = [
  { layout: 'native', make: () => nativePlace() },
  { layout: 'native, zstd', make: compressedPlace },
  { layout: 'native, encrypted', make: encryptedPlace },
  { layout: 'zeebe', make: zeebePlace },
] as const;
const found = new Map<string, Matrix>();

describe.each(LAYOUTS)('damage to a backup in the $layout layout', ({ layout, make }) => {
  it('is named by a verification and refused by a restore', { timeout: 120_000 }, async () => {
    const { place, objects } = await make();
    const matrix = await runMatrix(place, objects);
    found.set(layout, matrix);
    const counts = [...matrix.kinds.values()];
    expect(counts.reduce((sum, { refused }) => sum + refused, 0)).toBeGreaterThan(100);
    for (const { damages, refused, harmless } of counts) expect(refused + harmless).toBe(damages);
  });
});

afterAll(() => {
  if (found.size < LAYOUTS.length) return;
  const all = [...found];
  const heads = ['objects', 'damages', 'named', 'missing', 'noticed beside it', 'refused', 'harmless'];
  const excuses = all.flatMap(([layout, { excuses }]) =>
    [...excuses].sort().map(([excuse, times]) => `| ${layout} | ${excuse} | ${times} |`),
  );
  const table = [
    `| layout | object | ${heads.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(heads.length)}`,
    ...all.flatMap(([layout, matrix]) => matrixRows(layout, matrix)),
    '',
    '| layout | harmless, because it is | times |',
    '| --- | --- | --- |',
    ...excuses,
  ];
  expectOnPage('corruption-matrix', table.join('\n'));
});
