// Runs in which markers are made all the time: every range that is told can be restored, at any time in it.
import { describe, expect, it } from 'vitest';
import { addTotals, noTotals } from './totals.ts';
import { runSeed } from './world.ts';

const SEEDS_PER_CASE = 30;
const CASES = 10;

describe('whatever happens to a cluster that makes markers', () => {
  const totals = noTotals();

  it.each(Array.from({ length: CASES }, (_, index) => 1 + index * SEEDS_PER_CASE))(
    'it can be restored to what is told, seeds from %i on',
    async (from) => {
      for (let seed = from; seed < from + SEEDS_PER_CASE; seed += 1) {
        const run = await runSeed(seed, { pointsInTime: true });
        expect(run.violation?.message, `seed ${seed}`).toBeUndefined();
        addTotals(totals, run.totals);
      }
    },
  );

  it('much has happened', () => {
    for (const [name, count] of Object.entries(totals)) expect(count, name).toBeGreaterThan(0);
  });
});
