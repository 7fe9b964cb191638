// Which keys there are, and their order against that of their bytes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertKeyPrefix, compareKeys, isObjectKey } from '../../src/objects/object-key.ts';

describe('isObjectKey', () => {
  it.each(['a', 'a/b', 'a b', '...', '.a', 'a..', '%2e%2e', 'ü/🌊', 'x'.repeat(255), '\\'])(
    'takes %j',
    (key) => {
      expect(isObjectKey(key)).toBe(true);
    },
  );
  it.each([
    ...['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/./b', 'a/..'],
    ...['a\u0000', 'a\n', '\u007f', '\u0085', '\ud800', 'a\ufffe', 'x'.repeat(256), 'ü'.repeat(128)],
  ])('refuses %j', (key) => {
    expect(isObjectKey(key)).toBe(false);
  });
});

describe('assertKeyPrefix', () => {
  it.each(['', 'a', 'a/', 'a/b', 'a/.', 'a/..'])('takes %j', (prefix) => {
    expect(() => assertKeyPrefix(prefix)).not.toThrow();
  });
  it.each(['/', 'a//', '../', 'a/../', './a', 'a\u0000'])('refuses %j', (prefix) => {
    expect(() => assertKeyPrefix(prefix)).toThrow('not a prefix of keys');
  });
});

describe('compareKeys', () => {
  it('orders as UTF-8 bytes do', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 6 });
    fc.assert(
      fc.property(text, text, text, (start, left, right) => {
        const [a, b] = [start + left, start + right];
        expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
    expect(compareKeys('\u{1f30a}', '\ue000')).toBeGreaterThan(0);
  });
});
