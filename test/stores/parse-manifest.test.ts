// Manifests that are damaged, forged or from the future: each is refused with a reason, none is half believed.
import { describe, expect, it } from 'vitest';
import type { RecordedCheckpoint } from '../../src/core/backup.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { POINTS_PER_BACKUP_MAX } from '../../src/core/limits.ts';
import { descriptorFields, encodeManifest, type Manifest } from '../../src/stores/tidemark/manifest.ts';
import { parseManifest } from '../../src/stores/tidemark/parse-manifest.ts';
import { manifestBytes, manifestJson, sealedLines } from './manifest-json.ts';

const sha = (digit: string) => digit.repeat(64);
const whole = { sha256: sha('a'), sizeBytes: 100, name: sha('a'), codec: 'none', storedBytes: 100 } as const;
const pack = { sha256: sha('b'), sizeBytes: 30, name: sha('d'), codec: 'zstd', storedBytes: 7 } as const;
const id = { checkpointId: checkpointId(2n ** 63n - 1n), partitionId: 3, nodeId: 4 };
const manifest: Manifest = {
  clusterId: 'a',
  id,
  attempt: '1-2-0000000a',
  descriptor: {
    snapshotId: null,
    checkpointPosition: logPosition(2n ** 63n - 1n),
    numberOfPartitions: 3,
    brokerVersion: '1',
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
const expected = { object: 'the object', id, attempt: manifest.attempt };
const POINT = { checkpointId: 3, position: 30, timestamp: '2026-01-01T00:00:00.000Z', type: 'marker' };

// biome-ignore lint/suspicious/noExplicitAny: the tests below break the shape on purpose
type Json = any;

const encoded = await encodeManifest(manifest);

/** The manifest with a change, and with a digest that fits. */
function changed(change: (json: Json) => void): Uint8Array {
  const json = manifestJson(encoded);
  change(json);
  return manifestBytes(json);
}

it('comes back as it was, 64-bit numbers and all', async () => {
  expect((await parseManifest(await encodeManifest(manifest), expected))._unsafeUnwrap()).toEqual(manifest);
});

it('tells its points, and what is written while it is made does not', async () => {
  const checkpoints = [
    { checkpointId: checkpointId(2n ** 63n - 2n), position: logPosition(2n ** 62n), type: 'marker' },
    { checkpointId: id.checkpointId, position: logPosition(2n ** 63n - 1n), type: 'backup' },
  ].map((point) => ({ ...point, timestamp: '2026-01-01T00:00:00.000Z' }) as RecordedCheckpoint);
  const descriptor = { ...manifest.descriptor, checkpoints };
  const read = (
    await parseManifest(await encodeManifest({ ...manifest, descriptor }), expected)
  )._unsafeUnwrap();
  expect(read.descriptor).toEqual(descriptor);
  expect(descriptorFields(descriptor)).not.toHaveProperty('checkpoints');
});

it('may hold fields that are not known, and chunks under other names', async () => {
  const bytes = changed((json) => {
    json.labels = { why: 'nightly' };
    json.chunks[0].name = sha('d');
  });
  const read = (await parseManifest(bytes, expected))._unsafeUnwrap();
  expect(read.files[0]?.pieces[0]?.chunk).toEqual({ ...whole, name: sha('d') });
});

it('is refused when any one bit of it is another', async () => {
  const bytes = encoded;
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Uint8Array.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect((await parseManifest(flipped, expected)).isErr(), `bit ${bit}`).toBe(true);
  }
});

it('is refused when it is cut anywhere or has more behind it', async () => {
  const bytes = encoded;
  for (let length = 0; length < bytes.length; length += 1) {
    expect((await parseManifest(bytes.subarray(0, length), expected)).isErr(), `${length} bytes`).toBe(true);
  }
  expect((await parseManifest(Buffer.concat([bytes, Buffer.from('\n')]), expected)).isErr()).toBe(true);
});

describe('is refused as damaged when', () => {
  const damages: Record<string, (json: Json) => void> = {
    'it is of another checkpoint': (json) => {
      json.id.checkpointId = 5;
    },
    'it is of another partition': (json) => {
      json.id.partitionId = 5;
    },
    'it is of another node': (json) => {
      json.id.nodeId = 5;
    },
    'it is of another attempt': (json) => {
      json.attempt = '1-2-0000000b';
    },
    'a point has a type that nobody knows': (json) => {
      json.descriptor.checkpoints = [{ ...POINT, type: 'other' }];
    },
    'a point has no time': (json) => {
      json.descriptor.checkpoints = [{ ...POINT, timestamp: 'soon' }];
    },
    'there are more points than anybody names': (json) => {
      json.descriptor.checkpoints = Array.from({ length: POINTS_PER_BACKUP_MAX + 1 }, () => POINT);
    },
    'a name leads out of the directory': (json) => {
      json.files[0].name = '../log';
    },
    'a name is a path': (json) => {
      json.files[0].name = 'a/log';
    },
    'a name is empty': (json) => {
      json.files[0].name = '';
    },
    'a name is there twice': (json) => {
      json.files.push(json.files[0]);
    },
    'a kind is not known': (json) => {
      json.files[0].kind = 'index';
    },
    'a piece is in no chunk': (json) => {
      json.files[0].pieces[0][0] = 2;
    },
    'a piece is in a negative chunk': (json) => {
      json.files[0].pieces[0][0] = -1;
    },
    'a piece ends behind its chunk': (json) => {
      json.files[0].pieces[1][1] = 21;
    },
    'a piece begins before its chunk': (json) => {
      json.files[0].pieces[1][1] = -1;
    },
    'a piece has no bytes': (json) => {
      json.files[0].pieces[1][2] = 0;
    },
    'a part of a chunk has no digest': (json) => {
      json.files[0].pieces[1].pop();
    },
    'a whole chunk has a digest of its own': (json) => {
      json.files[0].pieces[0].push(sha('a'));
    },
    'a digest is no digest': (json) => {
      json.files[0].pieces[1][3] = 'A'.repeat(64);
    },
    'the sizes do not add up': (json) => {
      json.files[0].size = 111;
    },
    'the digests do not add up': (json) => {
      json.files[0].digest = sha('0');
    },
    'a size is a fraction': (json) => {
      json.chunks[0].size = 99.5;
    },
    'a chunk is empty': (json) => {
      json.chunks[0].size = 0;
    },
    'a chunk is too large to hold': (json) => {
      json.chunks[0].size = 64 * 1024 * 1024 + 1;
    },
    'a chunk is stored in another size': (json) => {
      json.chunks[0].stored = 99;
    },
    'a compressed chunk is larger than its bytes': (json) => {
      json.chunks[1].stored = 31;
    },
    'a compressed chunk has no bytes': (json) => {
      json.chunks[1].stored = 0;
    },
    'the name of a chunk is a path': (json) => {
      json.chunks[0].name = '../../cluster.json';
    },
    'a position is larger than 64 bits': (json) => {
      json.descriptor.checkpointPosition = 2n ** 63n;
    },
    'a position is negative': (json) => {
      json.descriptor.checkpointPosition = -1;
    },
    'a position is text': (json) => {
      json.descriptor.checkpointPosition = '1';
    },
    'there are no partitions': (json) => {
      json.descriptor.numberOfPartitions = 0;
    },
    'a time is none': (json) => {
      json.createdAt = 'yesterday';
    },
    'a field is missing': (json) => {
      delete json.base;
    },
  };
  it.each(Object.entries(damages))('%s', async (_, change) => {
    const error = (await parseManifest(changed(change), expected))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'BackupCorrupt', object: 'the object' });
  });

  it.each(['', '{', '[]', 'null', '7', '{"format":1,"format":1}', '['.repeat(100_000)])(
    'it is %j',
    async (line) => {
      const { name } = (await parseManifest(sealedLines([line]), expected))._unsafeUnwrapErr();
      expect(['BackupCorrupt', 'StoreFailure']).toContain(name);
    },
  );
});

