// Zeebe's layout value by value: the last that is right, and the first that is not.
import { describe, expect, it } from 'vitest';
import { checkpointId, INT64_MAX } from '../../../src/core/ids.ts';
import { fromDecimalSeconds, fromIsoText, toDecimalSeconds } from '../../../src/stores/zeebe/instant.ts';
import {
  behindFiles,
  contentsPrefix,
  fileKey,
  manifestKey,
  manifestsRoot,
  parseManifestKey,
  placeOf,
} from '../../../src/stores/zeebe/keys.ts';
import { failureReasonOf, type Manifest, statusCodeOf } from '../../../src/stores/zeebe/manifest.ts';
import { parseManifest } from '../../../src/stores/zeebe/parse-manifest.ts';
import { contentSize } from '../../../src/stores/zeebe/zstd.ts';

const id = { partitionId: 12, checkpointId: checkpointId(7), nodeId: 3 };

describe('a key', () => {
  it('lies where Zeebe of this generation puts it', () => {
    expect(manifestKey('flat', id)).toBe('12/7/3/manifest.json');
    expect(manifestKey('split', id)).toBe('manifests/12/7/3/manifest.json');
    expect([contentsPrefix('flat', id), contentsPrefix('split', id)]).toEqual([
      '12/7/3/',
      'contents/12/7/3/',
    ]);
    expect(fileKey('flat', id, 'snapshot', 'CURRENT')).toBe('12/7/3/snapshot/CURRENT');
    expect(fileKey('split', id, 'segment', 'a.log')).toBe('contents/12/7/3/segments/a.log');
    expect([manifestsRoot('flat'), manifestsRoot('split')]).toEqual(['', 'manifests/']);
    expect(behindFiles('12/7/3/manifest.json')).toBe('12/7/3/~');
  });

  it.each([
    ['0/1/0/manifest.json', { partitionId: 0, checkpointId: 1n, nodeId: 0 }],
    [
      '2147483647/9223372036854775807/2147483647/manifest.json',
      { partitionId: 2147483647, checkpointId: INT64_MAX, nodeId: 2147483647 },
    ],
    ['manifests/1/2/3/manifest.json', { partitionId: 1, checkpointId: 2n, nodeId: 3 }],
  ])('%s is that of a manifest', (key, expected) => {
    expect(parseManifestKey(key)).toEqual(expected);
  });

  it.each([
    ...[
      '2147483648/1/0/manifest.json',
      '1/1/2147483648/manifest.json',
      '1/9223372036854775808/0/manifest.json',
    ],
    ...[
      '1/0/0/manifest.json',
      '01/1/0/manifest.json',
      '1/01/0/manifest.json',
      '1/1/00/manifest.json',
      '-1/1/0/manifest.json',
    ],
    ...[
      'x1/1/0/manifest.json',
      '1/1/0/manifest.jsonx',
      '1/1/0/manifestxjson',
      '1/1/0/snapshot/manifest.json',
    ],
    ...[
      'manifest/1/1/0/manifest.json',
      'contents/1/1/0/manifest.json',
      '1/1/manifest.json',
      '12345678901/1/0/manifest.json',
    ],
    ...['1/12345678901234567890/0/manifest.json', '1/1/12345678901/manifest.json', ''],
  ])('%s is none of a manifest', (key) => {
    expect(parseManifestKey(key)).toBeUndefined();
  });

  it.each([
    ['8.9.0', 'split'],
    ['8.10.0', 'split'],
    ['8.9.0-alpha1', 'split'],
    ['9.0.0', 'split'],
    ['10.0.0', 'split'],
    ['8.8.99', 'flat'],
    ['8.1.0', 'flat'],
    ['7.10.0', 'flat'],
    ['8.9', 'flat'],
    ['v8.9.0', 'flat'],
    ['', 'flat'],
  ])('of Zeebe %s lies %s', (brokerVersion, place) => {
    expect(placeOf({ brokerVersion })).toBe(place);
  });
});

