// Fuzzing for parsers: valid samples, broken in the ways that files, buckets and networks break them, and in the ways
// that somebody who means harm would. FUZZ_RUNS=100000 runs each of the tests longer; FUZZ_SEED repeats a run.
import fc from 'fast-check';
import { expect, vi } from 'vitest';

// Long runs take as long as they take.
if (process.env.FUZZ_RUNS !== undefined) vi.setConfig({ testTimeout: 3_600_000 });

/** The number of runs of a fuzz test: `few` in `npm test`, so that all of them together take seconds. */
export function fuzzRuns(few: number): { readonly numRuns: number; readonly seed?: number } {
  const { FUZZ_RUNS, FUZZ_SEED } = process.env;
  const numRuns = FUZZ_RUNS === undefined ? few : Math.ceil((Number(FUZZ_RUNS) * few) / 1_000);
  return FUZZ_SEED === undefined ? { numRuns } : { numRuns, seed: Number(FUZZ_SEED) };
}

const WIDTHS = [1, 2, 4, 8] as const;
const SIZES = [
  0n,
  1n,
  0x7fn,
  0x7fffn,
  0x7fff_fffen,
  0x7fff_ffffn,
  0x8000_0000n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
];

type BytesChange = (bytes: Uint8Array, samples: readonly Uint8Array[]) => Uint8Array;

// Not a `double`: those are spread over their bits, and nearly all of them lie next to 0.
const at = fc.nat(999_999).map((millionths) => millionths / 1_000_000);
const place = (share: number, bytes: Uint8Array) => Math.floor(share * bytes.length);

const bytesChange: fc.Arbitrary<BytesChange> = fc.oneof(
  fc.tuple(at, fc.nat(7)).map(
    ([where, bit]): BytesChange =>
      (bytes) => {
        const changed = Uint8Array.from(bytes);
        const offset = place(where, bytes);
        if (offset < changed.length) changed[offset] = (changed[offset] ?? 0) ^ (1 << bit);
        return changed;
      },
  ),
  at.map(
    (where): BytesChange =>
      (bytes) =>
        bytes.subarray(0, place(where, bytes)),
  ),
  fc.tuple(at, fc.nat(64)).map(
    ([where, length]): BytesChange =>
      (bytes) => {
        const from = place(where, bytes);
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + length)]);
      },
  ),
  fc.tuple(at, at, fc.nat(200)).map(
    ([from, to, length]): BytesChange =>
      (bytes) => {
        const copied = bytes.subarray(place(from, bytes), place(from, bytes) + length);
        return Buffer.concat([bytes.subarray(0, place(to, bytes)), copied, bytes.subarray(place(to, bytes))]);
      },
  ),
  fc.tuple(at, at, fc.nat()).map(
    ([head, tail, nth]): BytesChange =>
      (bytes, samples) => {
        const other = samples[nth % samples.length] ?? bytes;
        return Buffer.concat([bytes.subarray(0, place(head, bytes)), other.subarray(place(tail, other))]);
      },
  ),
  fc.tuple(at, fc.uint8Array({ maxLength: 40 })).map(
    ([where, given]): BytesChange =>
      (bytes) => {
        const changed = Uint8Array.from(bytes);
        changed.set(
          given.subarray(0, Math.max(0, changed.length - place(where, bytes))),
          place(where, bytes),
        );
        return changed;
      },
  ),
  fc.tuple(at, fc.constantFrom(...WIDTHS), fc.constantFrom(...SIZES), fc.boolean()).map(
    ([where, width, size, little]): BytesChange =>
      (bytes) => {
        const changed = Uint8Array.from(bytes);
        const offset = Math.min(place(where, bytes), changed.length - width);
        if (offset < 0) return changed;
        const field = Buffer.alloc(8);
        if (little) field.writeBigUInt64LE(BigInt.asUintN(64, size));
        else field.writeBigUInt64BE(BigInt.asUintN(width * 8, size), 0);
        changed.set(little ? field.subarray(0, width) : field.subarray(8 - width), offset);
        return changed;
      },
  ),
);

/** Bytes that were valid once, or never. */
export function brokenBytes(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const broken = fc
    .tuple(fc.constantFrom(...samples), fc.array(bytesChange, { maxLength: 4 }))
    .map(([sample, changes]) => changes.reduce((bytes, change) => change(bytes, samples), sample));
  return fc.oneof({ weight: 9, arbitrary: broken }, fc.uint8Array({ maxLength: 200 }));
}

/** What somebody may write where another value belongs. Tokens of JSON. */
export const HOSTILE_TOKENS = [
  ...['null', 'true', '0', '-1', '0.5', '-0', '1e3', '1e400', '9007199254740993', '2147483648', '8192'],
  ...[
    '9223372036854775807',
    '9223372036854775808',
    '-9223372036854775809',
    '9'.repeat(400),
    `0.${'3'.repeat(400)}`,
  ],
  ...[
    '""',
    '"x"',
    '"\\u0000"',
    '"\\ud800"',
    '"../../etc/passwd"',
    '"/etc/passwd"',
    '"a\\\\b"',
    '"."',
    '".."',
  ],
  ...['"__proto__"', '"constructor"', '"toString"', '"\\u001b[31m"', '"7"', '"ｅ"', `"${'x'.repeat(300)}"`],
  ...['[]', '{}', '[[]]', '[null]', '{"a":1}', '{"__proto__":{"a":1}}', '[1,2,3]', '{"files":{"a":{}}}'],
  ...[
    '"0000-00-00T00:00:00Z"',
    '"2026-01-01T00:00:00Z"',
    '"2020-01-01 (\\u001b[31m)"',
    '253402300800',
    '1e15',
  ],
] as const;

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:]/g;

