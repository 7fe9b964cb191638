import { describe, expect, it } from 'vitest';
import type { BackupFile } from '../../src/core/backup.ts';
import { BackupCorrupt, StoreUnavailable } from '../../src/core/errors.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { type Finding, type VerifiableBackup, verifyPartition } from '../../src/zeebe.ts';
import { buildSegment, segmentFile } from './build-log.ts';
import {
  bytesOf,
  FIRST,
  SECOND,
  SNAPSHOT_ID,
  samplePartition,
  segmentFiles,
  snapshotFiles,
} from './sample-partition.ts';

async function findingsOf(changes: Partial<VerifiableBackup>): Promise<readonly Finding[]> {
  const verified = await verifyPartition(samplePartition(changes));
  return verified._unsafeUnwrap().findings;
}

const errorsOf = async (changes: Partial<VerifiableBackup>) =>
  (await findingsOf(changes)).filter(({ severity }) => severity === 'error');

function flipped(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = copy[at]! ^ mask;
  return copy;
}

const withSegments = (first: Uint8Array, second: Uint8Array) => ({
  segmentFiles: [segmentFile(1, 8, first), segmentFile(1, 9, second)],
});

describe('verifyPartition', () => {
  it('finds nothing wrong with a whole backup, and where its checkpoint is', async () => {
    const verified = (await verifyPartition(samplePartition()))._unsafeUnwrap();
    expect(verified.findings).toEqual([]);
    expect(verified.restorable).toBe(true);
    expect(verified.checkpoint).toEqual({
      segment: 1,
      index: 6n,
      offset: SECOND.offsets[1],
      endOffset: SECOND.offsets[2],
      lowestPosition: 6n,
      highestPosition: 6n,
      alone: true,
      mismatch: undefined,
    });
    expect(verified.segments.map(({ firstPosition, lastPosition }) => [firstPosition, lastPosition])).toEqual(
      [
        [1n, 4n],
        [5n, 9n],
        [undefined, undefined],
      ],
    );
    expect(verified.snapshot?.id).toMatchObject({ index: 3n, processedPosition: 2n });
  });

  it('finds every flipped byte of the log up to the checkpoint, but for one version number', async () => {
    const passed: string[] = [];
    const behind = SECOND.offsets[2]!;
    for (const [nth, segment] of [FIRST, SECOND].entries()) {
      const end = nth === 0 ? segment.bytes.length : behind;
      for (let at = 0; at < end; at += 1) {
        // Behind the end of the first segment's records every byte is alike.
        if (nth === 0 && at > FIRST.offsets.at(-1)! + 64 && at < end - 64) continue;
        for (const mask of [0x01, 0x80, 0xff]) {
          const bytes = [FIRST.bytes, SECOND.bytes] as [Uint8Array, Uint8Array];
          bytes[nth] = flipped(segment.bytes, at, mask);
          if ((await findingsOf(withSegments(...bytes))).length === 0) passed.push(`${nth}:${at}:${mask}`);
        }
      }
    }
    // The schema version in the header before the descriptor's checksum: nothing depends on it.
    expect(new Set(passed.map((flip) => flip.split(':')[1]))).toEqual(new Set(['7', '8']));
  });

  it('finds every cut of the log before the end of the checkpoint', async () => {
    for (let length = 0; length < SECOND.offsets[2]!; length += 7) {
      const errors = await errorsOf(withSegments(FIRST.bytes, SECOND.bytes.subarray(0, length)));
      expect(errors, `cut at ${length}`).not.toEqual([]);
    }
  });

  it('takes damage behind the checkpoint as a warning: a restore cuts it off', async () => {
    const at = SECOND.offsets[2]! + 60;
    const findings = await findingsOf(withSegments(FIRST.bytes, flipped(SECOND.bytes, at, 1)));
    expect(findings).toMatchObject([{ severity: 'warning', offset: SECOND.offsets[2] }]);
    const extra = flipped(SECOND.bytes, 8000, 1);
    expect(await findingsOf(withSegments(FIRST.bytes, extra))).toMatchObject([
      { severity: 'warning', offset: SECOND.offsets.at(-1), what: expect.stringContaining('not zeros') },
    ]);
  });

  it('finds a missing first segment, which joins neither the start nor the snapshot', async () => {
    const only = [segmentFile(1, 9, SECOND.bytes)];
    const [finding, ...others] = await errorsOf({ segmentFiles: only });
    expect(others).toEqual([]);
    expect(finding?.what).toContain('a first segment is missing: the log begins at index 5');
    const joined = '4-3-2-9223372036854775807-0';
    const files = snapshotFiles().map((file) =>
      file.name.endsWith('.checksum') ? { ...file, name: `${joined}.checksum` } : file,
    );
    const descriptor = { ...samplePartition().descriptor, snapshotId: joined };
    expect(await findingsOf({ segmentFiles: only, descriptor, snapshotFiles: files })).toEqual([]);
  });

  it('finds a missing segment in the middle, and an empty one', async () => {
    const third = buildSegment({ id: 3, index: 9, position: 10, records: [[{ create: 8 }]] });
    const backup = {
      id: { partitionId: 1, checkpointId: checkpointId(8) },
      descriptor: { ...samplePartition().descriptor, checkpointPosition: logPosition(10) },
    };
    const [first, second, last] = [FIRST, SECOND, third].map(({ bytes }, nth) =>
      segmentFile(1, nth + 8, bytes),
    );
    expect(await findingsOf({ ...backup, segmentFiles: [first!, second!, last!] })).toEqual([]);
    expect(await errorsOf({ ...backup, segmentFiles: [first!, last!] })).toMatchObject([
      { object: last!.name, what: 'it begins at index 9, but 5 is due' },
    ]);
    const empty = bytesFile(second!.name, new Uint8Array(8192));
    expect(await errorsOf({ ...backup, segmentFiles: [first!, empty, last!] })).not.toEqual([]);
  });

  it('finds a gap in the positions that the indexes do not show', async () => {
    const gap = buildSegment({ id: 2, index: 5, position: 6, records: [[{ create: 7 }]] });
    expect(await errorsOf(withSegments(FIRST.bytes, gap.bytes))).toMatchObject([
      { offset: 57, what: 'it begins at position 6, but 5 is due' },
    ]);
  });

  it('refuses a record at the position that is not the CREATE of this checkpoint', async () => {
    const id = { partitionId: 1, checkpointId: checkpointId(8) };
    expect(await errorsOf({ id })).toMatchObject([
      { offset: SECOND.offsets[1], what: 'the record at position 6 creates checkpoint 7' },
    ]);
    const descriptor = { ...samplePartition().descriptor, checkpointPosition: logPosition(5) };
    expect((await errorsOf({ descriptor }))[0]?.what).toContain('creates no checkpoint');
    const beyond = { ...samplePartition().descriptor, checkpointPosition: logPosition(10) };
    expect((await errorsOf({ descriptor: beyond }))[0]?.what).toContain('which reaches to position 9');
  });

  it('finds the record that covers a position inside of it', async () => {
    const records = [[{ other: 'e' }, { create: 7 }, { other: 'g' }]];
    const batched = buildSegment({ id: 2, index: 5, position: 5, records });
    const backup = samplePartition(withSegments(FIRST.bytes, batched.bytes));
    const verified = (await verifyPartition(backup))._unsafeUnwrap();
    expect(verified.restorable).toBe(true);
    expect(verified.checkpoint).toMatchObject({ lowestPosition: 5n, highestPosition: 7n, alone: false });
    expect(verified.findings).toMatchObject([{ severity: 'warning', offset: 57 }]);
  });

  it('passes on what is not damage, and takes what a store calls damaged as a finding', async () => {
    const failing = (error: Error): BackupFile => ({
      ...segmentFiles()[2]!,
      // biome-ignore lint/correctness/useYield: it fails at once
      async *open() {
        throw error;
      },
    });
    const [unused, second] = segmentFiles();
    const gone = new StoreUnavailable('get', 'connection refused');
    const unavailable = await verifyPartition(
      samplePartition({ segmentFiles: [unused!, second!, failing(gone)] }),
    );
    expect(unavailable._unsafeUnwrapErr()).toBe(gone);
    const corrupt = new BackupCorrupt('1/7/0/segments/x', 'the object is missing');
    const errors = await errorsOf({ segmentFiles: [unused!, second!, failing(corrupt)] });
    expect(errors[0]?.object).toBe('1/7/0/segments/x');
  });
});

