// The tests that a group of mutants meets: its own, but for those that draw their input by chance or try every crash.
import { mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';
import { GROUPS } from './groups.ts';

const group = GROUPS.find(({ name }) => name === process.env.MUTATION_GROUP);

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  {
    test: {
      include: group?.tests ?? [],
      exclude: ['**/*.fuzz.test.ts', '**/hostile-{answers,sizes}.test.ts', '**/*crash*.test.ts'],
    },
  },
);
