// What is found in broken snapshots and logs, one break at a time: which object, and what about it.
import { describe, expect, it } from 'vitest';
import type { BackupFile } from '../../src/core/backup.ts';
import { BackupCorrupt } from '../../src/core/errors.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { CheckpointList } from '../../src/zeebe/checkpoint-list.ts';
import type { SegmentPart } from '../../src/zeebe/journal/journal-record.ts';
import { readSegment } from '../../src/zeebe/journal/read-segment.ts';
import { scanLog } from '../../src/zeebe/journal/scan-log.ts';
import { SNAPSHOT_METADATA_BYTES_MAX } from '../../src/zeebe/snapshot/snapshot-metadata.ts';
import { readWhole, verifySnapshot } from '../../src/zeebe/snapshot/verify-snapshot.ts';
import { buildSegment, type Log, segmentFile } from './build-log.ts';
import { FIRST, inPieces, SECOND, SNAPSHOT_ID, snapshotFiles } from './sample-partition.ts';

const CHECKSUMS = `${SNAPSHOT_ID}.checksum`;
const text = (name: string, content: string) => bytesFile(name, Buffer.from(content));
const lost = (name: string): BackupFile => ({
  name,
  sizeBytes: 1,
  open: () => {
    throw new BackupCorrupt(`store/${name}`, 'is missing');
  },
});

/** The whole snapshot with some of its files in place of others, or without them. */
const changed = (...files: (BackupFile | string)[]) => {
  const names = files.map((file) => (typeof file === 'string' ? file : file.name));
  return [
    ...snapshotFiles().filter(({ name }) => !names.includes(name)),
    ...files.filter((file) => typeof file !== 'string'),
  ];
};

async function found(files: readonly BackupFile[], id = SNAPSHOT_ID) {
  const { findings } = await verifySnapshot(id, files);
  return findings.map(({ severity, object, what }) => `${severity} ${object}: ${what}`);
}

describe('in a snapshot', () => {
  it('that is whole nothing is found', async () => {
    expect(await found(snapshotFiles())).toEqual([]);
  });

  it.each<[string, BackupFile[], RegExp[]]>([
    [
      'a changed file',
      changed(text('CURRENT', 'x')),
      [/^error CURRENT: its checksum is wrong: expected=[0-9a-f]+ actual=[0-9a-f]+$/],
    ],
    ['a file more', changed(text('more', 'x')), [/^error more: the checksum file does not name it$/]],
    ['a file less', changed('CURRENT'), [/^error CURRENT: it is missing; the checksum file names it$/]],
    ['no checksums', changed(CHECKSUMS), [new RegExp(`^error ${CHECKSUMS}: the checksum file is missing$`)]],
    [
      'a second file of checksums',
      changed(text('other.checksum', '')),
      [/^error other.checksum: a second checksum file; /],
    ],
    [
      'old checksums',
      changed(bytesFile(CHECKSUMS, new Uint8Array(8))),
      [new RegExp(`^error ${CHECKSUMS}: it has the old format`)],
    ],
    ['lost checksums', changed(lost(CHECKSUMS)), [new RegExp(`^error store/${CHECKSUMS}: is missing$`)]],
    ['a lost file', changed(lost('CURRENT')), [/^error store\/CURRENT: is missing$/]],
    [
      'changed metadata',
      changed(text('zeebe.metadata', '{}')),
      [/^error zeebe.metadata: its checksum is wrong/],
    ],
    [
      'no metadata',
      changed('zeebe.metadata'),
      [/^error zeebe.metadata: it is missing; the checksum file names it$/],
    ],
    ['lost metadata', changed(lost('zeebe.metadata')), [/^error store\/zeebe.metadata: is missing$/]],
  ])('%s is found, and nothing else', async (_, files, expected) => {
    const findings = await found(files);
    expect(findings).toHaveLength(expected.length);
    for (const [nth, pattern] of expected.entries()) expect(findings[nth]).toMatch(pattern);
  });

  it('without checksums its metadata is looked at all the same', async () => {
    const broken = changed(CHECKSUMS, text('zeebe.metadata', '{}'));
    expect((await found(broken)).at(-1)).toBe('error zeebe.metadata: it has no processedPosition');
    const none = changed(CHECKSUMS, 'zeebe.metadata');
    expect((await found(none)).at(-1)).toContain('error zeebe.metadata: it is missing, so the positions');
    const large = changed(CHECKSUMS, text('zeebe.metadata', ' '.repeat(SNAPSHOT_METADATA_BYTES_MAX + 1)));
    expect((await found(large)).at(-1)).toContain(
      `zeebe.metadata: it is larger than ${SNAPSHOT_METADATA_BYTES_MAX} bytes`,
    );
  });

  it('lines that say nothing are passed over with a warning', async () => {
    const [checksums] = snapshotFiles().filter(({ name }) => name === CHECKSUMS);
    const bytes = await readWhole(checksums as BackupFile, 10_000);
    const line = 'y'.repeat(100);
    const files = changed(bytesFile(CHECKSUMS, Buffer.concat([bytes, Buffer.from(`\n${line}\n`)])));
    expect(await found(files)).toEqual([
      `warning ${CHECKSUMS}: a line that says nothing: "${'y'.repeat(80)}"`,
    ]);
  });

  it('the id must be one, and say what the metadata says', async () => {
    expect(await found(snapshotFiles(), 'odd')).toContainEqual(
      expect.stringContaining('error odd: it is no snapshot id'),
    );
    const metadata = (processed: number, exported: string) =>
      snapshotFiles(`{"processedPosition":${processed},"exportedPosition":${exported}}`);
    expect(await found(metadata(3, '9223372036854775807'))).toEqual([
      'error zeebe.metadata: its processedPosition is 3, but the snapshot id says 2',
    ]);
    expect(await found(metadata(2, '7'))).toEqual([
      'error zeebe.metadata: its exportedPosition is 7, but the snapshot id says 9223372036854775807',
    ]);
  });

  it('what a file throws is passed on, but for damage', async () => {
    const broken: BackupFile = {
      ...text('CURRENT', 'x'),
      open: () => {
        throw new Error('the network');
      },
    };
    await expect(found(changed(broken))).rejects.toThrow('the network');
  });

  it('a small file is read up to its limit', async () => {
    expect(await readWhole(text('a', '12345'), 5)).toHaveLength(5);
    await expect(readWhole(text('a', '123456'), 5)).rejects.toThrow('larger than 5 bytes');
  });
});

