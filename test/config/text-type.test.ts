import { describe, expect, it } from 'vitest';
import { dataSize, duration, type TextType, yesOrNo } from '../../src/config/text-type.ts';

function read<T>(type: TextType<T>, text: string): T | undefined {
  return type.schema.safeParse(text).data;
}

describe('a duration', () => {
  const day = duration(1, 86_400_000);
  it.each([
    ['180s', 180_000],
    ['PT180S', 180_000],
    ['pt3m', 180_000],
    ['PT0.5S', 500],
    ['P1D', 86_400_000],
    ['PT1H2M3.25S', 3_723_250],
    ['500', 500],
    ['500ms', 500],
    ['2m', 120_000],
    ['1H', 3_600_000],
    [' 1d ', 86_400_000],
  ])('%j is %i ms', (text, ms) => expect(read(day, text)).toBe(ms));
  it.each(['', '0', '0s', '-1s', 'P', 'PT', '1w', '1.5s', '2d', 'PT-1S', '1e3', 'toString'])(
    '%j is none',
    (text) => expect(read(day, text)).toBeUndefined(),
  );
});

describe('a size', () => {
  const size = dataSize(1, 64 * 1024 * 1024);
  it.each([
    ['1', 1],
    ['10B', 10],
    ['2KB', 2048],
    ['4MB', 4_194_304],
    ['4mib', 4_194_304],
  ])('%j is %i bytes', (text, bytes) => expect(read(size, text)).toBe(bytes));
  it.each(['', '0', '65MB', '1GB', '1TB', '1.5MB', 'MB', '-1', '4 MB'])('%j is none', (text) =>
    expect(read(size, text)).toBeUndefined(),
  );
});

describe('yes or no', () => {
  it.each([
    ['TRUE', true],
    ['on', true],
    ['0', false],
    ['No', false],
    ['constructor', undefined],
    ['', undefined],
  ])('%j is %s', (text, expected) => expect(read(yesOrNo, text)).toBe(expected));
});
