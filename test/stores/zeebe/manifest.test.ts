// Manifests byte for byte: those that real Zeebes wrote (fixtures/), and those of its documentation.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkpointId, logPosition } from '../../../src/core/ids.ts';
import {
  encodeManifest,
  failedFromNothing,
  inProgress,
  type Manifest,
} from '../../../src/stores/zeebe/manifest.ts';
import { parseManifest } from '../../../src/stores/zeebe/parse-manifest.ts';
import { sampleBackup, sampleFile } from '../../../src/testkit/sample-backups.ts';

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}.manifest`, import.meta.url));
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (of: Uint8Array) => new TextDecoder().decode(of);

function read(body: Uint8Array, id = { partitionId: 1, checkpointId: checkpointId(100), nodeId: 0 }) {
  return parseManifest(body, { object: 'manifest', id });
}

const descriptor = {
  snapshotId: '10-1-20-15',
  checkpointPosition: logPosition(42),
  numberOfPartitions: 3,
  brokerVersion: '8.6.0',
};
const id = { partitionId: 1, checkpointId: checkpointId(100), nodeId: 0 };
const log = 'raft-partition-partition-1-1.log';
const HEAD =
  '"id":{"nodeId":0,"partitionId":1,"checkpointId":100},' +
  '"descriptor":{"snapshotId":"10-1-20-15","checkpointPosition":42,"numberOfPartitions":3,"brokerVersion":"8.6.0"},';

const GOLDEN: Record<string, [string, Manifest]> = {
  'in progress': [
    `{"statusCode":"in_progress",${HEAD}"snapshotFiles":{"files":{"000010.sst":{},"zeebe.metadata":{}}},` +
      `"segmentFiles":{"files":{"${log}":{}}},` +
      '"createdAt":1700000000.123456789,"modifiedAt":1700000000.123456789}',
    inProgress(
      {
        id,
        term: 1n,
        descriptor,
        snapshotFiles: [sampleFile('000010.sst', 1), sampleFile('zeebe.metadata', 1)],
        segmentFiles: [sampleFile(log, 1)],
      },
      '2023-11-14T22:13:20.123456789Z',
    ),
  ],
  'completed without a snapshot': [
    `{"statusCode":"completed",${HEAD.replace('"10-1-20-15"', 'null')}"snapshotFiles":{"files":{}},` +
      `"segmentFiles":{"files":{"${log}":{"compressionAlgorithm":"zstd"}}},` +
      '"createdAt":1700000000.123456789,"modifiedAt":1700000005.000000000}',
    {
      statusCode: 'completed',
      id,
      descriptor: { ...descriptor, snapshotId: null },
      files: { snapshot: new Map(), segment: new Map([[log, { compressionAlgorithm: 'zstd' }]]) },
      failureReason: null,
      createdAt: '2023-11-14T22:13:20.123456789Z',
      modifiedAt: '2023-11-14T22:13:25.000Z',
    },
  ],
  'failed, and was in progress before': [
    `{"statusCode":"failed",${HEAD}"failureReason":"boom","snapshotFiles":{"files":{"zeebe.metadata":{}}},` +
      `"segmentFiles":{"files":{"${log}":{}}},` +
      '"createdAt":1700000000.123456789,"modifiedAt":1700000005.120000000}',
    {
      statusCode: 'failed',
      id,
      descriptor,
      files: { snapshot: new Map([['zeebe.metadata', {}]]), segment: new Map([[log, {}]]) },
      failureReason: 'boom',
      createdAt: '2023-11-14T22:13:20.123456789Z',
      modifiedAt: '2023-11-14T22:13:25.120Z',
    },
  ],
  'failed from nothing': [
    '{"statusCode":"failed","id":{"nodeId":0,"partitionId":1,"checkpointId":100},"descriptor":null,' +
      '"failureReason":"boom","snapshotFiles":{"files":{}},"segmentFiles":{"files":{}},' +
      '"createdAt":1700000000.120000000,"modifiedAt":1700000000.120000000}',
    failedFromNothing(id, 'boom', '2023-11-14T22:13:20.120Z'),
  ],
};

describe.each(Object.entries(GOLDEN))('%s', (_name, [golden, manifest]) => {
  it('is written to the byte', () => {
    expect(text(encodeManifest(manifest))).toBe(golden);
  });

  it('is read back', () => {
    const { rawDescriptor: _raw, ...parsed } = read(bytes(golden))._unsafeUnwrap();
    expect(parsed).toEqual(manifest);
    expect(text(encodeManifest(parsed))).toBe(golden);
  });
});

describe('what real Zeebes wrote', () => {
  it.each([
    ['completed-8.6.0', 1],
    ['completed-nosnapshot-8.6.0', 1],
    ['in-progress-8.6.0', 21],
    ['failed-8.6.0', 21],
  ])('%s comes out as it went in', (name, checkpoint) => {
    const body = fixture(name);
    const manifest = read(body, { ...id, checkpointId: checkpointId(checkpoint) })._unsafeUnwrap();
    expect(text(encodeManifest(manifest))).toBe(text(body));
    const { rawDescriptor: _raw, ...known } = manifest;
    expect(text(encodeManifest(known))).toBe(text(body));
  });

  it('8.1.27: lists of names become sets of files, the rest stays', () => {
    const body = fixture('failed-8.1.27');
    const manifest = read(body, { ...id, checkpointId: checkpointId(21) })._unsafeUnwrap();
    expect(manifest).toMatchObject({
      statusCode: 'failed',
      descriptor: { snapshotId: '12436-1-36361-9223372036854775807', brokerVersion: '8.1.27' },
      failureReason: 'Backup is cancelled due to leader change.',
      createdAt: '2026-11-24T02:56:25.026638589Z',
    });
    expect([...manifest.files.segment.keys()]).toEqual(['raft-partition-partition-1-4.log']);
    const old = JSON.parse(text(body)) as { snapshotFileNames: string[] };
    expect([...manifest.files.snapshot.keys()]).toEqual(old.snapshotFileNames);
    expect(text(encodeManifest(manifest))).toContain(
      '"segmentFiles":{"files":{"raft-partition-partition-1-4.log":{}}}',
    );
  });
});

describe('numbers', () => {
  it('of 64 bits and instants of nine decimals lose nothing', () => {
    const [golden] = GOLDEN['in progress'] ?? [''];
    const body = golden
      .replace('"checkpointId":100', '"checkpointId":9223372036854775807')
      .replace('"checkpointPosition":42', '"checkpointPosition":9007199254740993')
      .replaceAll('1700000000.123456789', '1668519689.290560717');
    const manifest = read(bytes(body), { ...id, checkpointId: checkpointId(2n ** 63n - 1n) })._unsafeUnwrap();
    expect(manifest.descriptor?.checkpointPosition).toBe(9007199254740993n);
    const { rawDescriptor: _raw, ...known } = manifest;
    expect(text(encodeManifest(known))).toBe(body);
  });
});

const [COMPLETED] = GOLDEN['completed without a snapshot'] ?? [''];

describe('tolerance: read', () => {
  it.each<[string, string]>([
    ['an unknown field at the top', COMPLETED.replace('{', '{"note":[1,{"a":2}],')],
    [
      'the status at another place',
      COMPLETED.replace('"statusCode":"completed",', '').replace(/\}$/, ',"statusCode":"completed"}'),
    ],
    ['an instant as ISO text', COMPLETED.replace('1700000000.123456789', '"2023-11-14T22:13:20.123456789Z"')],
    ['no compression as null', COMPLETED.replace('"zstd"', 'null')],
    [
      'unknown fields of a later descriptor',
      COMPLETED.replace('"snapshotId"', '"checkpointType":"MANUAL","snapshotId"'),
    ],
    ['white space', JSON.stringify(JSON.parse(COMPLETED), null, 2)],
    [
      'a failure without sets of files',
      (GOLDEN['failed from nothing']?.[0] ?? '').replaceAll('{"files":{}}', 'null'),
    ],
    ['a failure without a reason', (GOLDEN['failed from nothing']?.[0] ?? '').replace('"boom"', 'null')],
  ])('%s', (_what, body) => {
    expect(read(bytes(body)).isOk()).toBe(true);
  });

  it('whole seconds as seconds', () => {
    const manifest = read(bytes(COMPLETED.replace('1700000000.123456789', '1700000000')))._unsafeUnwrap();
    expect(manifest.createdAt).toBe('2023-11-14T22:13:20.000Z');
  });

  it('a later descriptor, which is written back with all its fields', () => {
    const later = COMPLETED.replace(
      '"snapshotId"',
      '"checkpointType":"MANUAL","first":9007199254740993,"snapshotId"',
    );
    expect(text(encodeManifest(read(bytes(later))._unsafeUnwrap()))).toBe(later);
  });

  it('a file named __proto__ as a file', () => {
    const manifest = read(bytes(COMPLETED.replace(log, '__proto__')))._unsafeUnwrap();
    expect([...manifest.files.segment.keys()]).toEqual(['__proto__']);
    expect(text(encodeManifest(manifest))).toContain('"__proto__":{"compressionAlgorithm":"zstd"}');
  });
});

describe('tolerance: refused as damaged', () => {
  it.each<[string, string]>([
    ['what is cut', '{s'],
    ['nothing', ''],
    ['another kind of JSON', '[]'],
    ['an unknown status', COMPLETED.replace('completed', 'archived')],
    ['a status in capitals', COMPLETED.replace('completed', 'COMPLETED')],
    ['no descriptor', COMPLETED.replace(/"descriptor":\{[^}]*\}/, '"descriptor":null')],
    ['no set of files', COMPLETED.replace(/"segmentFiles":.*?\}\}\},/, '')],
    ['a set without files', COMPLETED.replace('"snapshotFiles":{"files":{}}', '"snapshotFiles":{}')],
    ['no instant', COMPLETED.replace(/"createdAt":[^,]*,/, '')],
    ['an instant that is none', COMPLETED.replace('1700000000.123456789', '"yesterday"')],
    ['an instant far away', COMPLETED.replace('1700000000.123456789', '1700000000000')],
    ['the manifest of another partition', COMPLETED.replace('"partitionId":1', '"partitionId":10')],
    ['the manifest of another checkpoint', COMPLETED.replace('"checkpointId":100', '"checkpointId":1000')],
    [
      'a number that does not fit',
      COMPLETED.replace('"checkpointPosition":42', '"checkpointPosition":9223372036854775808'),
    ],
    ['a fraction', COMPLETED.replace('"checkpointPosition":42', '"checkpointPosition":42.5')],
    // Making a number of these digits would take half a minute.
    ['a number of 40 million digits', COMPLETED.replace(':42,', `:${'9'.repeat(40_000_000)},`)],
    ['a way out of the directory', COMPLETED.replace(log, '../../etc/passwd')],
    ['a way up', COMPLETED.replace(log, '..')],
    ['a path', COMPLETED.replace(log, 'a/b')],
    [
      'one name twice in a list',
      COMPLETED.replace(/"snapshotFiles":\{"files":\{\}\}/, '"snapshotFileNames":["a","a"]'),
    ],
  ])('%s', (_what, body) => {
    const error = read(bytes(body))._unsafeUnwrapErr();
    expect(error.name).toBe('BackupCorrupt');
    expect(error.message).toContain('object=manifest');
  });

  it('every prefix of a manifest', () => {
    const body = bytes(COMPLETED);
    for (let end = 0; end < body.length; end += 1) expect(read(body.subarray(0, end)).isErr()).toBe(true);
  });
});

it('a sample backup can be told in a manifest', () => {
  const manifest = inProgress(sampleBackup(), '2023-11-14T22:13:20.123Z');
  const { rawDescriptor: _raw, ...parsed } = read(
    encodeManifest(manifest),
    sampleBackup().id,
  )._unsafeUnwrap();
  expect(parsed).toEqual(manifest);
});

describe('fields of later descriptors', () => {
  const later =
    `{"statusCode":"completed",${HEAD.replace('"8.6.0"}', '"8.9.1","checkpointTimestamp":1764000000.000000001,"checkpointType":"MANUAL_BACKUP","firstLogPosition":9223372036854775807}')}` +
    `"snapshotFiles":{"files":{}},"segmentFiles":{"files":{"${log}":{}}},` +
    '"createdAt":1700000000.123456789,"modifiedAt":1700000005.000000000}';

  it('are kept with every digit, and written again', () => {
    const manifest = read(bytes(later))._unsafeUnwrap();
    expect(manifest.descriptor).toEqual({
      ...descriptor,
      brokerVersion: '8.9.1',
      others:
        '{"checkpointTimestamp":1764000000.000000001,"checkpointType":"MANUAL_BACKUP","firstLogPosition":9223372036854775807}',
    });
    expect(text(encodeManifest(manifest))).toBe(later);
    // As a copy does it: from the descriptor alone.
    const { rawDescriptor: _, ...withoutRaw } = manifest;
    expect(text(encodeManifest(withoutRaw))).toBe(later);
  });

  it('never stand in for the known ones', () => {
    const manifest = read(bytes(later))._unsafeUnwrap();
    const forged = { ...descriptor, others: '{"brokerVersion":"x","more":1}' };
    const { rawDescriptor: _, ...withoutRaw } = { ...manifest, descriptor: forged };
    expect(text(encodeManifest(withoutRaw))).toContain('"brokerVersion":"8.6.0","more":1}');
  });
});
