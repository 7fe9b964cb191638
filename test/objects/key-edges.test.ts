import { describe, expect, it } from 'vitest';
import { assertKeyPrefix, assertObjectKey, compareKeys, isObjectKey } from '../../src/objects/object-key.ts';

describe('a key', () => {
  it('that is none is a bug of whoever made it', () => {
    expect(() => assertObjectKey('a/../b')).toThrow("not a key of an object: 'a/../b'");
    expect(() => assertObjectKey('a/b')).not.toThrow();
    expect(() => assertKeyPrefix('a//b')).toThrow('not a prefix of keys');
  });

  it('has segments of 255 bytes, not of 255 characters', () => {
    expect(isObjectKey(`a/${'é'.repeat(127)}`)).toBe(true);
    expect(isObjectKey(`a/${'é'.repeat(128)}`)).toBe(false);
    expect(isObjectKey('€'.repeat(85))).toBe(true);
    expect(isObjectKey('€'.repeat(86))).toBe(false);
  });

  it('stands where its UTF-8 bytes stand, at every edge of UTF-16', () => {
    const keys = [
      '',
      'a',
      'a/b',
      'a0',
      '\ud7ff',
      '\ue000',
      '\ufffd',
      '\u{10000}',
      '\u{103fe}',
      '\u{103ff}',
      '\u{10400}',
      '\u{10ffff}',
    ];
    for (const one of keys) {
      for (const other of keys) {
        const bytes = Buffer.compare(Buffer.from(one), Buffer.from(other));
        expect(Math.sign(compareKeys(one, other)), `${one} ${other}`).toBe(bytes);
      }
    }
  });
});
