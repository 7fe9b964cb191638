// One record of the log as bytes. Little endian:
//   length of the body u32 | CRC-32 of the body u32 | position u64 | timestamp u64 (ms) | type u8 | payload JSON
// The body starts at the position. Nothing here touches a file.
import { crc32 } from 'node:zlib';
import { COMMAND_TYPES, type Command } from './commands.ts';

/** A command where it stands in the log. Positions grow by one, from 1. */
export interface LogRecord {
  readonly position: bigint;
  /** When it was appended: milliseconds since 1970. */
  readonly timestamp: number;
  readonly command: Command;
}

/** What a segment's bytes hold: its records with the offset behind each, and where they stop being records. */
export interface SegmentScan {
  readonly records: readonly { readonly record: LogRecord; readonly end: number }[];
  /** The offset behind the last whole record. */
  readonly end: number;
}

const FRAME_BYTES = 8;
const HEADER_BYTES = 17;
/** No record is larger: bounds what a damaged length can make us believe. */
const BODY_BYTES_MAX = 64 * 1024;

export function encodeRecord({ position, timestamp, command }: LogRecord): Buffer {
  const { type, ...fields } = command;
  const payload = Buffer.from(JSON.stringify(fields));
  const bytes = Buffer.allocUnsafe(FRAME_BYTES + HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(HEADER_BYTES + payload.length, 0);
  bytes.writeBigUInt64LE(position, 8);
  bytes.writeBigUInt64LE(BigInt(timestamp), 16);
  bytes.writeUInt8(COMMAND_TYPES.indexOf(type), 24);
  payload.copy(bytes, FRAME_BYTES + HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(FRAME_BYTES)), 4);
  return bytes;
}

/** The record that starts at `offset` and must have this position. Undefined when the bytes are not that. */
export function decodeRecord(
  bytes: Buffer,
  offset: number,
  position: bigint,
): { record: LogRecord; end: number } | undefined {
  if (offset + FRAME_BYTES + HEADER_BYTES > bytes.length) return undefined;
  const length = bytes.readUInt32LE(offset);
  const end = offset + FRAME_BYTES + length;
  if (length < HEADER_BYTES || length > BODY_BYTES_MAX || end > bytes.length) return undefined;
  if (bytes.readBigUInt64LE(offset + 8) !== position) return undefined;
  const body = bytes.subarray(offset + FRAME_BYTES, end);
  if (crc32(body) !== bytes.readUInt32LE(offset + 4)) return undefined;
  const type = COMMAND_TYPES[body.readUInt8(16)];
  const fields = JSON.parse(body.toString('utf8', HEADER_BYTES)) as object;
  const timestamp = Number(body.readBigUInt64LE(8));
  return { record: { position, timestamp, command: { type, ...fields } as Command }, end };
}

/** Reads records from the start of a segment as far as they are whole and in order. */
export function scanSegment(bytes: Buffer, firstPosition: bigint): SegmentScan {
  const records: { record: LogRecord; end: number }[] = [];
  let end = 0;
  for (;;) {
    const next = decodeRecord(bytes, end, firstPosition + BigInt(records.length));
    if (next === undefined) return { records, end };
    records.push(next);
    end = next.end;
  }
}

/** Whether a whole record with a position above `position` starts anywhere behind `offset`. */
export function hasRecordBehind(bytes: Buffer, offset: number, position: bigint): boolean {
  for (let start = offset + 1; start + FRAME_BYTES + HEADER_BYTES <= bytes.length; start += 1) {
    const found = bytes.readBigUInt64LE(start + 8);
    if (found > position && found < position + 1_000_000n && decodeRecord(bytes, start, found)) return true;
  }
  return false;
}
