// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are among what is tested
// Configuration files and variables that are broken, or made to hang who reads them: problems each time, never a throw.
import fc from 'fast-check';
import { loadSettings } from 'tidemark/config';
import { describe, expect, it } from 'vitest';
import { resolvePlaceholders } from '../../src/config/placeholder.ts';
import { SETTINGS } from '../../src/config/setting-keys.ts';
import { brokenText, fuzz, fuzzRuns } from '../support/fuzz.ts';

const YAML = `zeebe:
  broker:
    cluster: { partitionsCount: 3, clusterSize: "3", nodeId: "\${NODE:0}" }
    data:
      directory: &where /var/data
      backup:
        store: S3
        s3: { bucketName: b, region: eu-west-1, accessKey: a, secretKey: 's', apiCallTimeout: PT180S }
management:
  endpoints.web.exposure.include: [health, backups]
tidemark.chunkSize: 4MB # sizes as in Spring
other: *where
`;

const load = (text: string, env = {}) => loadSettings({ yaml: { text, source: 'a.yaml' }, env });

function outcome(text: string, env?: Record<string, string>) {
  const loaded = load(text, env);
  if (loaded.isErr()) expect(loaded.error.name).toBe('InvalidConfiguration');
  return loaded.isOk() ? 'taken' : 'refused';
}

it('a file with text changed', () => fuzz(brokenText([YAML]), 300, (text) => outcome(text)));

it('a value of any setting', () => {
  const samples = [
    '1',
    '0',
    '-1',
    'true',
    'S3',
    'PT1H',
    '4MB',
    'http://h:1',
    'a/b',
    '1e9',
    '9'.repeat(400),
    '${A:${B:x}}',
  ];
  const variables = Object.values(SETTINGS).map(({ key }) => key.replaceAll('.', '_').toUpperCase());
  const given = fc.dictionary(fc.constantFrom(...variables), brokenText(samples), {
    maxKeys: 3,
    noNullPrototype: true,
  });
  fuzz(given, 2_000, (env) => outcome(YAML, env));
});

it('placeholders of any shape', () => {
  const samples = [
    '${A}',
    '${A:b}',
    'x${A:${B:${C:d}}}y',
    '${zeebe.broker.cluster.nodeId:1}',
    '${:}',
    '$${A}',
  ];
  fuzz(brokenText(samples), 3_000, (text) =>
    resolvePlaceholders(text, { A: '${A}', C: 'c' }).isOk() ? 'taken' : 'refused',
  );
});

it('what stands around placeholders stays', () => {
  const plain = fc.string().filter((text) => !/[$]|[{}]/.test(text));
  fc.assert(
    fc.property(plain, plain, plain, (before, between, after) => {
      const text = `${before}\${A}${between}\${X:\${A}}${after}`;
      expect(resolvePlaceholders(text, { A: 'a' })._unsafeUnwrap()).toBe(`${before}a${between}a${after}`);
    }),
    fuzzRuns(500),
  );
});

it('names that every object has', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty'),
      fc.boolean(),
      (name, deep) => {
        const text = deep ? `zeebe.broker.data.backup.${name}:\n  x: 1` : `${name}:\n  store: S3`;
        expect(load(text).isOk()).toBe(true);
        expect(resolvePlaceholders(`\${${name}}`, {}).isErr()).toBe(true);
      },
    ),
    fuzzRuns(50),
  );
});

describe('what is made to hang', () => {
  const laughs = `a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n${Array.from(
    { length: 12 },
    (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(10)}]\n`,
  ).join('')}`;

  it.each([
    ['lists in lists', '['.repeat(100_000)],
    ['maps in maps', '{a: '.repeat(50_000)],
    ['closed lists', `zeebe: ${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['maps by lines', Array.from({ length: 2_000 }, (_, n) => `${' '.repeat(n)}a:`).join('\n')],
    ['a billion laughs', laughs],
    [
      'many keys',
      Array.from({ length: 20_000 }, (_, n) => `zeebe.broker.data.backup.${'k'.repeat(150)}${n}: 1`).join(
        '\n',
      ),
    ],
    ['many placeholders', `zeebe.broker.data.backup.store: "${'${A:'.repeat(50_000)}"`],
    ['placeholders side by side', `zeebe.broker.data.backup.store: "${'${A:b}'.repeat(50_000)}"`],
    ['a long word', `zeebe.broker.data.backup.s3.apiCallTimeout: ${'1'.repeat(1_000_000)}`],
  ])('%s: is answered', (_, text) => {
    const loaded = load(text);
    const said = loaded.isErr() ? loaded.error.problems : loaded.value.warnings;
    expect(said.length).toBeLessThan(100);
  });

  it('nine thousand unknown keys: the first ones are named', () => {
    const lines = Array.from({ length: 9_000 }, (_, n) => `${'k'.repeat(150)}${n}: 1`).join('\n  ');
    const { warnings } = load(`zeebe.broker.data.backup:\n  ${lines}`)._unsafeUnwrap();
    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toBe('8950 more unknown keys have no effect');
  });

  it.each(['a: 1\na: 1', 'x:\n  b: 1\n  c: 2\n  b: 3'])('a key that is there twice is told: %j', (text) => {
    expect(load(text)._unsafeUnwrapErr().message).toContain(
      `a key is there twice (a.yaml line ${text.split('\n').length})`,
    );
  });

  it('an alias that leads to itself: is answered', () => {
    expect(load('a: &a\n  b: *a\n').isErr()).toBe(true);
  });
});
