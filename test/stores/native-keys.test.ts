// The names of the native layout and the plan of what is stored together, value by value.
import { describe, expect, it } from 'vitest';
import { checkpointId, INT64_MAX, logPosition } from '../../src/core/ids.ts';
import { PACKED_FILE_SIZE_BYTES_MAX } from '../../src/core/limits.ts';
import {
  behindCheckpoint,
  behindPartition,
  checkpointPrefix,
  chunkKey,
  chunksPrefix,
  compareAttempts,
  copiesPrefix,
  entriesPrefix,
  entryKey,
  holdKey,
  markerKey,
  newAttempt,
  parseAttempt,
  parseChunkKey,
  parseEntryKey,
  parseHoldKey,
  parseMarkerKey,
  partitionOfKey,
  sealKey,
  sweepKey,
} from '../../src/stores/tidemark/keys.ts';
import {
  isJsonObject,
  jsonBytes,
  jsonText,
  parseJsonBytes,
} from '../../src/stores/tidemark/lossless-text.ts';
import { ReusablePieces } from '../../src/stores/tidemark/reusable-pieces.ts';
import { sourceFiles, storingPlan } from '../../src/stores/tidemark/storing-plan.ts';
import { unsavable } from '../../src/stores/tidemark/unsavable.ts';
import { sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';

const id = { checkpointId: checkpointId(7), partitionId: 1, nodeId: 0 };
const attempt = { text: '3-1767225600000-0000000a', term: 3n, startedAtMs: 1_767_225_600_000 };
const INV = '9223372036854775800';

describe('a key', () => {
  it('is written as the format document says', () => {
    expect(markerKey('begun', id, attempt)).toBe(`backups/${INV}/1/begun.0.3-1767225600000-0000000a`);
    expect(entryKey(id, attempt)).toBe(`partitions/1/attempts/${INV}.0.3-1767225600000-0000000a`);
    expect(sealKey(id, attempt)).toBe(`${entryKey(id, attempt)}.seal`);
    expect(chunkKey(12, `ab${'0'.repeat(62)}`)).toBe(`partitions/12/chunks/ab/ab${'0'.repeat(62)}`);
    expect(entriesPrefix(12)).toBe('partitions/12/attempts/');
    expect(copiesPrefix(id.checkpointId, 12)).toBe(`backups/${INV}/12/`);
    expect(checkpointPrefix(checkpointId(INT64_MAX))).toBe('backups/0000000000000000000/');
    expect(behindCheckpoint(id.checkpointId)).toBe(`backups/${INV}0`);
  });

  it('of a checkpoint stands behind all of its copies and before the next one', () => {
    const keys = [
      markerKey('failed', id, attempt),
      behindCheckpoint(id.checkpointId),
      checkpointPrefix(checkpointId(6)),
    ];
    expect(keys.toSorted()).toEqual(keys);
  });

  it('comes back as it was', () => {
    for (const kind of ['begun', 'completed', 'failed'] as const) {
      expect(parseMarkerKey(markerKey(kind, id, attempt))).toEqual({ id, kind, attempt });
    }
    expect(parseEntryKey(entryKey(id, attempt))).toEqual({ id, attempt, kind: 'entry' });
    expect(parseEntryKey(sealKey(id, attempt))).toEqual({ id, attempt, kind: 'seal' });
    const large = {
      checkpointId: checkpointId(INT64_MAX),
      partitionId: 9_999_999_999,
      nodeId: 9_999_999_999,
    };
    const last = {
      text: '9223372036854775807-999999999999999-ffffffff',
      term: INT64_MAX,
      startedAtMs: 999_999_999_999_999,
    };
    expect(parseMarkerKey(markerKey('begun', large, last))).toEqual({
      id: large,
      kind: 'begun',
      attempt: last,
    });
    const first = { ...id, partitionId: 0 };
    expect(parseEntryKey(entryKey(first, attempt))?.id).toEqual(first);
  });

  it.each([
    `x${markerKey('begun', id, attempt)}`,
    `${markerKey('begun', id, attempt)}x`,
    `${markerKey('begun', id, attempt)}.seal`,
    `backups/${INV}0/1/begun.0.${attempt.text}`,
    `backups/922337203685477580/1/begun.0.${attempt.text}`,
    `backups/9223372036854775807/1/begun.0.${attempt.text}`,
    `backups/9999999999999999999/1/begun.0.${attempt.text}`,
    `backups/${INV}/01/begun.0.${attempt.text}`,
    `backups/${INV}/-1/begun.0.${attempt.text}`,
    `backups/${INV}/12345678901/begun.0.${attempt.text}`,
    `backups/${INV}/1/begun.00.${attempt.text}`,
    `backups/${INV}/1/begun.0.03-1-0000000a`,
    `backups/${INV}/1/begun.0.3-01-0000000a`,
    `backups/${INV}/1/begun.0.3-1-0000000`,
    `backups/${INV}/1/begun.0.3-1-0000000ab`,
    `backups/${INV}/1/begun.0.3-1-0000000A`,
    `backups/${INV}/1/begun.0.-1-0000000a`,
    `backups/${INV}/1/ended.0.${attempt.text}`,
    `x${entryKey(id, attempt)}`,
    `${entryKey(id, attempt)}x`,
    `${entryKey(id, attempt)}.seal.seal`,
    `${entryKey(id, attempt)}.sea`,
    `partitions/1/attempts/9223372036854775807.0.${attempt.text}`,
    `partitions/1/attempts/${INV}.0.3-1-0000000`,
    `partitions/01/attempts/${INV}.0.${attempt.text}`,
    '',
  ])('%s is not ours', (key) => {
    expect(parseMarkerKey(key)).toBeUndefined();
    expect(parseEntryKey(key)).toBeUndefined();
  });
});

describe('the keys beside those of backups', () => {
  const name = `ab${'0'.repeat(62)}`;

  it('of a chunk gives its name, when it lies in the folder of its name', () => {
    expect(chunksPrefix(12)).toBe('partitions/12/chunks/');
    expect(parseChunkKey(chunkKey(12, name))).toBe(name);
    for (const key of [
      `partitions/12/chunks/ac/${name}`,
      `partitions/12/chunks/00/${name}`,
      `xpartitions/12/chunks/ab/${name}`,
      `partitions/012/chunks/ab/${name}`,
      `partitions/12/chunks/ab/${name}0`,
      `partitions/12/chunks/ab/${name.slice(1)}`,
      `partitions/12/chunks/ab/${name.toUpperCase()}`,
      '',
    ]) {
      expect(parseChunkKey(key), key).toBeUndefined();
    }
  });

  it('of a sweep holds whole milliseconds', () => {
    expect(sweepKey(12, 5.9, 'aa').endsWith('/5-aa')).toBe(true);
    expect(sweepKey(12, -5, 'aa').endsWith('/0-aa')).toBe(true);
  });

  it('tell their partition, and where the next one begins', () => {
    expect(partitionOfKey('partitions/12/chunks/x')).toBe(12);
    expect(partitionOfKey('partitions/0/x')).toBe(0);
    for (const key of ['partitions/012/x', 'partitions/12', 'xpartitions/12/x', 'backups/12/x', '']) {
      expect(partitionOfKey(key), key).toBeUndefined();
    }
    expect(behindPartition('partitions/12/chunks/x')).toBe('partitions/120');
    expect('partitions/12/zzz' < behindPartition('partitions/12/a')).toBe(true);
  });

  it('of a hold gives its checkpoint', () => {
    expect(holdKey(id.checkpointId)).toBe(`holds/${INV}`);
    expect(parseHoldKey(holdKey(id.checkpointId))).toBe(7n);
    for (const key of [
      `xholds/${INV}`,
      `holds/${INV}0`,
      `holds/${INV}/x`,
      'holds/7',
      'holds/9223372036854775807',
      '',
    ]) {
      expect(parseHoldKey(key), key).toBeUndefined();
    }
  });
});

describe('an attempt', () => {
  it.each([
    [1_000.9, 1_000],
    [-5, 0],
  ])('begun at %d begins at %i', (now, startedAtMs) => {
    const made = newAttempt(2n, now, '0000000b');
    expect(made).toEqual({ text: `2-${startedAtMs}-0000000b`, term: 2n, startedAtMs });
    expect(parseAttempt(made.text)).toEqual(made);
  });

  it('outranks another by term, then by start, then by name', () => {
    const order = [
      newAttempt(1n, 9, '00000009'),
      newAttempt(2n, 1, '00000009'),
      newAttempt(2n, 2, '00000001'),
      newAttempt(2n, 2, '00000002'),
      newAttempt(2n, 10, '00000000'),
      newAttempt(10n, 0, '00000000'),
    ];
    for (const [a, one] of order.entries()) {
      for (const [b, other] of order.entries())
        expect(Math.sign(compareAttempts(one, other))).toBe(Math.sign(a - b));
    }
  });
});

describe('JSON', () => {
  const read = (text: string) => parseJsonBytes(new TextEncoder().encode(text));

  it('keeps whole numbers, and makes bigints of those that a double does not hold', () => {
    expect(
      read('[1,-1,9007199254740991,9007199254740992,9223372036854775807,-9223372036854775808,1.5,1e3]'),
    ).toEqual([
      ...[1, -1, 9007199254740991, 9007199254740992n, 9223372036854775807n, -9223372036854775808n, 1.5, 1000],
    ]);
    expect(read('99999999999999999999')).toBe(99999999999999999999n);
    expect(read('999999999999999999999')).toBe(1e21);
    expect(new TextDecoder().decode(jsonBytes({ a: 2n ** 63n, b: null }))).toBe(
      '{"a":9223372036854775808,"b":null}',
    );
  });

  it.each(['[', '{', '[{'])('is refused when %s nests it more than 64 levels deep', (open) => {
    const levels = open.length;
    const nested = (depth: number) => new TextEncoder().encode(open.repeat(depth / levels));
    expect(jsonText(nested(64))).toHaveLength(64);
    expect(() => jsonText(nested(64 + levels))).toThrow('nested deeper than 64 levels');
  });

  it('may hold any number of brackets in its texts, and of lists side by side', () => {
    const text = `["${'['.repeat(101)}","\\"${'{'.repeat(100)}","\\\\",${'[],{},'.repeat(100)}[]]`;
    expect(jsonText(new TextEncoder().encode(text))).toBe(text);
  });

  it.each(['[1,', '{"a":', '[],[', '{},{', '[true,'])('is as deep as its open brackets: %s', (part) => {
    const deep = (levels: number) => new TextEncoder().encode(`[${part.repeat(levels)}`);
    expect(() => jsonText(deep(64))).toThrow('nested deeper');
    expect(() => jsonText(deep(63))).not.toThrow();
  });

  it('is an object, or anything else', () => {
    for (const text of ['{}', '{"a":1}', ' {"a":[]} ']) expect(isJsonObject(text), text).toBe(true);
    for (const text of ['', '[]', '1', 'null', '"{}"', 'true', '{', '{}x'])
      expect(isJsonObject(text), text).toBe(false);
  });

  it('that is no UTF-8, or names a field twice, is refused', () => {
    expect(() => parseJsonBytes(Uint8Array.from([0x22, 0xff, 0x22]))).toThrow();
    expect(() => read('{"a":1,"a":2}')).toThrow('a');
  });
});

describe('what is stored together', () => {
  const small = (name: string, size: number) => ({ kind: 'snapshot' as const, file: sampleFile(name, size) });
  const shape = (sizes: readonly number[], chunk: number) =>
    storingPlan(
      sizes.map((size, nth) => small(`f${nth}`, size)),
      chunk,
    ).map((unit) =>
      'large' in unit ? unit.large.file.sizeBytes : unit.group.map(({ file }) => file.sizeBytes),
    );

  it('is small, and fits in a chunk', () => {
    expect(shape([], 10)).toEqual([]);
    expect(shape([4, 6, 1], 10)).toEqual([[4, 6], [1]]);
    expect(shape([4, 7, 3], 10)).toEqual([[4], [7, 3]]);
    expect(shape([0, 0], 10)).toEqual([[0, 0]]);
    expect(shape([9, 10, 11, 1], 10)).toEqual([10, 11, [9, 1]]);
  });

  it('is below a mebibyte, however large a chunk is', () => {
    const limit = PACKED_FILE_SIZE_BYTES_MAX;
    expect(shape([limit - 1, limit], 10 * limit)).toEqual([limit, [limit - 1]]);
  });

  it('comes in the order of kinds and names', () => {
    const backup = sampleBackup({
      snapshotFiles: [sampleFile('b', 1), sampleFile('a', 1), sampleFile('B', 1)],
      segmentFiles: [sampleFile('A', 1)],
    });
    const names = sourceFiles(backup).map(({ kind, file }) => `${kind}/${file.name}`);
    expect(names).toEqual(['snapshot/B', 'snapshot/a', 'snapshot/b', 'segment/A']);
  });

  it('is found again by digest and length', () => {
    const chunk = { sha256: 'a', sizeBytes: 10, name: 'a' };
    const piece = { chunk, offset: 0, length: 10, sha256: 'a' };
    const file = { kind: 'segment' as const, name: 'log', sizeBytes: 10, pieces: [piece] };
    const reusable = new ReusablePieces({ files: [file] } as never);
    expect(reusable.find('a', 10)).toBe(piece);
    expect(reusable.find('a', 9)).toBeUndefined();
    expect(reusable.find('b', 10)).toBeUndefined();
    expect(new ReusablePieces(undefined).find('a', 10)).toBeUndefined();
  });
});

describe('a backup', () => {
  const descriptor = { ...sampleBackup().descriptor, checkpointPosition: logPosition(1) };
  const withCount = (numberOfPartitions: number) => ({
    ...sampleBackup(),
    descriptor: { ...descriptor, numberOfPartitions },
  });
  const withFile = (name: string, sizeBytes = 1) =>
    sampleBackup({ segmentFiles: [{ ...sampleFile('a', 1), name, sizeBytes }] });

  it('can be saved at the edges of what a name holds', () => {
    const numbers = { partitionId: 9_999_999_999, nodeId: 9_999_999_999, term: 2n ** 63n - 1n };
    expect(unsavable(sampleBackup(numbers))).toBeUndefined();
    expect(unsavable(sampleBackup({ partitionId: 0, nodeId: 0, term: 0n }))).toBeUndefined();
    expect(unsavable(withCount(1))).toBeUndefined();
    expect(unsavable(withCount(8191))).toBeUndefined();
    expect(unsavable(withFile('a', 0))).toBeUndefined();
    // A snapshot file and a segment may have one name.
    expect(unsavable({ ...withFile('a'), snapshotFiles: [sampleFile('a', 1)] })).toBeUndefined();
  });

  it.each([0, -1, 8192, 1.5, Number.NaN])('of %d partitions cannot be saved', (count) => {
    expect(unsavable(withCount(count))).toContain(`numberOfPartitions=${count}`);
  });

  it.each([
    [withFile('a/b'), 'one path component'],
    [{ ...sampleBackup(), snapshotFiles: [sampleFile('..', 1)] }, 'one path component'],
    [sampleBackup({ segmentFiles: [sampleFile('a', 1), sampleFile('a', 1)] }), 'there twice'],
    [withFile('a', -1), 'has size -1'],
    [withFile('a', 0.5), 'has size 0.5'],
  ])('with such files cannot be saved', (backup, why) => {
    expect(unsavable(backup)).toContain(why);
  });

  it.each([
    { term: -1n },
    { term: 2n ** 63n },
    { partitionId: -1 },
    { partitionId: 10_000_000_000 },
    { partitionId: 1.5 },
    { nodeId: -1 },
    { nodeId: 10_000_000_000 },
  ])('of ids that nobody has is a bug', (given) => {
    expect(() => unsavable(sampleBackup(given))).toThrow();
  });
});
