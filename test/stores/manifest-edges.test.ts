// What a manifest says about its chunks, at the edges: pieces of one byte and of none, chunks used twice or named otherwise.
import { expect, it } from 'vitest';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { encodeManifest, type Manifest } from '../../src/stores/tidemark/manifest.ts';
import { parseManifest } from '../../src/stores/tidemark/parse-manifest.ts';
import { sealedLines } from './manifest-json.ts';

const id = { checkpointId: checkpointId(7), partitionId: 1, nodeId: 0 };
const chunk = {
  sha256: 'a'.repeat(64),
  sizeBytes: 10,
  name: 'd'.repeat(64),
  codec: 'none' as const,
  storedBytes: 10,
};
const piece = (offset: number, length: number) => ({ chunk, offset, length, sha256: 'c'.repeat(64) });
const expected = { object: 'the object', id, attempt: '1-2-0000000a' };

function manifest(...pieces: Manifest['files'][number]['pieces']): Manifest {
  return {
    clusterId: null,
    id,
    attempt: expected.attempt,
    descriptor: {
      snapshotId: null,
      checkpointPosition: logPosition(1),
      numberOfPartitions: 1,
      brokerVersion: '1',
    },
    createdAt: '2026-01-01T00:00:00.000Z',
    completedAt: '2026-01-01T00:00:01.000Z',
    base: 'backups/1/1/completed.0.1-1-00000001',
    chunkSizeBytes: 10,
    files: [
      {
        kind: 'segment',
        name: 'log',
        sizeBytes: pieces.reduce((sum, { length }) => sum + length, 0),
        pieces,
      },
    ],
  };
}

const read = async (given: Manifest) => parseManifest(await encodeManifest(given), expected);
const textOf = async (given: Manifest) => new TextDecoder().decode(await encodeManifest(given));
const sealed = (line: string) => sealedLines([line]);

it('pieces of one byte, of all bytes and of the last one are read', async () => {
  const given = manifest(
    piece(0, 1),
    { ...piece(0, 10), sha256: chunk.sha256 },
    piece(9, 1),
    piece(0, 9),
    piece(1, 9),
  );
  expect((await read(given))._unsafeUnwrap()).toEqual(given);
});

it('pieces of two chunks in turns are read', async () => {
  const other = { ...chunk, sha256: 'b'.repeat(64), name: 'e'.repeat(64) };
  const given = manifest(piece(0, 1), { ...piece(1, 2), chunk: other }, piece(2, 3), {
    ...piece(3, 4),
    chunk: other,
  });
  expect((await read(given))._unsafeUnwrap()).toEqual(given);
});

it.each([
  ['of no byte', piece(0, 0)],
  ['of no byte behind the last', piece(10, 0)],
  ['behind the last byte', piece(10, 1)],
  ['beyond the last byte', piece(9, 2)],
  ['larger than its chunk', piece(0, 11)],
])('a piece %s is refused', async (_, given) => {
  expect((await read(manifest(given)))._unsafeUnwrapErr().message).toContain(
    'file=segment/log has a piece outside of its chunk',
  );
});

it('a chunk that is used twice is named once, with its own name', async () => {
  const text = await textOf(manifest(piece(0, 1), piece(1, 1)));
  expect(text.split(chunk.sha256)).toHaveLength(2);
  expect(text).toContain(`"name":"${chunk.name}"`);
  const plain = { ...piece(0, 1), chunk: { ...chunk, name: chunk.sha256 } };
  expect(await textOf(manifest(plain))).not.toContain(',"name":"aaa');
});

it.each([
  ['2', 'format=2'],
  ['0', 'format=0'],
  ['"1"', 'format=string'],
  ['{}', 'format=object'],
])('the format %s is told as %s', async (format, told) => {
  expect(
    (await parseManifest(sealed(`{"format":${format}}`), expected))._unsafeUnwrapErr().message,
  ).toContain(`has ${told},`);
});

it.each(['null', '1', '"a"', '[]'])('a line that is %s is damage, or of another format', async (line) => {
  expect(['BackupCorrupt', 'StoreFailure']).toContain(
    (await parseManifest(sealed(line), expected))._unsafeUnwrapErr().name,
  );
});

it('null is no encryption', async () => {
  expect(
    (await parseManifest(sealed('{"format":1,"encryption":null}'), expected))._unsafeUnwrapErr().name,
  ).toBe('BackupCorrupt');
  expect(
    (await parseManifest(sealed('{"format":1,"encryption":{}}'), expected))._unsafeUnwrapErr().message,
  ).toContain('encryption');
});