type TextChange = (tokens: string[]) => void;

const textChange: fc.Arbitrary<TextChange> = fc.oneof(
  fc.tuple(at, fc.constantFrom(...HOSTILE_TOKENS)).map(
    ([where, token]): TextChange =>
      (tokens) => {
        const values = tokens.flatMap((one, nth) => (/^[[\]{},:]$/.test(one) ? [] : [nth]));
        const nth = values[Math.floor(where * values.length)];
        if (nth !== undefined) tokens[nth] = token;
      },
  ),
  at.map(
    (where): TextChange =>
      (tokens) =>
        void tokens.splice(Math.floor(where * tokens.length), 1),
  ),
  fc.tuple(at, at, fc.nat(12)).map(
    ([from, to, length]): TextChange =>
      (tokens) => {
        const copied = tokens.slice(
          Math.floor(from * tokens.length),
          Math.floor(from * tokens.length) + length,
        );
        tokens.splice(Math.floor(to * tokens.length), 0, ...copied);
      },
  ),
  fc.tuple(at, fc.constantFrom('{', '[', '}', ']', ',', ':')).map(
    ([where, token]): TextChange =>
      (tokens) =>
        void tokens.splice(Math.floor(where * tokens.length), 0, token),
  ),
  // The whole value of a field in place of another: right in itself, and in the wrong place.
  fc.tuple(at, at).map(
    ([from, to]): TextChange =>
      (tokens) => {
        const texts = tokens.flatMap((one, nth) => (one.startsWith('"') ? [nth] : []));
        const source = tokens[texts[Math.floor(from * texts.length)] ?? 0];
        const target = texts[Math.floor(to * texts.length)];
        if (source !== undefined && target !== undefined) tokens[target] = source;
      },
  ),
  fc.tuple(at, fc.integer({ min: 1, max: 6_000 })).map(
    ([where, depth]): TextChange =>
      (tokens) => {
        const values = tokens.flatMap((one, nth) => (/^[[\]{},:]$/.test(one) ? [] : [nth]));
        const nth = values[Math.floor(where * values.length)];
        if (nth !== undefined) tokens[nth] = `${'[['.repeat(depth)}${']]'.repeat(depth)}`;
      },
  ),
);

/** JSON whose values, names and brackets are not what they were. */
export function brokenJson(samples: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(textChange, { maxLength: 3 }))
    .map(([sample, changes]) => {
      const tokens = sample.match(TOKEN) ?? [];
      for (const change of changes) change(tokens);
      return tokens.join('');
    });
}

/** Text whose characters are not what they were: for keys, paths, names, numbers. */
export function brokenText(samples: readonly string[]): fc.Arbitrary<string> {
  const odd = fc.constantFrom(
    '/',
    '..',
    '%',
    '%2F',
    '\0',
    '\ud800',
    '-',
    '.',
    '0',
    '9',
    ' ',
    '\n',
    'é',
    '+',
    ':',
    '1e3',
  );
  const change = fc.tuple(at, fc.nat(3), fc.oneof(odd, fc.string({ maxLength: 3 }), fc.constant('')));
  const broken = fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 3 }))
    .map(([sample, changes]) =>
      changes.reduce((text, [where, length, given]) => {
        const from = Math.floor(where * (text.length + 1));
        return text.slice(0, from) + given + text.slice(from + length);
      }, sample),
    );
  return fc.oneof({ weight: 9, arbitrary: broken }, fc.string({ unit: 'binary', maxLength: 60 }));
}

/** What came of a run: the input was taken, or refused with an expected error. */
export type Verdict = 'taken' | 'refused';

/** Runs a parser on broken input. It must take some and refuse some: a fuzz that only ever meets one tests nothing. */
export function fuzz<T>(input: fc.Arbitrary<T>, few: number, run: (input: T) => Verdict): void {
  const seen = new Set<Verdict>();
  fc.assert(
    fc.property(input, (given) => void seen.add(run(given))),
    fuzzRuns(few),
  );
  expect([...seen].sort()).toEqual(['refused', 'taken']);
}

/** The same for what answers later. */
export async function fuzzAsync<T>(
  input: fc.Arbitrary<T>,
  few: number,
  run: (input: T) => Promise<Verdict>,
): Promise<void> {
  const seen = new Set<Verdict>();
  await fc.assert(
    fc.asyncProperty(input, async (given) => void seen.add(await run(given))),
    fuzzRuns(few),
  );
  expect([...seen].sort()).toEqual(['refused', 'taken']);
}
