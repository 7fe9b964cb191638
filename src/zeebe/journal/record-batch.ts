// A batch of log records inside an application entry. Each is framed and starts at a multiple of 8: framed
// length (int32), 8 unused bytes, entry version, flags, position, source position, key, timestamp, metadata
// length; then the metadata and the value. Unused bytes and padding hold anything.
import { err, ok, type Result } from 'neverthrow';
import { type LogPosition, logPosition } from '../../core/ids.ts';
import { viewOf } from '../sbe-header.ts';
import { parseRecordMetadata, type RecordMetadata } from './record-metadata.ts';

const HEADER_BYTES = 52;
const ENTRY_VERSION_AT = 12;
const FLAGS_AT = 14;
const POSITION_AT = 16;
const SOURCE_POSITION_AT = 24;
const KEY_AT = 32;
const TIMESTAMP_AT = 40;
const METADATA_LENGTH_AT = 48;

/** One record of the partition's log. */
export interface LogRecord {
  readonly position: LogPosition;
  /** The position of the record that caused this one; -1 for none. */
  readonly sourcePosition: bigint;
  /** -1 for none. */
  readonly key: bigint;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  /** A follow-up command that was processed together with its cause. */
  readonly skipProcessing: boolean;
  readonly metadata: RecordMetadata;
  /** MsgPack. */
  readonly value: Uint8Array;
}

/** The records of a batch, whose positions must be `lowest`, `lowest + 1`, ... `highest`. */
export function parseRecordBatch(
  batch: Uint8Array,
  lowest: LogPosition,
  highest: LogPosition,
): Result<readonly LogRecord[], string> {
  const view = viewOf(batch);
  const records: LogRecord[] = [];
  let next: bigint = lowest;
  let offset = 0;
  while (offset < batch.byteLength) {
    if (offset + HEADER_BYTES > batch.byteLength) return err(`the batch is cut at byte ${offset} of it`);
    const framedLength = view.getInt32(offset, true);
    if (framedLength < HEADER_BYTES || offset + framedLength > batch.byteLength) {
      return err(`impossible framed length ${framedLength} at byte ${offset} of the batch`);
    }
    const record = parseLogRecord(batch.subarray(offset, offset + framedLength));
    if (record.isErr()) return err(record.error);
    if (record.value.position !== next) {
      return err(`the batch holds position ${record.value.position} where ${next} is due`);
    }
    records.push(record.value);
    next += 1n;
    offset += align8(framedLength);
  }
  return next === highest + 1n ? ok(records) : err(`the batch ends before position ${next} of ${highest}`);
}

function parseLogRecord(frame: Uint8Array): Result<LogRecord, string> {
  const view = viewOf(frame);
  const position = view.getBigInt64(POSITION_AT, true);
  if (position < 1n) return err(`impossible position ${position}`);
  // Before entry version 1 the length was an int16 and the two bytes behind it unused.
  const metadataLength =
    view.getUint16(ENTRY_VERSION_AT, true) === 1
      ? view.getInt32(METADATA_LENGTH_AT, true)
      : view.getInt16(METADATA_LENGTH_AT, true);
  const valueAt = HEADER_BYTES + metadataLength;
  if (metadataLength < 0 || valueAt > frame.byteLength) {
    return err(`impossible metadata length ${metadataLength} at position ${position}`);
  }
  return parseRecordMetadata(frame.subarray(HEADER_BYTES, valueAt)).map((metadata) => ({
    position: logPosition(position),
    sourcePosition: view.getBigInt64(SOURCE_POSITION_AT, true),
    key: view.getBigInt64(KEY_AT, true),
    timestamp: view.getBigInt64(TIMESTAMP_AT, true),
    skipProcessing: view.getUint8(FLAGS_AT) !== 0,
    metadata,
    value: frame.subarray(valueAt),
  }));
}

function align8(length: number): number {
  return Math.ceil(length / 8) * 8;
}
