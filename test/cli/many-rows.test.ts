// More rows than a call takes arguments: somebody may have filled a bucket with names.
import { describe, expect, it } from 'vitest';
import { textTable } from '../../src/cli/text-table.ts';

describe('a table', () => {
  it('of 300,000 rows is printed', () => {
    const text = textTable(
      ['A', 'B'],
      Array.from({ length: 300_000 }, (_, n) => [String(n), 'x']),
    );
    expect(text.split('\n')).toHaveLength(300_001);
    expect(text.startsWith('A       B\n0       x\n')).toBe(true);
  });
});
