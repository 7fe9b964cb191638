// What a key may look like, and in which order keys come. Every storage holds its keys against these rules
// before it touches anything, so that no key leaves its root. Must never change a key.
import { invariant } from '../core/invariant.ts';

const SEGMENT_BYTES_MAX = 255;

// Control characters, lone surrogates and what XML cannot carry.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;

/** Whether `key` is printable segments joined by `/`: none is empty, `.`, `..` or longer than 255 bytes. */
export function isObjectKey(key: string): boolean {
  return !UNPRINTABLE.test(key) && key.split('/').every(isSegment);
}

/** Throws unless `key` is one. Keys are made by a store's layout: a wrong one is a bug there, not bad input. */
export function assertObjectKey(key: string): void {
  invariant(isObjectKey(key), `not a key of an object: '${key}'`);
}

/** Throws unless `prefix` can begin a key. The empty prefix begins all of them. */
export function assertKeyPrefix(prefix: string): void {
  const whole = prefix.split('/').slice(0, -1);
  invariant(!UNPRINTABLE.test(prefix) && whole.every(isSegment), `not a prefix of keys: '${prefix}'`);
}

/** Orders keys as their UTF-8 bytes do: below zero when `a` comes first. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return utf8Rank(left) - utf8Rank(right);
  }
  return a.length - b.length;
}

/** UTF-16 puts surrogates (the characters above U+FFFF) before U+E000; UTF-8 puts them last. */
function utf8Rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x1_0000 : codeUnit;
}

function isSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false;
  // A UTF-16 unit is at most three bytes: short segments need no encoding to be measured.
  if (segment.length * 3 <= SEGMENT_BYTES_MAX) return true;
  return Buffer.byteLength(segment) <= SEGMENT_BYTES_MAX;
}
