// Every reader of Zeebe's files, on files that are broken: a typed answer each time, never a throw, and no bytes that
// are not there.

import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { CheckpointList } from '../../src/zeebe/checkpoint-list.ts';
import { CheckpointSearch } from '../../src/zeebe/journal/checkpoint-search.ts';
import { parseRaftEntry } from '../../src/zeebe/journal/raft-entry.ts';
import { readSegment } from '../../src/zeebe/journal/read-segment.ts';
import { parseRecordBatch } from '../../src/zeebe/journal/record-batch.ts';
import { parseRecordMetadata } from '../../src/zeebe/journal/record-metadata.ts';
import { parseSegmentDescriptor, withoutHints } from '../../src/zeebe/journal/segment-descriptor.ts';
import { segmentNumber } from '../../src/zeebe/journal/segment-name.ts';
import { readIntegers } from '../../src/zeebe/message-pack.ts';
import { formatChecksumFile, parseChecksumFile } from '../../src/zeebe/snapshot/checksum-file.ts';
import { parseSnapshotId } from '../../src/zeebe/snapshot/snapshot-id.ts';
import { parseSnapshotMetadata } from '../../src/zeebe/snapshot/snapshot-metadata.ts';
import { truncateSegment } from '../../src/zeebe/truncate-segment.ts';
import { verifyPartition } from '../../src/zeebe.ts';
import { brokenBytes, brokenJson, brokenText, fuzz, fuzzAsync } from '../support/fuzz.ts';
import {
  FIRST,
  SECOND,
  SNAPSHOT_ID,
  samplePartition,
  segmentFiles,
  snapshotFiles,
} from './sample-partition.ts';

const HEAD = 57;
const FRAME_HEAD = 49;
const segments = [FIRST, SECOND].map(({ bytes, offsets }) => bytes.subarray(0, (offsets.at(-1) ?? 0) + 100));

/** The data of all records of the samples. */
const entries = [FIRST, SECOND].flatMap(({ bytes, offsets }) =>
  offsets.slice(0, -1).map((at, nth) => bytes.subarray(at + FRAME_HEAD, offsets[nth + 1])),
);
const batches = entries.filter((data) => data[16] === 0).map((data) => data.subarray(45));

const outcome = (result: { isOk(): boolean }) => (result.isOk() ? 'taken' : 'refused');

