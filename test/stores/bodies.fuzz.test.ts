// Whatever lies in the bucket, the native layout takes it or refuses it with an error of its own.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import {
  entryKey,
  markerKey,
  parseAttempt,
  parseEntryKey,
  parseMarkerKey,
  sealKey,
} from '../../src/stores/tidemark/keys.ts';
import { encodeManifest, type Manifest } from '../../src/stores/tidemark/manifest.ts';
import { parseManifest } from '../../src/stores/tidemark/parse-manifest.ts';
import { sampleBackup } from '../../src/testkit/sample-backups.ts';
import { brokenBytes, brokenJson, brokenText, fuzz, fuzzAsync } from '../support/fuzz.ts';
import { sealedLines } from './manifest-json.ts';
import { nativePlace } from './native-place.ts';

const sha = (digit: string) => digit.repeat(64);
const id = { checkpointId: checkpointId(7), partitionId: 1, nodeId: 0 };
const whole = { sha256: sha('a'), sizeBytes: 100, name: sha('a'), codec: 'none' as const, storedBytes: 100 };
const pack = { sha256: sha('b'), sizeBytes: 30, name: sha('d'), codec: 'none' as const, storedBytes: 30 };
const manifest: Manifest = {
  clusterId: 'a',
  id,
  attempt: '1-2-0000000a',
  descriptor: {
    snapshotId: 'snapshot',
    checkpointPosition: logPosition(2n ** 63n - 1n),
    numberOfPartitions: 3,
    brokerVersion: '1.2.3',
  },
  createdAt: '2026-01-01T00:00:00.000Z',
  completedAt: '2026-01-01T00:00:01.000Z',
  base: null,
  chunkSizeBytes: 100,
  files: [
    {
      kind: 'segment',
      name: 'log',
      sizeBytes: 110,
      pieces: [
        { chunk: whole, offset: 0, length: 100, sha256: sha('a') },
        { chunk: pack, offset: 5, length: 10, sha256: sha('c') },
      ],
    },
    { kind: 'snapshot', name: 'log', sizeBytes: 0, pieces: [] },
  ],
};
const encoded = await encodeManifest(manifest);
const lines = new TextDecoder().decode(encoded).split('\n').slice(0, -2);
const expected = { object: 'the object', id, attempt: manifest.attempt };

async function readManifest(bytes: Uint8Array) {
  const read = await parseManifest(bytes, expected);
  if (read.isErr()) {
    expect(['BackupCorrupt', 'StoreFailure']).toContain(read.error.name);
    return 'refused';
  }
  // What is taken is sound: every piece lies in its chunk, and every file is as large as its pieces.
  for (const file of read.value.files) {
    expect(file.name).not.toMatch(/[/\\\0]|^\.{0,2}$/);
    for (const { chunk, offset, length } of file.pieces)
      expect(offset + length).toBeLessThanOrEqual(chunk.sizeBytes);
    expect(file.pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(file.sizeBytes);
  }
  return 'taken';
}

describe('a manifest', () => {
  it('with bytes changed', () => fuzzAsync(brokenBytes([encoded]), 500, readManifest));

  it.each(lines.map((line, number) => [number + 1, line] as const))(
    'with values changed in line %i, and a digest that fits',
    (number, line) =>
      fuzzAsync(brokenJson([line]), 600, (text) =>
        readManifest(sealedLines(lines.with(number - 1, text.replaceAll('\n', ' ')))),
      ),
  );

  it('with lines left out, doubled and in other orders, and a digest that fits', () =>
    fuzzAsync(
      fc.oneof(fc.constant(lines), fc.array(fc.constantFrom(...lines), { maxLength: 8 })),
      500,
      (given) => readManifest(sealedLines(given)),
    ));
});

const attempt = { text: '3-1767225600000-0000000a', term: 3n, startedAtMs: 1_767_225_600_000 };
const keys = [
  ...(['begun', 'completed', 'failed'] as const).map((kind) => markerKey(kind, id, attempt)),
  entryKey(id, attempt),
  sealKey(id, attempt),
];

describe('a key', () => {
  it('that is read is the only one that reads so', () => {
    fuzz(brokenText(keys), 2_000, (key) => {
      const marker = parseMarkerKey(key);
      if (marker !== undefined) expect(markerKey(marker.kind, marker.id, marker.attempt)).toBe(key);
      const entry = parseEntryKey(key);
      const write = entry?.kind === 'seal' ? sealKey : entryKey;
      if (entry !== undefined) expect(write(entry.id, entry.attempt)).toBe(key);
      return marker === undefined && entry === undefined ? 'refused' : 'taken';
    });
  });

  it('has an attempt or none', () => {
    fuzz(brokenText([attempt.text]), 1_000, (text) => {
      const read = parseAttempt(text);
      if (read !== undefined) expect(`${read.term}-${read.startedAtMs}-${text.slice(-8)}`).toBe(text);
      return read === undefined ? 'refused' : 'taken';
    });
  });
});

/** A place with one backup of each kind in it, and what is in it. */
async function filledPlace() {
  const { memory, node } = nativePlace();
  const { store } = node();
  (await store.save(sampleBackup({ checkpointId: 5n })))._unsafeUnwrap();
  (await store.markFailed({ ...id, checkpointId: checkpointId(6) }, 'why', { term: 1n }))._unsafeUnwrap();
  const bodies = new Map<string, string>();
  for (const { key } of (await memory.list(''))._unsafeUnwrap().objects) {
    if (key.includes('/chunks/')) continue;
    bodies.set(key, new TextDecoder().decode((await memory.get(key))._unsafeUnwrap()));
  }
  const begun = markerKey('begun', id, attempt);
  bodies.set(
    begun,
    `{"format":1,"id":{"checkpointId":7,"partitionId":1,"nodeId":0},"attempt":"${attempt.text}",
    "descriptor":{"snapshotId":null,"checkpointPosition":3,"numberOfPartitions":3,"brokerVersion":"1"}}`,
  );
  return { memory, store, bodies };
}

it('a store answers whatever its objects say, and with an expected error where it cannot', async () => {
  const { memory, store, bodies } = await filledPlace();
  const body = fc.constantFrom(...bodies).chain(([key, text]) =>
    fc.oneof(
      brokenJson([text]).map((given) => [key, new TextEncoder().encode(given)] as const),
      brokenJson([text]).map((given) => [key, sealedLines([given.replaceAll('\n', ' ')])] as const),
      brokenBytes([new TextEncoder().encode(text)]).map((given) => [key, given] as const),
    ),
  );
  await fuzzAsync(body, 400, async ([key, bytes]) => {
    for (const [name, text] of bodies) await memory.put(name, new TextEncoder().encode(text));
    await memory.put(key, bytes);
    const answers = [
      await store.list({ details: true }),
      await store.list({ checkpointId: checkpointId(5), details: true }),
      await store.open({ ...id, checkpointId: checkpointId(5) }),
      await store.markFailed(id, 'because', { term: 4n }),
    ];
    const failed = answers.filter((answer) => answer.isErr()).map((answer) => answer._unsafeUnwrapErr().name);
    for (const name of failed) {
      expect(['BackupCorrupt', 'StoreFailure', 'ForeignCluster', 'InvalidBackupState']).toContain(name);
    }
    return failed.length > 0 ? 'refused' : 'taken';
  });
  await store.close();
});
