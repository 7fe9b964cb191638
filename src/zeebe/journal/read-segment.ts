// Reads one segment file as a stream. It repairs nothing and skips nothing: a record with a wrong checksum
// ends the reading as damage, never as the end of the log. It holds one chunk and one record at a time.
import { err, ok, type Result } from 'neverthrow';
import { ByteReader } from '../byte-reader.ts';
import { crc32c } from '../crc32c.ts';
import { readSbeHeader, SBE_HEADER_BYTES, type SbeMessage, sbeMismatch, viewOf } from '../sbe-header.ts';
import type { JournalRecord, SegmentEnd, SegmentPart } from './journal-record.ts';
import { parseRaftEntry } from './raft-entry.ts';
import {
  DESCRIPTOR_PREFIX_BYTES,
  descriptorLength,
  parseSegmentDescriptor,
  type SegmentDescriptor,
} from './segment-descriptor.ts';

const METADATA: SbeMessage = { name: 'record metadata', schemaId: 7, templateId: 1, blockLength: 12 };
const DATA: SbeMessage = { name: 'record data', schemaId: 7, templateId: 2, blockLength: 16 };
const METADATA_BYTES = SBE_HEADER_BYTES + METADATA.blockLength;
/** The record data's header, its block and the length of what follows. */
const DATA_HEAD_BYTES = SBE_HEADER_BYTES + DATA.blockLength + 4;
const KNOWN_SCHEMA_VERSIONS = [1, 2];

/** Reads a segment. An error of the stream is passed on as it is. */
export async function* readSegment(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<SegmentPart, void, undefined> {
  const reader = new ByteReader(bytes);
  try {
    const descriptor = await readDescriptor(reader);
    if (descriptor.isErr()) {
      yield descriptor.error;
      return;
    }
    yield { kind: 'descriptor', descriptor: descriptor.value };
    let previous: JournalRecord | undefined;
    for (;;) {
      const record = await readRecord(reader, descriptor.value, previous);
      if (record.isErr()) {
        yield record.error;
        return;
      }
      yield record.value;
      previous = record.value;
    }
  } finally {
    await reader.close();
  }
}

async function readDescriptor(reader: ByteReader): Promise<Result<SegmentDescriptor, SegmentEnd>> {
  const prefix = await reader.read(DESCRIPTOR_PREFIX_BYTES);
  if (prefix.byteLength === 0) return err(damaged(0, 'the file is empty'));
  if (prefix.every((byte) => byte === 0)) {
    const unused = await reader.restIsZero();
    return unused
      ? err({ kind: 'end', verdict: 'unused', offset: 0, what: '' })
      : err(damaged(0, 'the descriptor is zeros, but the file is not'));
  }
  const length = descriptorLength(prefix);
  if (length.isErr()) return err(damaged(0, length.error));
  const rest = await reader.read(length.value - prefix.byteLength);
  return parseSegmentDescriptor(Buffer.concat([prefix, rest])).mapErr((what) => damaged(0, what));
}

/** The next record, or how the segment ends. */
async function readRecord(
  reader: ByteReader,
  descriptor: SegmentDescriptor,
  previous: JournalRecord | undefined,
): Promise<Result<JournalRecord, SegmentEnd>> {
  const offset = reader.offset;
  const [frame] = await reader.read(1);
  if (frame === undefined) return err({ kind: 'end', verdict: 'zeros', offset, what: '' });
  if (frame === 0) {
    const verdict = (await reader.restIsZero()) ? 'zeros' : 'stale';
    return err({ kind: 'end', verdict, offset, what: '' });
  }
  const framed = await readFrame(reader, descriptor.maxSegmentSize);
  if (framed.isErr()) return err(damaged(offset, framed.error));
  const { index, asqn, data, metadataVersion } = framed.value;
  const expectedIndex = previous === undefined ? descriptor.index : previous.index + 1n;
  if (index !== expectedIndex) return err(damaged(offset, `expected index ${expectedIndex}, found ${index}`));
  const entry = parseRaftEntry(data);
  if (entry.isErr()) return err(damaged(offset, `index=${index} ${entry.error}`));
  const expectedAsqn = entry.value.type === 'application' ? entry.value.lowestPosition : -1n;
  if (asqn !== expectedAsqn)
    return err(damaged(offset, `index=${index} expected asqn ${expectedAsqn}, found ${asqn}`));

  const oddity = oddityOf(frame, metadataVersion);
  const record = {
    kind: 'record',
    offset,
    endOffset: reader.offset,
    index,
    asqn,
    entry: entry.value,
  } as const;
  return ok(oddity === undefined ? record : { ...record, oddity });
}

interface Frame {
  readonly index: bigint;
  readonly asqn: bigint;
  readonly data: Uint8Array;
  readonly metadataVersion: number;
}

/** Reads what follows the frame byte. The two lengths in it must agree before anything long is read. */
async function readFrame(reader: ByteReader, maxSegmentSize: number): Promise<Result<Frame, string>> {
  const metadata = await reader.read(METADATA_BYTES);
  if (metadata.byteLength < METADATA_BYTES) return err('the file ends inside a record');
  const metadataView = viewOf(metadata);
  const metadataHeader = readSbeHeader(metadataView, 0);
  const metadataMismatch = sbeMismatch(metadataHeader, METADATA);
  if (metadataMismatch !== undefined) return err(metadataMismatch);
  await reader.read(metadataHeader.blockLength - METADATA.blockLength);
  const checksum = metadataView.getBigInt64(SBE_HEADER_BYTES, true);
  const length = metadataView.getInt32(SBE_HEADER_BYTES + 8, true);
  if (length < DATA_HEAD_BYTES || reader.offset + length > maxSegmentSize) {
    return err(`impossible record length ${length}`);
  }

  const head = await reader.read(DATA_HEAD_BYTES);
  if (head.byteLength < DATA_HEAD_BYTES) return err('the file ends inside a record');
  const view = viewOf(head);
  const mismatch = sbeMismatch(readSbeHeader(view, 0), DATA);
  if (mismatch !== undefined) return err(mismatch);
  const longer = readSbeHeader(view, 0).blockLength - DATA.blockLength;
  const dataLength = view.getUint32(DATA_HEAD_BYTES - 4, true);
  if (longer !== 0) return err(`unknown block length ${DATA.blockLength + longer} of the record data`);
  if (dataLength !== length - DATA_HEAD_BYTES)
    return err(`the lengths ${length} and ${dataLength} do not agree`);

  const data = await reader.read(dataLength);
  if (data.byteLength < dataLength) return err('the file ends inside a record');
  const actual = BigInt(crc32c(data, crc32c(head)));
  if (actual !== checksum) {
    return err(`the record's checksum is wrong: expected=${hex(checksum)} actual=${hex(actual)}`);
  }
  return ok({
    index: view.getBigUint64(SBE_HEADER_BYTES, true),
    asqn: view.getBigInt64(SBE_HEADER_BYTES + 8, true),
    data,
    metadataVersion: metadataHeader.version,
  });
}

function oddityOf(frame: number, version: number): string | undefined {
  if (frame !== 1) return `the frame byte is ${frame} instead of 1`;
  return KNOWN_SCHEMA_VERSIONS.includes(version) ? undefined : `unknown journal schema version ${version}`;
}

function damaged(offset: number, what: string): SegmentEnd {
  return { kind: 'end', verdict: 'damaged', offset, what };
}

function hex(checksum: bigint): string {
  return BigInt.asUintN(64, checksum).toString(16);
}
