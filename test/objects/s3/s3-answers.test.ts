// Answers that look well and are not: listings and bodies held against what they say of themselves.
import { describe, expect, it } from 'vitest';
import { readRangeAnswer } from '../../../src/objects/s3/s3-body.ts';
import { readListing, type S3Listing } from '../../../src/objects/s3/s3-listing.ts';

const bounds = { prefix: 'p/', startAfter: 'p/a', limit: 3 };
const entry = (Key: string) => ({ Key, Size: 1, LastModified: new Date(1_000) });
const listing = (...keys: string[]): S3Listing => ({
  Name: 'bucket',
  KeyCount: keys.length,
  IsTruncated: false,
  Contents: keys.map(entry),
});

describe('readListing', () => {
  it('reads a page', () => {
    const page = readListing({ ...listing('p/b', 'p/c'), IsTruncated: true }, bounds)._unsafeUnwrap();
    expect(page.truncated).toBe(true);
    expect(page.objects).toEqual([
      { key: 'p/b', sizeBytes: 1, lastModified: 1_000 },
      { key: 'p/c', sizeBytes: 1, lastModified: 1_000 },
    ]);
  });

  it('takes an empty last page', () => {
    expect(readListing({ Name: 'bucket', IsTruncated: false }, bounds)._unsafeUnwrap().objects).toEqual([]);
  });

  it.each<[string, S3Listing, string]>([
    ['an HTML page', {}, 'no listing'],
    ['no truncation mark', { Name: 'bucket', KeyCount: 0 }, 'no listing'],
    ['a cut listing', { ...listing('p/b'), KeyCount: 2 }, 'announces 2 keys and holds 1'],
    ['an empty page before others', { Name: 'bucket', IsTruncated: true }, 'more follows'],
    ['the same page again', listing('p/a', 'p/b'), 'repeats itself'],
    ['a key twice', listing('p/b', 'p/b'), 'repeats itself'],
    ['keys out of order', listing('p/c', 'p/b'), 'not in order'],
    ['a foreign key', listing('q/b'), 'outside of the prefix'],
    ['too many keys', listing('p/b', 'p/c', 'p/d', 'p/e'), 'more than the 3 keys'],
    ['no size', { ...listing('p/b'), Contents: [{ ...entry('p/b'), Size: undefined }] }, 'lacks'],
    ['no time', { ...listing('p/b'), Contents: [{ ...entry('p/b'), LastModified: undefined }] }, 'lacks'],
  ])('refuses %s', (_, answer, detail) => {
    expect(readListing(answer, bounds)._unsafeUnwrapErr()).toContain(detail);
  });
});

describe('readRangeAnswer', () => {
  const bytes = Uint8Array.from([5, 6, 7]);
  const range = { start: 5, length: 3 };

  it('takes what was asked for', () => {
    expect(readRangeAnswer({ bytes, ContentLength: 3 }, undefined)._unsafeUnwrap()).toEqual(bytes);
    expect(readRangeAnswer({ bytes }, undefined)._unsafeUnwrap()).toEqual(bytes);
    expect(readRangeAnswer({ bytes, ContentRange: 'bytes 5-7/100' }, range)._unsafeUnwrap()).toEqual(bytes);
    expect(readRangeAnswer({ bytes, ContentRange: 'bytes 5-7/*' }, range)._unsafeUnwrap()).toEqual(bytes);
  });

  it('takes a range that the end of the object cuts', () => {
    const answer = { bytes, ContentRange: 'bytes 5-7/8' };
    expect(readRangeAnswer(answer, { start: 5, length: 10 })._unsafeUnwrap()).toEqual(bytes);
  });

  it('takes the range out of a whole object', () => {
    const whole = Uint8Array.from({ length: 9 }, (_, index) => index);
    expect(readRangeAnswer({ bytes: whole, ContentLength: 9 }, range)._unsafeUnwrap()).toEqual(bytes);
  });

  it.each([
    ['a cut body', { bytes, ContentLength: 4 }, undefined],
    ['a long body', { bytes, ContentLength: 2 }, undefined],
    ['another start', { bytes, ContentRange: 'bytes 4-6/100' }, range],
    ['a short range', { bytes, ContentRange: 'bytes 5-7/100' }, { start: 5, length: 4 }],
    ['a range that is not what it says', { bytes, ContentRange: 'bytes 5-6/100' }, range],
    ['no range at all', { bytes, ContentRange: 'items 5' }, range],
  ])('refuses %s', (_, answer, asked) => {
    expect(readRangeAnswer(answer, asked).isErr()).toBe(true);
  });
});
