// Zeebe's files value by value: the last that is right, and the first that is not. Every record is also cut at each of its
// bytes: none of them may be missing without a word.
import { describe, expect, it } from 'vitest';
import { INT64_MAX, logPosition } from '../../src/core/ids.ts';
import { ByteReader } from '../../src/zeebe/byte-reader.ts';
import { parseRaftEntry } from '../../src/zeebe/journal/raft-entry.ts';
import { parseRecordBatch } from '../../src/zeebe/journal/record-batch.ts';
import { parseRecordMetadata } from '../../src/zeebe/journal/record-metadata.ts';
import {
  descriptorLength,
  parseSegmentDescriptor,
  withoutHints,
} from '../../src/zeebe/journal/segment-descriptor.ts';
import { segmentNumber, segmentsInOrder } from '../../src/zeebe/journal/segment-name.ts';
import { readIntegers } from '../../src/zeebe/message-pack.ts';
import { formatChecksumFile, parseChecksumFile } from '../../src/zeebe/snapshot/checksum-file.ts';
import { parseSnapshotId } from '../../src/zeebe/snapshot/snapshot-id.ts';
import { parseSnapshotMetadata } from '../../src/zeebe/snapshot/snapshot-metadata.ts';
import { buildSegment } from './build-log.ts';
import { FIRST, inPieces, SECOND } from './sample-partition.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const dataOf = ({ bytes, offsets }: typeof FIRST, nth: number) =>
  bytes.subarray((offsets[nth] ?? 0) + 49, offsets[nth + 1]);
const INITIAL = dataOf(FIRST, 0);
const PAIR = dataOf(FIRST, 2);
const BATCH = PAIR.subarray(45);
const patched = (bytes: Uint8Array, at: number, ...values: number[]) => {
  const copy = Uint8Array.from(bytes);
  copy.set(values, at);
  return copy;
};

describe('the name of a segment', () => {
  const of = (digits: string) => segmentNumber(`raft-partition-partition-1-${digits}.log`, 1);

  it('ends in a number of 32 bits', () => {
    expect([of('0'), of('007'), of('2147483647')]).toEqual([0, 7, 2147483647]);
    for (const digits of ['2147483648', '12345678901', '', '-1', '1a', 'a1', '1.5'])
      expect(of(digits), digits).toBeUndefined();
  });

  it('is that of its partition', () => {
    expect(segmentNumber('raft-partition-partition-11-1.log', 1)).toBeUndefined();
    expect(segmentNumber('raft-partition-partition-1-1.log', 11)).toBeUndefined();
    expect(segmentNumber('xraft-partition-partition-1-1.log', 1)).toBeUndefined();
    expect(segmentNumber('raft-partition-partition-1-1.logx', 1)).toBeUndefined();
    expect(segmentNumber('raft-partition-partition-1-1', 1)).toBeUndefined();
  });

  it('orders by number, and leaves others out', () => {
    const names = ['raft-partition-partition-1-10.log', 'other', 'raft-partition-partition-1-9.log'].map(
      (name) => ({ name }),
    );
    expect(segmentsInOrder(names, 1)).toEqual([names[2], names[0]]);
  });
});

describe('the id of a snapshot', () => {
  it('has four numbers of 64 bits and anything behind', () => {
    const four = { index: 1n, term: 2n, processedPosition: 3n, exportedPosition: INT64_MAX };
    expect(parseSnapshotId(`1-2-3-${INT64_MAX}`)).toEqual(four);
    expect(parseSnapshotId(`1-2-3-${INT64_MAX}-0-x`)).toEqual(four);
  });

  it.each([
    '1-2-3',
    '',
    'a-2-3-4',
    '1-a-3-4',
    '1-2-a-4',
    '1-2-3-a',
    '1-2-3-9223372036854775808',
    '12345678901234567890-2-3-4',
    '-1-2-3-4',
    '1-2-3-',
    'x1-2-3-4x',
    '1-2-3x-4',
    '1-2-x3-4',
  ])('%s is none', (id) => {
    expect(parseSnapshotId(id)).toBeUndefined();
  });
});