async function checkpointsOf(...records: (readonly Log[])[]) {
  const { bytes } = buildSegment({ id: 1, index: 1, position: 1, records: ['initial', ...records] });
  const list = new CheckpointList();
  for await (const part of readSegment(inPieces(bytes, 1_000))) if (part.kind === 'record') list.see(part);
  return list;
}

describe('the checkpoints of a log', () => {
  const positions = (list: CheckpointList) =>
    list.checkpoints.map(({ checkpointId, position }) => `${checkpointId}@${position}`);

  it('are those whose CREATE is in it and not outdone', async () => {
    expect(
      positions(
        await checkpointsOf(
          [{ create: 5 }],
          [{ other: 'x' }, { create: 7 }],
          [{ create: 7 }],
          [{ create: 6 }],
        ),
      ),
    ).toEqual(['5@1', '7@3']);
    expect(positions(await checkpointsOf([{ create: 0 }], [{ create: -5 }]))).toEqual([]);
    expect(positions(await checkpointsOf([{ created: 7, at: 1 }], [{ create: 7 }], [{ create: 8 }]))).toEqual(
      ['8@3'],
    );
    expect(
      positions(await checkpointsOf([{ created: 7, at: 1 }], [{ created: 5, at: 1 }], [{ create: 6 }])),
    ).toEqual([]);
  });

  it('are unreadable where a record is', async () => {
    const list = await checkpointsOf([{ create: 5 }]);
    expect(list.unreadable).toBeUndefined();
    expect(list.brokerVersion).toBeUndefined();
    const entry = {
      type: 'application',
      term: 1n,
      lowestPosition: 1n,
      highestPosition: 1n,
      batch: new Uint8Array(3),
    };
    const record = {
      kind: 'record',
      offset: 0,
      endOffset: 1,
      index: 9n,
      asqn: 1n,
      entry,
    } as unknown as Extract<SegmentPart, { kind: 'record' }>;
    list.see(record);
    list.see({ ...record, index: 10n });
    expect(list.unreadable).toBe('index=9 the batch is cut at byte 0 of it');
  });
});

