// A modest number of seeds at each test run; `npm run simulate` runs as many as one likes. And what makes a seed worth
// writing down: it gives the same run everywhere.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from './planted/bugs.ts';
import { addTotals, noTotals } from './totals.ts';
import { runSeed } from './world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SEEDS_PER_CASE = 20;
const CASES = 10;

describe('whatever happens to a cluster and its store', () => {
  const totals = noTotals();

  it.each(Array.from({ length: CASES }, (_, index) => 1 + index * SEEDS_PER_CASE))(
    'every promise holds, seeds from %i on',
    async (from) => {
      for (let seed = from; seed < from + SEEDS_PER_CASE; seed += 1) {
        const run = await runSeed(seed);
        expect(run.violation?.message, `seed ${seed}`).toBeUndefined();
        addTotals(totals, run.totals);
      }
    },
  );

  it('much has happened', () => {
    // Runs with markers have a test of their own.
    const ofMarkers = ['markers', 'restores to a point', 'logs cut at a restore'];
    for (const [name, count] of Object.entries(totals)) {
      if (!ofMarkers.includes(name)) expect(count, name).toBeGreaterThan(0);
    }
  });
});

describe('a seed', () => {
  it.each([2, 77])('gives the same run again, in this process and in another: %i', async (seed) => {
    const [first, second] = [await runSeed(seed), await runSeed(seed)];
    expect(second).toEqual(first);
    const program = ['--import', './examples/by-name.ts', 'test/simulation/main.ts'];
    const told = execFileSync(process.execPath, [...program, '--seed', String(seed), '--lines', '1'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(told).toContain(`trace ${first.traceHash}`);
  });

  it('gives another run than its neighbour', async () => {
    expect((await runSeed(2)).traceHash).not.toBe((await runSeed(3)).traceHash);
  });
});

describe('a planted bug', () => {
  it.each(PLANTED_BUGS)('still fits the source: $name', ({ edits }) => {
    for (const { file, find } of edits) {
      expect(readFileSync(`${ROOT}${file}`, 'utf8').split(find), `${file}: ${find}`).toHaveLength(2);
    }
  });
});