describe('the checksums of a snapshot', () => {
  it('are hex behind three spaces; all else says nothing', () => {
    const lines = [
      '; a comment',
      'a   1',
      '  b   FFffFFff  ',
      'c d   000000000012abcd',
      '',
      'e  1',
      'f   ',
      'g   0123456789abcdef0',
      'h   x',
      'i   1 2',
    ];
    const { checksums, unreadableLines } = parseChecksumFile(utf8(lines.join('\n')))._unsafeUnwrap();
    expect([...checksums]).toEqual([
      ['a', 1],
      ['b', 0xffff_ffff],
      ['c d', 0x12abcd],
    ]);
    expect(unreadableLines).toEqual(['e  1', 'f', 'g   0123456789abcdef0', 'h   x', 'i   1 2']);
  });

  it('are not those of the old format', () => {
    expect(parseChecksumFile(new Uint8Array(8)).isErr()).toBe(true);
    expect(parseChecksumFile(new Uint8Array(0))._unsafeUnwrap().checksums.size).toBe(0);
    for (const size of [7, 9]) expect(parseChecksumFile(new Uint8Array(size).fill(0x20)).isOk()).toBe(true);
  });

  it('are written in the order of names, and read the same', () => {
    const checksums = new Map([
      ['b', 0xab],
      ['a', 0],
      ['C', 0xffff_ffff],
    ]);
    const text = new TextDecoder().decode(formatChecksumFile(checksums));
    expect(text.split('\n').slice(-4)).toEqual(['C   ffffffff', 'a   0', 'b   ab', '']);
    expect(parseChecksumFile(utf8(text))._unsafeUnwrap().checksums).toEqual(checksums);
  });
});

describe('the metadata of a snapshot', () => {
  const read = (text: string) => parseSnapshotMetadata(utf8(text));

  it('keeps 64 bits, and has defaults for two fields', () => {
    expect(
      read(`{"processedPosition":0,"exportedPosition":${INT64_MAX},"later":[]}`)._unsafeUnwrap(),
    ).toEqual({
      version: 1n,
      processedPosition: 0n,
      exportedPosition: INT64_MAX,
      lastFollowupEventPosition: INT64_MAX,
    });
    const all = read(
      '{"version":2,"processedPosition":3,"exportedPosition":4,"lastFollowupEventPosition":5}',
    );
    expect(Object.values(all._unsafeUnwrap())).toEqual([2n, 3n, 4n, 5n]);
  });

  it.each([
    ['', 'no JSON'],
    ['null', 'no processedPosition'],
    ['[]', 'no processedPosition'],
    ['7', 'no processedPosition'],
    ['{"exportedPosition":1}', 'no processedPosition'],
    ['{"processedPosition":1}', 'no exportedPosition'],
    ['{"processedPosition":"1","exportedPosition":1}', 'no processedPosition'],
    ['{"processedPosition":1.5,"exportedPosition":1}', 'no processedPosition'],
    ['{"processedPosition":1,"exportedPosition":9223372036854775808}', 'no exportedPosition'],
    ['{"processedPosition":-1,"exportedPosition":1}', 'negative'],
    ['{"processedPosition":1,"exportedPosition":-1}', 'negative'],
  ])('%s is refused: %s', (text, why) => {
    expect(read(text)._unsafeUnwrapErr()).toContain(why);
  });

  it('is UTF-8', () => {
    expect(
      parseSnapshotMetadata(
        Uint8Array.from([...utf8('{"processedPosition":1,"exportedPosition":1,"x":"'), 0xff, 0x22, 0x7d]),
      ).isErr(),
    ).toBe(true);
  });
});