describe('in a log', () => {
  const UNUSED = new Uint8Array(8192);
  const scan = async (...files: BackupFile[]) => {
    const { damage, oddities, segments } = await scanLog(files, { partitionId: 1 });
    return {
      damage: damage.map(({ segment, object, what }) => `${segment} ${object}: ${what}`),
      oddities,
      segments,
    };
  };
  const name = (n: number) => `raft-partition-partition-1-${n}.log`;

  it('that is whole nothing is found', async () => {
    const { damage, oddities, segments } = await scan(
      segmentFile(1, 1, FIRST.bytes),
      segmentFile(1, 2, SECOND.bytes),
      segmentFile(1, 3, UNUSED),
    );
    expect([damage, oddities]).toEqual([[], []]);
    expect(segments.map(({ records, firstIndex, lastIndex }) => [records, firstIndex, lastIndex])).toEqual([
      [4, 1n, 4n],
      [4, 5n, 8n],
      [0, undefined, undefined],
    ]);
    expect(
      segments.map(({ firstPosition, lastPosition, term }) => [firstPosition, lastPosition, term]),
    ).toEqual([
      [1n, 4n, 3n],
      [5n, 9n, 3n],
      [undefined, undefined, undefined],
    ]);
  });

  it('a gap, a hole and a lost file are found where they are', async () => {
    const later = buildSegment({ id: 3, index: 10, position: 10, records: [[{ other: 'x' }]] });
    expect((await scan(segmentFile(1, 1, FIRST.bytes), segmentFile(1, 2, later.bytes))).damage).toEqual([
      `1 ${name(2)}: it begins at index 10, but 5 is due`,
    ]);
    expect((await scan(segmentFile(1, 1, UNUSED), segmentFile(1, 2, FIRST.bytes))).damage).toEqual([
      `1 ${name(2)}: the file before it, ${name(1)}, is empty`,
    ]);
    const { damage, segments } = await scan(
      segmentFile(1, 1, FIRST.bytes),
      lost(name(2)),
      segmentFile(1, 3, later.bytes),
    );
    expect(damage).toEqual([`1 store/${name(2)}: is missing`]);
    expect(segments.map(({ end }) => end.verdict)).toEqual(['zeros', 'damaged', 'zeros']);
    const jump = buildSegment({ id: 2, index: 5, position: 7, records: [[{ other: 'x' }]] });
    expect((await scan(segmentFile(1, 1, FIRST.bytes), segmentFile(1, 2, jump.bytes))).damage).toEqual([
      `1 ${name(2)}: it begins at position 7, but 5 is due`,
    ]);
  });

  it('a frame byte that Zeebe never writes is odd, and no damage', async () => {
    const odd = Uint8Array.from(FIRST.bytes);
    odd[FIRST.offsets[1] ?? 0] = 7;
    const { damage, oddities } = await scan(segmentFile(1, 1, odd));
    expect(damage).toEqual([]);
    expect(oddities).toEqual([
      { segment: 0, object: name(1), offset: FIRST.offsets[1], what: 'the frame byte is 7 instead of 1' },
    ]);
  });

  it('a record may fill its segment, and not be longer', async () => {
    const whole = buildSegment({ id: 1, index: 1, position: 1, records: [[{ other: 'x' }]], maxSize: 4096 });
    const end = whole.offsets[1] ?? 0;
    const fits = buildSegment({ id: 1, index: 1, position: 1, records: [[{ other: 'x' }]], maxSize: end });
    expect((await scan(segmentFile(1, 1, fits.bytes))).damage).toEqual([]);
    for (const length of [27, end, -1]) {
      const wrong = Uint8Array.from(whole.bytes);
      new DataView(wrong.buffer).setInt32((whole.offsets[0] ?? 0) + 17, length, true);
      const what = length === end ? /the lengths \d+ and \d+ do not agree/ : /impossible record length/;
      expect((await scan(segmentFile(1, 1, wrong))).damage[0]).toMatch(what);
    }
    const beyond = Uint8Array.from(whole.bytes);
    new DataView(beyond.buffer).setInt32((whole.offsets[0] ?? 0) + 17, 4096, true);
    expect((await scan(segmentFile(1, 1, beyond))).damage[0]).toContain('impossible record length 4096');
  });

  it('that is called off the signal reaches its files', async () => {
    const seen: (AbortSignal | undefined)[] = [];
    const file: BackupFile = {
      ...segmentFile(1, 1, FIRST.bytes),
      open: (options) => {
        seen.push(options?.signal);
        return segmentFile(1, 1, FIRST.bytes).open();
      },
    };
    const { signal } = new AbortController();
    await scanLog([file], { partitionId: 1, signal });
    await scanLog([file], { partitionId: 1 });
    expect(seen).toEqual([signal, undefined]);
  });
});