describe('an instant', () => {
  it.each([
    ['0', '1970-01-01T00:00:00.000Z'],
    ['1700000005.12', '2023-11-14T22:13:25.120Z'],
    ['1700000005.123456', '2023-11-14T22:13:25.123456Z'],
    ['1700000005.1234567', '2023-11-14T22:13:25.123456700Z'],
    ['1700000005.000001', '2023-11-14T22:13:25.000001Z'],
    ['253402300799.999999999', '9999-12-31T23:59:59.999999999Z'],
  ])('%s is %s', (text, instant) => {
    expect(fromDecimalSeconds(text)).toBe(instant);
    expect(fromDecimalSeconds(toDecimalSeconds(instant))).toBe(instant);
  });

  it.each(['253402300800', '1234567890123', '-1', '1.', '.5', '1.1234567890', '1e3', 'x1', '1x', '', ' 1'])(
    'is not %j',
    (text) => {
      expect(fromDecimalSeconds(text)).toBeUndefined();
    },
  );

  it('has nine decimals when it is written', () => {
    expect(toDecimalSeconds('2023-11-14T22:13:25.12Z')).toBe('1700000005.120000000');
    expect(toDecimalSeconds('2023-11-14T22:13:25Z')).toBe('1700000005.000000000');
  });

  it('may be text', () => {
    expect(fromIsoText('1970-01-01T00:00:00Z')).toBe('1970-01-01T00:00:00.000Z');
    for (const text of [
      '2026-01-01',
      '2026-01-01T00:00:00',
      'x2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Zx',
      '2026-01-01T00:00:00.Z',
    ]) {
      expect(fromIsoText(text), text).toBeUndefined();
    }
  });
});

describe('a frame of zstd', () => {
  const size = (hex: string) => contentSize(Buffer.from(hex, 'hex'));

  it.each([
    ['28b52ffd2007', 7],
    ['28b52ffd6000ff', 256 + 0xff00],
    ['28b52ffd60ff00', 256 + 0xff],
    ['28b52ffda0ffffffff', 0xffff_ffff],
    ['28b52ffde00100000000000000', 1],
    ['28b52ffd80aa02000000', 2],
    ['28b52ffd40aa0000', 256],
    ['28b52ffd21aa07', 7],
    ['28b52ffd22aaaa07', 7],
    ['28b52ffd23aaaaaaaa07', 7],
    ['28b52ffda1aa02000000', 2],
    ['28b52ffde0ffffffffffff1f00', Number.MAX_SAFE_INTEGER],
  ])('that begins with %s holds %i bytes', (hex, bytes) => {
    expect(size(hex)).toBe(bytes);
  });

  it.each([
    '',
    '28b52ffd20',
    '29b52ffd2007',
    '28b52ffd0007',
    '28b52ffd6000',
    '28b52ffda0ffffff',
    '28b52ffde001000000000000',
    '28b52ffd23aaaaaaaa',
    '28b52ffde0ffffffffffff2000',
    '28b52ffde0ffffffffffffffff',
  ])('that begins with %s does not tell', (hex) => {
    expect(size(hex)).toBeUndefined();
  });
});

const whole = {
  statusCode: 'completed',
  id: { nodeId: 3, partitionId: 12, checkpointId: 7 },
  descriptor: { snapshotId: null, checkpointPosition: 1, numberOfPartitions: 3, brokerVersion: '8.6.0' },
  snapshotFiles: { files: {} },
  segmentFiles: { files: { log: {} } },
  createdAt: 1.5,
  modifiedAt: 2.5,
};
// biome-ignore lint/suspicious/noExplicitAny: the tests below break the shape on purpose
const read = (changes: any, of = id) =>
  parseManifest(new TextEncoder().encode(JSON.stringify({ ...whole, ...changes })), { object: 'o', id: of });