describe('MsgPack', () => {
  const read = (hex: string) => readIntegers(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

  it.each<[string, bigint | undefined]>([
    ['00', 0n],
    ['7f', 127n],
    ['e0', -32n],
    ['ff', -1n],
    ['cc ff', 255n],
    ['cd 0100', 256n],
    ['ce ffffffff', 0xffff_ffffn],
    ['cf ffffffffffffffff', 2n ** 64n - 1n],
    ['d0 80', -128n],
    ['d1 8000', -32768n],
    ['d1 7fff', 32767n],
    ['d2 80000000', -(2n ** 31n)],
    ['d3 8000000000000000', -(2n ** 63n)],
    ['d3 7fffffffffffffff', INT64_MAX],
    ['c0', undefined],
    ['c2', undefined],
    ['c3', undefined],
    ['80', undefined],
    [`8f${'0000'.repeat(15)}`, undefined],
    ['90', undefined],
    [`9f${'00'.repeat(15)}`, undefined],
    ['a0', undefined],
    [`bf${'00'.repeat(31)}`, undefined],
    ['c4 02 0000', undefined],
    ['c5 0002 0000', undefined],
    ['c6 00000002 0000', undefined],
    ['c7 02 00 0000', undefined],
    ['c8 0002 00 0000', undefined],
    ['c9 00000002 00 0000', undefined],
    ['ca 00000000', undefined],
    ['cb 0000000000000000', undefined],
    ['d4 00' + '00', undefined],
    [`d5 00${'00'.repeat(2)}`, undefined],
    [`d6 00${'00'.repeat(4)}`, undefined],
    [`d7 00${'00'.repeat(8)}`, undefined],
    [`d8 00${'00'.repeat(16)}`, undefined],
    ['d9 01 00', undefined],
    ['da 0001 00', undefined],
    ['db 00000001 00', undefined],
    ['dc 0002 0000', undefined],
    ['dd 00000002 0000', undefined],
    ['de 0001 0000', undefined],
    ['df 00000001 0000', undefined],
  ])('%s is a whole number, or skipped to its last byte', (value, expected) => {
    const map = `82 a161 ${value} a162 07`;
    expect([...read(map)._unsafeUnwrap()]).toEqual([
      ...(expected === undefined ? [] : [['a', expected]]),
      ['b', 7n],
    ]);
    const bytes = Buffer.from(map.replaceAll(' ', ''), 'hex');
    for (let end = 0; end < bytes.length; end += 1)
      expect(readIntegers(bytes.subarray(0, end)).isErr(), `cut at ${end}`).toBe(true);
  });

  it.each(['de 0001', 'df 00000001', '81'])('a map may begin with %s', (head) => {
    expect([...read(`${head} a161 01`)._unsafeUnwrap()]).toEqual([['a', 1n]]);
  });

  it.each(['d9 01 61', 'da 0001 61', 'db 00000001 61', 'a1 61'])('a key may be %s', (key) => {
    expect([...read(`81 ${key} 01`)._unsafeUnwrap()]).toEqual([['a', 1n]]);
  });

  it.each(['90', 'c0', '01', '7f', 'a0', 'dc0000', 'ff'])('%s is no map', (hex) => {
    expect(read(hex)._unsafeUnwrapErr()).toContain('no MsgPack map');
  });

  it.each(['81 01 01', '81 c0 01', '81 c4 01 61 01', '81 80 01', '81 dc 0000 01'])(
    '%s has a key that is no text',
    (hex) => {
      expect(read(hex)._unsafeUnwrapErr()).toContain('no MsgPack text as a key');
    },
  );

  it('has one byte that stands for nothing', () => {
    expect(read('81 a161 c1')._unsafeUnwrapErr()).toContain('no MsgPack type: byte 193');
  });
});

describe('a raft entry', () => {
  it('is one of three', () => {
    expect(parseRaftEntry(INITIAL)._unsafeUnwrap()).toEqual({ type: 'initial', term: 3n });
    expect(parseRaftEntry(PAIR)._unsafeUnwrap()).toMatchObject({
      type: 'application',
      term: 3n,
      lowestPosition: 2n,
      highestPosition: 3n,
    });
    expect(parseRaftEntry(patched(INITIAL, 16, 3))._unsafeUnwrapErr()).toContain(
      'unknown type of raft entry: 3',
    );
    expect(parseRaftEntry(patched(INITIAL, 16, 1))._unsafeUnwrapErr()).toBe('the configuration entry is cut');
    const configuration = Buffer.concat([
      patched(INITIAL, 16, 1),
      Buffer.from(`0800040008000300${'00'.repeat(8)}`, 'hex'),
    ]);
    expect(parseRaftEntry(configuration)._unsafeUnwrap()).toEqual({ type: 'configuration', term: 3n });
    expect(parseRaftEntry(configuration.subarray(0, -1)).isErr()).toBe(true);
  });

  it('is whole or refused', () => {
    for (const data of [INITIAL, PAIR]) {
      for (let end = 0; end < data.length; end += 1)
        expect(parseRaftEntry(data.subarray(0, end)).isErr(), `cut at ${end}`).toBe(true);
    }
  });

  it('has positions from 1 on, in order', () => {
    expect(parseRaftEntry(patched(PAIR, 25, 0))._unsafeUnwrapErr()).toContain('lowest=0');
    expect(parseRaftEntry(patched(PAIR, 25, 4))._unsafeUnwrapErr()).toContain('lowest=4 highest=3');
    expect(parseRaftEntry(patched(PAIR, 25, 3)).isOk()).toBe(true);
    expect(parseRaftEntry(patched(PAIR, 25, 1)).isOk()).toBe(true);
  });

  it.each([0, 2, 4, 17, 19, 21])('is of the schema and template that it should be (byte %i)', (at) => {
    expect(parseRaftEntry(patched(PAIR, at, 0)).isErr()).toBe(true);
  });
});

describe('a batch of records', () => {
  const read = (bytes: Uint8Array, lowest = 2, highest = 3) =>
    parseRecordBatch(bytes, logPosition(lowest), logPosition(highest));

  it('holds the positions it should, and all of them', () => {
    const records = read(BATCH)._unsafeUnwrap();
    expect(records.map(({ position }) => position)).toEqual([2n, 3n]);
    expect(records[0]).toMatchObject({
      sourcePosition: -1n,
      key: -1n,
      timestamp: 1_700_000_000_000n,
      skipProcessing: false,
    });
    expect(records.map(({ value }) => new TextDecoder().decode(value))).toEqual(['b', 'c']);
    expect(read(BATCH, 1, 2)._unsafeUnwrapErr()).toContain('holds position 2 where 1 is due');
    expect(read(BATCH, 2, 4)._unsafeUnwrapErr()).toContain('ends before position 4 of 4');
    expect(read(BATCH, 2, 2).isErr()).toBe(true);
    expect(read(new Uint8Array(0), 2, 2)._unsafeUnwrapErr()).toContain('ends before position 2 of 2');
  });

  it('may be cut in its last padding alone', () => {
    const whole = BATCH.length;
    const ends = Array.from({ length: whole }, (_, end) => end).filter((end) =>
      read(BATCH.subarray(0, end)).isOk(),
    );
    const padding = whole - (104 + 101);
    expect(ends).toEqual(Array.from({ length: padding }, (_, nth) => whole - padding + nth));
  });

  it.each([
    ['a frame shorter than its head', 0, [51, 0, 0, 0], 'impossible framed length 51'],
    ['a frame beyond the batch', 0, [255, 255, 0, 0], 'impossible framed length 65535'],
    ['a negative frame', 0, [255, 255, 255, 255], 'impossible framed length -1'],
    ['no position', 16, [0], 'impossible position 0'],
    ['metadata beyond the frame', 48, [50], 'impossible metadata length 50'],
    ['negative metadata', 48, [255, 255, 255, 255], 'impossible metadata length -1'],
  ])('with %s is refused', (_, at, values, why) => {
    expect(read(patched(BATCH, at, ...values))._unsafeUnwrapErr()).toContain(why);
  });

  it('of the first entry version has a short length of metadata', () => {
    const old = patched(patched(patched(BATCH, 12, 0), 50, 7, 7), 14, 1);
    expect(read(old)._unsafeUnwrap()[0]).toMatchObject({ position: 2n, skipProcessing: true });
    expect(read(patched(BATCH, 50, 7, 7)).isErr()).toBe(true);
  });

  it('may have metadata that fills the frame', () => {
    const bytes = patched(patched(BATCH, 48, 49), 52, 41);
    expect(read(bytes)._unsafeUnwrap()[0]?.value).toHaveLength(0);
  });
});

describe('the metadata of a record', () => {
  const METADATA = BATCH.subarray(52, 100);

  it('is whole or refused', () => {
    expect(parseRecordMetadata(METADATA)._unsafeUnwrap()).toEqual({
      recordType: 'COMMAND',
      protocolVersion: 5,
      valueType: 1,
      intent: 0,
    });
    for (let end = 0; end < METADATA.length; end += 1)
      expect(parseRecordMetadata(METADATA.subarray(0, end)).isErr()).toBe(true);
  });

  it('knows three types of records', () => {
    const types = [0, 1, 2, 3].map((type) =>
      parseRecordMetadata(patched(METADATA, 8, type)).map(({ recordType }) => recordType),
    );
    expect(types.slice(0, 3).map((type) => type._unsafeUnwrap())).toEqual([
      'EVENT',
      'COMMAND',
      'COMMAND_REJECTION',
    ]);
    expect(types[3]?.isErr()).toBe(true);
  });

  it('tells the version of the broker where the block reaches so far', () => {
    const versioned = patched(METADATA, 25, 8, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0);
    expect(parseRecordMetadata(versioned)._unsafeUnwrap().brokerVersion).toBe('8.6.1');
    expect(parseRecordMetadata(patched(versioned, 0, 29))._unsafeUnwrap().brokerVersion).toBe('8.6.1');
    expect(parseRecordMetadata(patched(versioned, 0, 28))._unsafeUnwrap().brokerVersion).toBeUndefined();
    expect(parseRecordMetadata(patched(METADATA, 25, 8))._unsafeUnwrap().brokerVersion).toBe('8.0.0');
    expect(parseRecordMetadata(patched(versioned, 0, 16)).isErr()).toBe(true);
  });
});

describe('the descriptor of a segment', () => {
  const HEAD = FIRST.bytes.subarray(0, 57);
  const OLD = buildSegment({ id: 1, index: 1, position: 1, records: [], schemaVersion: 1 }).bytes.subarray(
    0,
    45,
  );

  it('is whole or refused', () => {
    for (const head of [HEAD, OLD]) {
      expect(parseSegmentDescriptor(head).isOk()).toBe(true);
      for (let end = 0; end < head.length; end += 1)
        expect(parseSegmentDescriptor(head.subarray(0, end)).isErr()).toBe(true);
      for (let at = 0; at < head.length; at += 1) {
        // The version of the metadata's schema says nothing.
        if (at === 7 || at === 8) continue;
        expect(parseSegmentDescriptor(patched(head, at, (head[at] ?? 0) ^ 1)).isErr(), `byte ${at}`).toBe(
          true,
        );
      }
    }
  });

  it('tells its own length', () => {
    expect([HEAD, OLD].map((head) => descriptorLength(head.subarray(0, 25))._unsafeUnwrap())).toEqual([
      57, 45,
    ]);
    expect(descriptorLength(HEAD.subarray(0, 24)).isErr()).toBe(true);
  });

  it('of the first version has no hints to take back', () => {
    expect(withoutHints(OLD)).toEqual(Uint8Array.from(OLD));
    expect(parseSegmentDescriptor(OLD)._unsafeUnwrap()).toMatchObject({
      schemaVersion: 1,
      id: 1n,
      index: 1n,
      lastIndex: 0n,
      lastPosition: 0,
    });
    const hinted = patched(HEAD, 45, 9, 0, 0, 0, 0, 0, 0, 0, 7);
    expect(parseSegmentDescriptor(withoutHints(hinted))._unsafeUnwrap()).toMatchObject({
      lastIndex: 0n,
      lastPosition: 0,
    });
    expect(hinted[45]).toBe(9);
  });
});

describe('bytes in pieces', () => {
  const bytes = Uint8Array.from({ length: 10 }, (_, nth) => nth + 1);

  it.each([1, 3, 10])('of %i come in the amounts asked for', async (size) => {
    const reader = new ByteReader(inPieces(bytes, size));
    expect([...(await reader.read(0))]).toEqual([]);
    expect([...(await reader.read(4))]).toEqual([1, 2, 3, 4]);
    expect(reader.offset).toBe(4);
    const some = await reader.readSome(2);
    expect(some.length >= 1 && some.length <= 2).toBe(true);
    expect([...(await reader.read(100))]).toEqual([...bytes.subarray(4 + some.length)]);
    expect(reader.offset).toBe(10);
    expect([...(await reader.read(1))]).toEqual([]);
    expect([...(await reader.readSome(1))]).toEqual([]);
    expect(reader.offset).toBe(10);
  });

  it.each([1, 3, 70_000, 200_000])('of %i are told to be zeros, to the last one', async (size) => {
    const zeros = new Uint8Array(size < 100 ? 10 : 150_000);
    expect(await new ByteReader(inPieces(zeros, size)).restIsZero()).toBe(true);
    for (const at of [0, zeros.length - 1]) {
      expect(await new ByteReader(inPieces(patched(zeros, at, 1), size)).restIsZero()).toBe(false);
    }
  });

  it('are let go when nobody reads on', async () => {
    let closed = false;
    async function* source() {
      try {
        yield bytes;
      } finally {
        closed = true;
      }
    }
    const reader = new ByteReader(source());
    await reader.read(1);
    await reader.close();
    expect(closed).toBe(true);
  });
});

it('the samples are what the tests above take them for', () => {
  expect(dataOf(SECOND, 1)).toHaveLength(45 + 120);
  expect(BATCH).toHaveLength(2 * 104);
});
