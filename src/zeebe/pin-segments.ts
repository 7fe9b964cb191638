// A scanned log as segments for a backup. They keep their full size, as Zeebe's restore expects; what lies
// behind the checkpoint is zeros already, so that it leaves nothing of older records whoever restores it.
import type { BackupFile } from '../core/backup.ts';
import { BrokerFailure } from '../core/errors.ts';
import type { LogPosition } from '../core/ids.ts';
import type { SegmentHandle } from '../ports/partition.ts';
import { readSegment } from './journal/read-segment.ts';
import type { ScannedSegment } from './journal/scan-log.ts';
import { fullSegmentSize, truncateSegment } from './truncate-segment.ts';

/** The segments that hold records, in the order of the log. */
export function pinSegments(segments: readonly ScannedSegment[]): readonly SegmentHandle[] {
  let reached: LogPosition | undefined;
  return segments
    .filter(({ records }) => records > 0)
    .map((segment) => {
      // One with raft's own records alone goes with the segment before it: the indexes must have no gap.
      const firstPosition = segment.firstPosition ?? reached;
      const lastPosition = segment.lastPosition ?? reached;
      reached = lastPosition;
      return {
        name: segment.file.name,
        ...(firstPosition !== undefined && { firstPosition }),
        ...(lastPosition !== undefined && { lastPosition }),
        upTo: (position) => cutBehind(segment, position),
      };
    });
}

async function cutBehind(segment: ScannedSegment, position: LogPosition): Promise<BackupFile> {
  const { file, descriptor, lastPosition, end } = segment;
  const isWhole = lastPosition === undefined || lastPosition <= position;
  if (descriptor === undefined || (isWhole && end.verdict === 'zeros')) return file;
  const endOffset = isWhole ? end.offset : await endOf(file, position);
  const sizeBytes = fullSegmentSize(file.sizeBytes, descriptor.maxSegmentSize);
  return {
    name: file.name,
    sizeBytes,
    open: (options) =>
      truncateSegment(file.open({ signal: options?.signal }), { name: file.name, endOffset, sizeBytes }),
  };
}

/** The offset behind the record that covers the position. */
async function endOf(file: BackupFile, position: LogPosition): Promise<number> {
  for await (const part of readSegment(file.open())) {
    if (part.kind !== 'record' || part.entry.type !== 'application') continue;
    if (part.entry.lowestPosition <= position && position <= part.entry.highestPosition)
      return part.endOffset;
  }
  throw new BrokerFailure('cut segment', `file=${file.name} holds no record at position ${position}`);
}
