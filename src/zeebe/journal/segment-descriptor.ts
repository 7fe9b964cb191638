// The head of a segment file. Byte 0 is the version, 2. An SBE DescriptorMetadata with the checksum (bytes 1
// to 16) and an SBE SegmentDescriptor (from byte 17 on: id, index, size; from schema version 2 on two hints
// about its last record) follow. The checksum covers everything from byte 17 to the end of the descriptor.
// Little endian throughout.
import { err, ok, type Result } from 'neverthrow';
import { crc32c } from '../crc32c.ts';
import { readSbeHeader, type SbeMessage, sbeMismatch, viewOf } from '../sbe-header.ts';

const VERSION = 2;
const CHECKSUM_AT = 9;
const COVERED_FROM = 17;
const BLOCK_AT = 25;
const LAST_INDEX_AT = 45;
const LAST_POSITION_AT = 53;
const HINTS_BLOCK_LENGTH = 32;

/** Bytes to read before the length of the descriptor is known. */
export const DESCRIPTOR_PREFIX_BYTES = BLOCK_AT;

const METADATA: SbeMessage = { name: 'descriptor metadata', schemaId: 7, templateId: 4, blockLength: 8 };
const DESCRIPTOR: SbeMessage = { name: 'segment descriptor', schemaId: 7, templateId: 3, blockLength: 20 };

export interface SegmentDescriptor {
  /** 1 from Zeebe 8.1 and 8.2, 2 from later ones. */
  readonly schemaVersion: number;
  readonly id: bigint;
  /** The index of the first record. */
  readonly index: bigint;
  /** The size that the file has or will have, in bytes. */
  readonly maxSegmentSize: number;
  /** A hint, 0 when it is not set. Written when the segment is full. */
  readonly lastIndex: bigint;
  /** The offset of the last record, a hint; 0 when it is not set. */
  readonly lastPosition: number;
  /** The size of the descriptor in bytes: the offset of the first record. */
  readonly lengthBytes: number;
}

/** How many bytes the descriptor has, from its first 25. Errors tell what is wrong with them. */
export function descriptorLength(prefix: Uint8Array): Result<number, string> {
  if (prefix.byteLength < BLOCK_AT) return err(`the file ends inside the descriptor`);
  if (prefix[0] !== VERSION) return err(`unknown descriptor version ${prefix[0]}, expected ${VERSION}`);
  const view = viewOf(prefix);
  const metadata = readSbeHeader(view, 1);
  const header = readSbeHeader(view, COVERED_FROM);
  const mismatch = sbeMismatch(metadata, METADATA) ?? sbeMismatch(header, DESCRIPTOR);
  if (mismatch !== undefined) return err(mismatch);
  if (metadata.blockLength !== METADATA.blockLength) return err('the descriptor metadata is too long');
  return ok(BLOCK_AT + header.blockLength);
}

/** Reads a whole descriptor. Errors tell what is wrong with it. */
export function parseSegmentDescriptor(bytes: Uint8Array): Result<SegmentDescriptor, string> {
  const length = descriptorLength(bytes);
  if (length.isErr()) return err(length.error);
  if (bytes.byteLength < length.value) return err('the file ends inside the descriptor');
  const view = viewOf(bytes);
  const expected = view.getBigInt64(CHECKSUM_AT, true);
  const actual = BigInt(crc32c(bytes.subarray(COVERED_FROM, length.value)));
  if (expected !== actual) {
    return err(`the descriptor's checksum is wrong: expected=${hex(expected)} actual=${hex(actual)}`);
  }
  const header = readSbeHeader(view, COVERED_FROM);
  const hints = hasHints(header);
  return ok({
    schemaVersion: header.version,
    id: view.getBigInt64(BLOCK_AT, true),
    index: view.getBigInt64(BLOCK_AT + 8, true),
    maxSegmentSize: view.getInt32(BLOCK_AT + 16, true),
    lastIndex: hints ? view.getBigUint64(LAST_INDEX_AT, true) : 0n,
    lastPosition: hints ? view.getUint32(LAST_POSITION_AT, true) : 0,
    lengthBytes: length.value,
  });
}

/**
 * A copy of a valid descriptor without the hints about its last record, as a truncated segment must have it.
 * One of schema version 1 has none and comes back as it is.
 */
export function withoutHints(descriptor: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(descriptor);
  const view = viewOf(bytes);
  if (!hasHints(readSbeHeader(view, COVERED_FROM))) return bytes;
  view.setBigUint64(LAST_INDEX_AT, 0n, true);
  view.setUint32(LAST_POSITION_AT, 0, true);
  view.setBigInt64(CHECKSUM_AT, BigInt(crc32c(bytes.subarray(COVERED_FROM))), true);
  return bytes;
}

function hasHints(header: { readonly version: number; readonly blockLength: number }): boolean {
  return header.version >= 2 && header.blockLength >= HINTS_BLOCK_LENGTH;
}

function hex(checksum: bigint): string {
  return BigInt.asUintN(64, checksum).toString(16);
}