describe('the snapshot of a backup', () => {
  it('finds every flipped byte of every file of a snapshot, but for comments', async () => {
    const passed: string[] = [];
    for (const file of snapshotFiles()) {
      const bytes = await bytesOf(file.open());
      for (let at = 0; at < bytes.length; at += 1) {
        for (const mask of [0x01, 0x80]) {
          const changed = bytesFile(file.name, flipped(bytes, at, mask));
          const files = snapshotFiles().map((other) => (other.name === file.name ? changed : other));
          if ((await findingsOf({ snapshotFiles: files })).length === 0) passed.push(`${file.name}:${at}`);
        }
      }
    }
    const text = (await bytesOf(snapshotFiles().at(-1)!.open())).toString();
    const comments = text.lastIndexOf('\n', text.indexOf('000010.sst'));
    expect(passed.filter((place) => !place.startsWith(SNAPSHOT_ID))).toEqual([]);
    expect(
      passed
        .map((place) => Number(place.split(':')[1]))
        .filter((at) => at > comments && at < text.length - 1),
    ).toEqual([]);
  });

  it('finds missing and added files, and a missing checksum file', async () => {
    const files = snapshotFiles();
    for (const missing of files) {
      const rest = files.filter((file) => file !== missing);
      expect(await errorsOf({ snapshotFiles: rest }), missing.name).not.toEqual([]);
    }
    const added = bytesFile('000011.sst', new Uint8Array(3));
    expect(await errorsOf({ snapshotFiles: [...files, added] })).toMatchObject([
      { object: '000011.sst', what: 'the checksum file does not name it' },
    ]);
  });

  it('refuses a snapshot newer than the checkpoint, and one whose id says something else', async () => {
    const metadata = (processed: number, followUp: string) =>
      `{"version":1,"processedPosition":${processed},"exportedPosition":9223372036854775807,"lastFollowupEventPosition":${followUp}}`;
    const newer = await errorsOf({ snapshotFiles: snapshotFiles(metadata(2, '6')) });
    expect(newer).toMatchObject([{ what: expect.stringContaining('lastFollowupEventPosition=6') }]);
    const unknown = await errorsOf({ snapshotFiles: snapshotFiles(metadata(2, '9223372036854775807')) });
    expect(unknown).toMatchObject([{ what: expect.stringContaining('9223372036854775807') }]);
    const other = await errorsOf({ snapshotFiles: snapshotFiles(metadata(3, '4')) });
    expect(other).toMatchObject([{ what: 'its processedPosition is 3, but the snapshot id says 2' }]);
  });
});
