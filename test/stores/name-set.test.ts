import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { NameSet } from '../../src/stores/tidemark/name-set.ts';

const name = (of: number) => createHash('sha256').update(String(of)).digest('hex');

it('knows each name that was added, and no other, whatever their number', () => {
  const set = new NameSet();
  for (let of = 0; of < 20_000; of += 1) expect(set.add(name(of))).toBe(true);
  for (let of = 0; of < 20_000; of += 1) expect(set.has(name(of))).toBe(true);
  for (let of = 20_000; of < 40_000; of += 1) expect(set.has(name(of))).toBe(false);
  expect(set.add(name(7))).toBe(false);
  expect(set.size).toBe(20_000);
});

it('tells names apart that begin alike, and knows the one of zeros', () => {
  const set = new NameSet();
  const alike = Array.from({ length: 5_000 }, (_, of) => `00000000${name(of)}`.slice(0, 64));
  for (const each of alike) set.add(each);
  expect(alike.every((each) => set.has(each))).toBe(true);
  const zeros = '0'.repeat(64);
  expect(set.has(zeros)).toBe(false);
  set.add(zeros);
  expect(set.has(zeros)).toBe(true);
  expect(() => set.has('not hex')).toThrow(/not a digest/);
});
