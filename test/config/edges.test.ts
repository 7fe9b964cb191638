// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders are among what is tested
// Values, variables and files at the edges of what is read: the last that is right, and the first that is not.
import { loadSettings } from 'tidemark/config';
import { describe, expect, it } from 'vitest';
import { environmentValues } from '../../src/config/environment-values.ts';
import { nearestKey } from '../../src/config/nearest-key.ts';
import { resolvePlaceholders } from '../../src/config/placeholder.ts';
import { duration, serverUrl, type TextType, wholeNumber, wordList } from '../../src/config/text-type.ts';
import { yamlValues } from '../../src/config/yaml-values.ts';

const DAY = 86_400_000;
const read = <T>(type: TextType<T>, text: string): T | undefined => type.schema.safeParse(text).data;

describe('a text', () => {
  it.each<[string, number | undefined]>([
    ['PT180S', 180_000],
    ['pt1.5s', 1_500],
    ['P12DT13H14M15.25S', 12 * DAY + 13 * 3_600_000 + 14 * 60_000 + 15_250],
    ['P10D', 10 * DAY],
    ['PT10H', 36_000_000],
    ['PT10M', 600_000],
    ['12d', 12 * DAY],
    ['7', 7],
    [' 7ms ', 7],
    ...[
      'P',
      'PT',
      'P1',
      'PT1',
      'xPT1S',
      'PT1Sx',
      'PT1S1S',
      'P1DT',
      'PT-1S',
      '1w',
      'x1s',
      '1sx',
      '',
      '1.5s',
    ].map((text): [string, undefined] => [text, undefined]),
  ])('%j is a duration of %s ms', (text, ms) => {
    expect(read(duration(0, 1_000 * DAY), text)).toBe(ms);
  });

  it('is a whole number within bounds', () => {
    const type = wholeNumber(2, 11);
    expect(['2', '11', ' 7 ', '007'].map((text) => read(type, text))).toEqual([2, 11, 7, 7]);
    for (const text of ['1', '12', 'x7', '7x', '7.0', '-7', '', '0000000000000007'])
      expect(read(type, text), text).toBeUndefined();
  });

  it('is the URL of a server', () => {
    for (const url of ['http://h', 'https://h:1/a', ' http://h '])
      expect(read(serverUrl, url)).toBe(url.trim());
    for (const url of [
      'http://u@h',
      'http://:p@h',
      'http://u:p@h',
      'ftp://h',
      'xhttp://h',
      'http:///h',
      'http:h',
      'h',
      'http://',
      'http://h:x',
    ]) {
      expect(read(serverUrl, url), url).toBeUndefined();
    }
  });

  it('is a list of words, none of them empty', () => {
    expect(read(wordList, ' a , b')).toEqual(['a', 'b']);
    for (const text of ['a,,b', ',', 'a,', '', ' ']) expect(read(wordList, text), text).toBeUndefined();
  });

  it('that is blank is told to be left out', () => {
    const { error } = wholeNumber(1, 2).schema.safeParse('  ');
    expect(error?.issues[0]?.message).toContain('leave it out');
  });
});

describe('a placeholder', () => {
  const env = { A: 'a', 'B.C': undefined, MY_OWN_KEY: 'mine' };
  it.each([
    ['${ A }', 'a'],
    ['${:x}', 'x'],
    ['${A:}', 'a'],
    ['${B.C:x}', 'x'],
    ['${my.own-key}', 'mine'],
    ['}${A}{', '}a{'],
    ['http://${A}:9000/${B.C:b}/x', 'http://a:9000/b/x'],
    ['${X:http://${A}:1}/', 'http://a:1/'],
    ['$${A}', '$a'],
  ])('%s is %j', (text, value) => {
    expect(resolvePlaceholders(text, env)._unsafeUnwrap()).toBe(value);
  });

  it.each(['${}', '${B.C}', '${myownkey}', '${A', '${A:${A}'])('%s leads nowhere', (text) => {
    expect(resolvePlaceholders(text, env).isErr()).toBe(true);
  });

  it('is nested 20 levels deep at most', () => {
    const nested = (depth: number) => `${'${X:'.repeat(depth)}end${'}'.repeat(depth)}`;
    expect(resolvePlaceholders(nested(20), {})._unsafeUnwrap()).toBe('end');
    expect(resolvePlaceholders(nested(21), {})._unsafeUnwrapErr()).toContain('20 levels');
  });

  it('that leads nowhere is named up to 60 characters', () => {
    expect(resolvePlaceholders(`\${${'n'.repeat(61)}}`, {})._unsafeUnwrapErr()).toContain(
      `'${'n'.repeat(60)}'`,
    );
  });
});

describe('the environment', () => {
  it('gives what could be about us, and nothing else', () => {
    const given = environmentValues({
      PATH: '/bin',
      TIDEMARK_X: '1',
      zeebe_broker_data_backup_y: '2',
      ZEEBE_BROKER_DATA_BACKUP_STORE: undefined,
      ZEEBE_BROKER_CLUSTER_NODEID: '3',
      ZEEBE_BROKER_OTHER: '4',
      XTIDEMARK_X: '5',
    });
    expect(given.map(({ spelling, text }) => [spelling, text])).toEqual([
      ['TIDEMARK_X', '1'],
      ['zeebe_broker_data_backup_y', '2'],
      ['ZEEBE_BROKER_CLUSTER_NODEID', '3'],
    ]);
  });
});