it.each([
  ['a chunk too few', 1, 2],
  ['a chunk too many', 3, 2],
  ['a file too few', 2, 1],
  ['a file too many', 2, 3],
  ['more than there can be', 2 ** 53 - 1, 2],
])('is refused as damaged when its first line counts %s', async (_, chunks, files) => {
  const [head, ...lines] = new TextDecoder().decode(encoded).split('\n').slice(0, -2);
  const counted = (head ?? '').replace('"chunks":2,"files":2', `"chunks":${chunks},"files":${files}`);
  expect(counted === head).toBe(chunks === 2 && files === 2);
  const error = (await parseManifest(sealedLines([counted, ...lines]), expected))._unsafeUnwrapErr();
  expect(error.name).toBe('BackupCorrupt');
});

it.each([2, 4])('names line %i where that is no JSON, or holds something else', async (number) => {
  const lines = new TextDecoder().decode(encoded).split('\n').slice(0, -2);
  for (const [line, told] of [
    ['{"sha256":', 'is no JSON'],
    ['7', 'the body: '],
  ] as const) {
    const bytes = sealedLines(lines.with(number - 1, line));
    const error = (await parseManifest(bytes, expected))._unsafeUnwrapErr();
    expect(error.message).toContain(`line ${number}: ${told}`);
  }
});

describe('is refused as too new, before its shape is looked at, with', () => {
  const features: Record<string, (json: Json) => void> = {
    'format=2': (json) => {
      json.format = 2;
      delete json.files;
    },
    'codec=brotli': (json) => {
      json.chunks[1].codec = 'brotli';
      json.chunks[1].stored = 7;
    },
    encryption: (json) => {
      json.encryption = { keyId: 'k' };
      delete json.files;
    },
  };
  it.each(Object.entries(features))('%s', async (feature, change) => {
    const error = (await parseManifest(changed(change), expected))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreFailure');
    expect(error.message).toContain(`object=the object has ${feature}, which this version does not know`);
  });
});