describe('a manifest', () => {
  it.each([
    [{ descriptor: { ...whole.descriptor, numberOfPartitions: 1 } }],
    [{ descriptor: { ...whole.descriptor, numberOfPartitions: 8191 } }],
    [{ descriptor: { ...whole.descriptor, checkpointPosition: 0 } }],
    [{ descriptor: { ...whole.descriptor, snapshotId: undefined } }],
    [{ descriptor: { ...whole.descriptor, later: { field: 1 } } }],
    [{ segmentFiles: ['log'] }],
    [{ segmentFiles: { files: { log: { compressionAlgorithm: null } } } }],
    [{ segmentFiles: { files: { log: { compressionAlgorithm: 'zstd', later: 1 } } } }],
    [{ segmentFiles: undefined, segmentFileNames: ['log'] }],
    [{ statusCode: 'failed', descriptor: null, snapshotFiles: undefined, segmentFiles: undefined }],
    [{ statusCode: 'deleted', descriptor: null, snapshotFiles: undefined, segmentFiles: undefined }],
    [{ failureReason: null }],
    [{ later: 1 }],
  ])('with %j is read', (changes) => {
    expect(read(changes).isOk()).toBe(true);
  });

  it.each([
    [{ descriptor: { ...whole.descriptor, numberOfPartitions: 0 } }, 'expected 1 to 8191'],
    [{ descriptor: { ...whole.descriptor, numberOfPartitions: 8192 } }, 'expected 1 to 8191'],
    [{ descriptor: { ...whole.descriptor, checkpointPosition: -1 } }, 'expected a number in 0..'],
    [{ descriptor: { ...whole.descriptor, checkpointPosition: 1.5 } }, 'expected a whole number'],
    [{ descriptor: null }, 'descriptor: is missing'],
    [{ statusCode: 'in_progress', descriptor: null }, 'descriptor: is missing'],
    [{ segmentFiles: undefined }, 'a set of files is missing'],
    [{ snapshotFiles: undefined }, 'a set of files is missing'],
    [{ segmentFiles: ['a', 'a'] }, 'segmentFiles: a name is there twice'],
    [{ snapshotFiles: ['a', 'a'] }, 'snapshotFiles: a name is there twice'],
    [{ segmentFiles: ['a/b'] }, '"a/b" is not one path component'],
    [{ snapshotFiles: ['..'] }, '".." is not one path component'],
    [{ snapshotFiles: ['a\ud800'] }, 'is not one path component'],
    [{ segmentFiles: { files: { log: { compressionAlgorithm: 1 } } } }, 'segmentFiles'],
    [{ segmentFiles: { files: [] } }, 'segmentFiles'],
    [{ segmentFiles: { files: null } }, 'segmentFiles'],
    [{ id: { ...whole.id, nodeId: 4 } }, 'another backup'],
    [{ id: { ...whole.id, partitionId: 1 } }, 'another backup'],
    [{ id: { ...whole.id, checkpointId: 8 } }, 'another backup'],
    [{ id: { ...whole.id, nodeId: 2147483648 } }, 'id.nodeId: expected a number in 0..2147483647'],
    [{ createdAt: 'yesterday' }, 'createdAt: '],
    [{ createdAt: true }, 'createdAt: '],
    [{ statusCode: 'odd' }, 'statusCode: '],
  ])('with %j is refused: %s', (changes, why) => {
    expect(read(changes)._unsafeUnwrapErr().message).toContain(why);
  });

  it('tells how each file is stored', () => {
    const files = {
      plain: {},
      none: { compressionAlgorithm: null },
      packed: { compressionAlgorithm: 'zstd', later: 1 },
    };
    const { segment } = read({ segmentFiles: { files } })._unsafeUnwrap().files;
    expect([...segment]).toEqual([
      ['plain', {}],
      ['none', {}],
      ['packed', { compressionAlgorithm: 'zstd' }],
    ]);
    expect([...read({ segmentFiles: ['log'] })._unsafeUnwrap().files.segment]).toEqual([['log', {}]]);
  });

  it('of the largest numbers is read', () => {
    const largest = { partitionId: 2147483647, nodeId: 2147483647, checkpointId: checkpointId(7) };
    expect(read({ id: { ...largest, checkpointId: 7 } }, largest).isOk()).toBe(true);
  });

  it('keeps the descriptor as it was, and none where there was none', () => {
    expect(
      read({})
        .map(({ rawDescriptor }) => rawDescriptor !== undefined)
        ._unsafeUnwrap(),
    ).toBe(true);
    expect('rawDescriptor' in read({ statusCode: 'failed', descriptor: null })._unsafeUnwrap()).toBe(false);
    expect('rawDescriptor' in read({ statusCode: 'failed', descriptor: undefined })._unsafeUnwrap()).toBe(
      false,
    );
  });

  it('tells its state and reason', () => {
    const told = (statusCode: Manifest['statusCode'], failureReason: string | null) => {
      const manifest = { statusCode, failureReason } as Manifest;
      return [statusCodeOf(manifest), failureReasonOf(manifest)];
    };
    expect(told('in_progress', 'x')).toEqual(['IN_PROGRESS', undefined]);
    expect(told('completed', 'x')).toEqual(['COMPLETED', undefined]);
    expect(told('failed', 'x')).toEqual(['FAILED', 'x']);
    expect(told('failed', null)).toEqual(['FAILED', 'No reason was recorded.']);
    expect(told('deleted', 'x')[0]).toBe('FAILED');
    expect(told('deleted', 'x')[1]).toContain('being deleted');
  });
});
