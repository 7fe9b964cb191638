// Cuts a segment behind a record: the same bytes up to there, then zeros to the segment's full size. Never
// the single zero byte that Zeebe's own restore leaves in front of the old records.
import { BackupCorrupt } from '../core/errors.ts';
import { ByteReader } from './byte-reader.ts';
import {
  DESCRIPTOR_PREFIX_BYTES,
  descriptorLength,
  parseSegmentDescriptor,
  withoutHints,
} from './journal/segment-descriptor.ts';

const PIECE_BYTES = 1024 * 1024;

export interface SegmentCut {
  /** The file's name, for errors. */
  readonly name: string;
  /** Behind the last record to keep. */
  readonly endOffset: number;
  /** The size of the cut file in bytes: `fullSegmentSize` of what it is cut from. */
  readonly sizeBytes: number;
}

/** The size that a segment file has when Zeebe has opened it: it extends a shorter one. */
export function fullSegmentSize(fileSizeBytes: number, maxSegmentSize: number): number {
  return Math.max(fileSizeBytes, maxSegmentSize);
}

/**
 * Cuts the stream of a segment whose records up to `endOffset` were found whole. The hints of its descriptor
 * about the last record are taken back, as they no longer fit. Throws a BackupCorrupt when the stream is not
 * that segment.
 */
export async function* truncateSegment(
  bytes: AsyncIterable<Uint8Array>,
  { name, endOffset, sizeBytes }: SegmentCut,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = new ByteReader(bytes);
  try {
    const prefix = await reader.read(DESCRIPTOR_PREFIX_BYTES);
    const length = descriptorLength(prefix);
    if (length.isErr()) throw new BackupCorrupt(name, `offset=0 ${length.error}`);
    const rest = await reader.read(length.value - prefix.byteLength);
    const head = Buffer.concat([prefix, rest]);
    const descriptor = parseSegmentDescriptor(head);
    if (descriptor.isErr()) throw new BackupCorrupt(name, `offset=0 ${descriptor.error}`);
    yield withoutHints(head);
    while (reader.offset < endOffset) {
      const piece = await reader.readSome(endOffset - reader.offset);
      if (piece.byteLength === 0)
        throw new BackupCorrupt(name, `it ends at ${reader.offset}, before ${endOffset}`);
      yield piece;
    }
  } finally {
    await reader.close();
  }
  for (let left = sizeBytes - endOffset; left > 0; left -= PIECE_BYTES) {
    yield new Uint8Array(Math.min(left, PIECE_BYTES));
  }
}