/** The same bytes with checksums that fit as far as the lengths lead, so that what they guard is read. */
function resealed(given: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(given);
  const view = new DataView(bytes.buffer);
  if (bytes.length < HEAD) return bytes;
  const head = Math.min(25 + view.getUint16(17, true), bytes.length);
  view.setBigInt64(9, BigInt(crc32c(bytes.subarray(17, head))), true);
  for (let at = head; at + FRAME_HEAD <= bytes.length && bytes[at] !== 0; ) {
    const length = view.getUint32(at + 45, true);
    const end = at + FRAME_HEAD + length;
    if (end > bytes.length) break;
    view.setBigInt64(at + 9, BigInt(crc32c(bytes.subarray(at + 21, end))), true);
    at = end;
  }
  return bytes;
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readWhole(bytes: Uint8Array, size: number) {
  const list = new CheckpointList();
  const search = new CheckpointSearch(logPosition(6), checkpointId(7));
  let last: { readonly kind: string; readonly verdict?: string } | undefined;
  let end = 0;
  for await (const part of readSegment(inPieces(bytes, size))) {
    last = part;
    if (part.kind !== 'record') continue;
    expect(part.offset).toBeGreaterThanOrEqual(end);
    end = part.endOffset;
    expect(end).toBeLessThanOrEqual(bytes.length);
    list.see(part);
    search.see(part, 0);
  }
  expect(last?.kind).toBe('end');
  return last?.verdict === 'damaged' ? 'refused' : 'taken';
}

describe('a segment', () => {
  const sizes = fc.constantFrom(1, 7, 64, 100_000);

  it('with bytes changed', () =>
    fuzzAsync(fc.tuple(brokenBytes(segments), sizes), 500, ([bytes, size]) => readWhole(bytes, size)));

  it('with bytes changed, and checksums that fit', () =>
    fuzzAsync(fc.tuple(brokenBytes(segments), sizes), 1_500, ([bytes, size]) =>
      readWhole(resealed(bytes), size),
    ));

  it('that is cut', () =>
    fuzzAsync(fc.tuple(brokenBytes(segments), fc.nat(700)), 500, async ([bytes, endOffset]) => {
      const cut = { name: 'the file', endOffset, sizeBytes: 1_000 };
      try {
        let size = 0;
        for await (const part of truncateSegment(inPieces(resealed(bytes), 64), cut)) size += part.byteLength;
        expect(size).toBeGreaterThanOrEqual(cut.sizeBytes);
        return 'taken';
      } catch (cause) {
        expect(cause).toHaveProperty('name', 'BackupCorrupt');
        return 'refused';
      }
    }));

  it('has a descriptor or none', () => {
    const heads = segments.map((bytes) => bytes.subarray(0, HEAD));
    fuzz(brokenBytes(heads), 1_000, (bytes) => {
      const descriptor = parseSegmentDescriptor(resealed(bytes));
      if (descriptor.isOk()) {
        const head = resealed(bytes).subarray(0, descriptor.value.lengthBytes);
        expect(parseSegmentDescriptor(withoutHints(head)).isOk()).toBe(true);
      }
      return outcome(descriptor);
    });
  });

  it('has a name or none', () => {
    fuzz(brokenText(['raft-partition-partition-1-12.log']), 1_000, (name) => {
      const number = segmentNumber(name, 1);
      if (number !== undefined) expect(Number.isSafeInteger(number)).toBe(true);
      return number === undefined ? 'refused' : 'taken';
    });
  });
});

describe('a record', () => {
  it('is a raft entry or none', () =>
    fuzz(brokenBytes(entries), 2_000, (bytes) => outcome(parseRaftEntry(bytes))));

  it('is a batch or none', () => {
    const range = fc.constantFrom([1, 1], [2, 3], [6, 6], [1, 2 ** 40]);
    fuzz(fc.tuple(brokenBytes(batches), range), 2_000, ([bytes, [lowest = 1, highest = 1]]) =>
      outcome(parseRecordBatch(bytes, logPosition(lowest), logPosition(highest))),
    );
  });

  it('has metadata or none', () => {
    const samples = batches.map((batch) => batch.subarray(52, 100));
    fuzz(brokenBytes(samples), 1_000, (bytes) => outcome(parseRecordMetadata(bytes)));
  });

  it('has whole numbers in its MsgPack or none', () => {
    const samples = [
      '82a26964d10007a8706f736974696f6e06',
      '83a1619301c0c3a162c403010203a163cf7fffffffffffffff',
    ];
    fuzz(brokenBytes(samples.map((hex) => Buffer.from(hex, 'hex'))), 3_000, (bytes) =>
      outcome(readIntegers(bytes)),
    );
  });

  it.each(['91', 'dc0001', 'dd00000001', '81a161'])('nested a million times by %s is refused', (hex) => {
    const deep = Buffer.concat([Buffer.from('81a161', 'hex'), Buffer.from(hex.repeat(1_000_000), 'hex')]);
    expect(readIntegers(deep).isErr()).toBe(true);
  });

  it.each(['ddffffffff', 'dfffffffff', 'c6ffffffff', 'dbffffffff', 'c9ffffffff'])(
    'that claims 4 billion entries by %s is refused at once',
    (hex) => expect(readIntegers(Buffer.from(`81a161${hex}`, 'hex')).isErr()).toBe(true),
  );
});

describe('a snapshot', () => {
  it('has metadata or none', () => {
    const metadata =
      '{"version":1,"processedPosition":2,"exportedPosition":9223372036854775807,"lastFollowupEventPosition":4}';
    fuzz(brokenJson([metadata]), 2_000, (text) =>
      outcome(parseSnapshotMetadata(new TextEncoder().encode(text))),
    );
    fuzz(brokenBytes([Buffer.from(metadata)]), 1_000, (bytes) => outcome(parseSnapshotMetadata(bytes)));
  });

  it('has an id or none', () => {
    fuzz(brokenText([SNAPSHOT_ID, '1-2-3-4']), 1_000, (text) =>
      parseSnapshotId(text) ? 'taken' : 'refused',
    );
  });

  it('has checksums, or lines that say nothing', () => {
    const file = formatChecksumFile(
      new Map(['000010.sst', 'CURRENT', '__proto__'].map((name, nth) => [name, nth])),
    );
    fuzz(brokenBytes([file, Buffer.alloc(8)]), 2_000, (bytes) => {
      const read = parseChecksumFile(bytes);
      if (read.isOk())
        for (const value of read.value.checksums.values()) expect(value).toBeGreaterThanOrEqual(0);
      return outcome(read);
    });
  });
});

it('a partition with any file broken is verified, and is not sound by chance', async () => {
  const files = [...snapshotFiles(), ...segmentFiles()];
  const contents = await Promise.all(
    files.map(async (file) => {
      const parts: Uint8Array[] = [];
      for await (const part of file.open()) parts.push(part);
      return Buffer.concat(parts);
    }),
  );
  const broken = fc
    .nat(files.length - 1)
    .chain((nth) =>
      fc.tuple(fc.constant(nth), brokenBytes([contents[nth] ?? Buffer.alloc(0)]), fc.boolean()),
    );
  await fuzzAsync(broken, 400, async ([broke, bytes, reseal]) => {
    const given = files.map((file, nth) =>
      bytesFile(file.name, nth === broke ? (reseal ? resealed(bytes) : bytes) : (contents[nth] ?? bytes)),
    );
    const count = snapshotFiles().length;
    const parts = { snapshotFiles: given.slice(0, count), segmentFiles: given.slice(count) };
    const verified = await verifyPartition(samplePartition(parts));
    if (verified.isErr()) throw verified.error;
    return verified.value.findings.some(({ severity }) => severity === 'error') ? 'refused' : 'taken';
  });
});
