// The metadata of a log record: an SBE RecordMetadata of the protocol schema. Only what tells a record's kind
// is read.
import { err, ok, type Result } from 'neverthrow';
import { readSbeHeader, SBE_HEADER_BYTES, type SbeMessage, sbeMismatch, viewOf } from '../sbe-header.ts';

const METADATA: SbeMessage = { name: 'record metadata', schemaId: 0, templateId: 200, blockLength: 17 };
const RECORD_TYPES = ['EVENT', 'COMMAND', 'COMMAND_REJECTION'] as const;

export interface RecordMetadata {
  readonly recordType: (typeof RECORD_TYPES)[number];
  readonly protocolVersion: number;
  /** 254 is CHECKPOINT. */
  readonly valueType: number;
  /** Its meaning depends on the value type. */
  readonly intent: number;
  /** The version of the broker that wrote the record. Absent where none was written: before 8.3, or 0.0.0. */
  readonly brokerVersion?: string;
}

/** Three int32, in blocks that reach so far. */
const VERSION_AT = 17;
const VERSION_END = 29;

/** Reads the metadata of a log record. Errors tell what is wrong with it. */
export function parseRecordMetadata(bytes: Uint8Array): Result<RecordMetadata, string> {
  if (bytes.byteLength < SBE_HEADER_BYTES) return err('the record metadata is cut');
  const view = viewOf(bytes);
  const header = readSbeHeader(view, 0);
  const mismatch = sbeMismatch(header, METADATA);
  if (mismatch !== undefined) return err(mismatch);
  if (bytes.byteLength < SBE_HEADER_BYTES + header.blockLength) return err('the record metadata is cut');
  const type = view.getUint8(SBE_HEADER_BYTES);
  const recordType = RECORD_TYPES[type];
  if (recordType === undefined) return err(`unknown record type ${type}`);
  return ok({
    recordType,
    protocolVersion: view.getUint16(SBE_HEADER_BYTES + 13, true),
    valueType: view.getUint8(SBE_HEADER_BYTES + 15),
    intent: view.getUint8(SBE_HEADER_BYTES + 16),
    ...(header.blockLength >= VERSION_END && brokerVersion(view)),
  });
}

function brokerVersion(view: DataView): { readonly brokerVersion?: string } {
  const parts = [0, 4, 8].map((at) => view.getInt32(SBE_HEADER_BYTES + VERSION_AT + at, true));
  return parts.every((part) => part === 0) ? {} : { brokerVersion: parts.join('.') };
}