describe('YAML', () => {
  const valuesOf = (text: string) =>
    yamlValues(text, 'a.yaml', {}).values.map(({ spelling, text: value }) => [spelling, value]);
  const problemsOf = (text: string) => yamlValues(text, 'a.yaml', {}).problems;

  it('that is null in any way is no value; the empty text is one', () => {
    expect(valuesOf('a: ~\nb: null\nc:\nd: NULL\ne: ""\nf: "null"\ng: nully')).toEqual([
      ['e', ''],
      ['f', 'null'],
      ['g', 'nully'],
    ]);
  });

  it('that is a list of plain values is these with commas; another is none', () => {
    expect(valuesOf('a: [1, x]\nb: []\nc: [1, [2]]\nd: [{ e: 1 }]')).toEqual([
      ['a', '1,x'],
      ['b', ''],
    ]);
  });

  it.each([
    ['a: 1\n---\nb: 2', /several documents in one file.* \(a\.yaml line 2\)/],
    ['a: [', /^not valid YAML: Flow sequence .* \(a\.yaml line 1\)/],
    ['a: 1\na: 1', /a key is there twice \(a\.yaml line 2\)/],
  ])('%j is told: %s', (text, told) => {
    expect(problemsOf(text).join('\n')).toMatch(told);
  });

  it('may hold 10,000 values and 50 levels', () => {
    const flat = (count: number) => Array.from({ length: count }, (_, n) => `k${n}: 1`).join('\n');
    expect(problemsOf(flat(9_999))).toEqual([]);
    expect(problemsOf(flat(10_000))).toEqual(['the YAML holds more than 10000 values']);
    const list = (count: number) => `a: [${'1,'.repeat(count)}]`;
    expect(problemsOf(list(9_998))).toEqual([]);
    expect(problemsOf(list(9_999))).toHaveLength(1);
    const deep = (levels: number) => `${'{a: '.repeat(levels)}1${'}'.repeat(levels)}`;
    expect(problemsOf(deep(50))).toEqual([]);
    expect(problemsOf(deep(51)).join()).toContain('nested deeper than 50 levels');
  });
});

describe('settings', () => {
  const load = (env: Record<string, string>) => loadSettings({ env });
  const FILES = {
    ZEEBE_BROKER_DATA_BACKUP_STORE: 'FILESYSTEM',
    ZEEBE_BROKER_DATA_BACKUP_FILESYSTEM_BASEPATH: '/b',
  };

  it('name their cluster by its id, or else by its name', () => {
    const named = { ...FILES, ZEEBE_BROKER_CLUSTER_CLUSTERNAME: 'n' };
    expect(load(named)._unsafeUnwrap()).toMatchObject({
      backup: { store: 'FILESYSTEM', basePath: '/b', clusterId: 'n' },
      cluster: { clusterName: 'n' },
    });
    const both = { ...named, ZEEBE_BROKER_CLUSTER_CLUSTERID: 'i' };
    expect(load(both)._unsafeUnwrap()).toMatchObject({
      backup: { clusterId: 'i' },
      cluster: { clusterId: 'i', clusterName: 'n' },
    });
    expect('clusterId' in load(FILES)._unsafeUnwrap().cluster).toBe(false);
    expect('token' in load(FILES)._unsafeUnwrap().management).toBe(false);
  });

  it('may be those of a store in memory', () => {
    expect(load({ ZEEBE_BROKER_DATA_BACKUP_STORE: 'memory' })._unsafeUnwrap().backup).toMatchObject({
      store: 'MEMORY',
      heartbeatMs: 15_000,
    });
  });

  it('show a wrong value, but none that may hold a secret', () => {
    const problem = (endpoint: string) =>
      load({
        ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
        ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: 'b',
        ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpoint,
      })._unsafeUnwrapErr().message;
    expect(problem('ftp://host')).toContain("got 'ftp://host'");
    expect(problem(`ftp://${'h'.repeat(60)}`)).toContain(`got 'ftp://${'h'.repeat(54)}...'`);
    expect(problem('why?')).toContain("got 'why?'");
    for (const url of ['ftp://host/?sig', 'ftp://host#sig', 'ftp://u@host', 'ftp://host\n?sig'])
      expect(problem(url)).not.toContain('got');
  });
});

it.each([
  ['zeebe.broker.data.backup.stor', 'zeebe.broker.data.backup.store'],
  ['zeebe.broker.data.backup.stroe', 'zeebe.broker.data.backup.store'],
  ['ZEEBE.BROKER.DATA.BACKUP.STORES', 'zeebe.broker.data.backup.store'],
  ['zeebe.broker.data.backup.xyzzyx', undefined],
  ['', undefined],
])('near %j is %s', (spelling, near) => {
  expect(nearestKey(spelling, ['zeebe.broker.data.backup.store', 'zeebe.broker.data.directory'])).toBe(near);
});
