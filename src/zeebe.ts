// Entry point: what a Zeebe broker keeps on its disk. Reads it, verifies it, backs it up and restores it.
export {
  type OpenedDataDirectory,
  ZeebeDataDirectory,
  type ZeebeDataDirectorySettings,
} from './zeebe/data-directory.ts';
export type { Finding } from './zeebe/finding.ts';
export type { CheckpointLocation } from './zeebe/journal/checkpoint-search.ts';
export type { JournalRecord, SegmentEnd, SegmentPart } from './zeebe/journal/journal-record.ts';
export type { ApplicationEntry, InternalEntry, RaftEntry } from './zeebe/journal/raft-entry.ts';
export { readSegment } from './zeebe/journal/read-segment.ts';
export { type LogRecord, parseRecordBatch } from './zeebe/journal/record-batch.ts';
export type { RecordMetadata } from './zeebe/journal/record-metadata.ts';
export type { LogDamage, ScannedSegment } from './zeebe/journal/scan-log.ts';
export type { SegmentDescriptor } from './zeebe/journal/segment-descriptor.ts';
export { parseSnapshotId, type SnapshotId } from './zeebe/snapshot/snapshot-id.ts';
export type { SnapshotMetadata } from './zeebe/snapshot/snapshot-metadata.ts';
export { type VerifiedSnapshot, verifySnapshot } from './zeebe/snapshot/verify-snapshot.ts';
export { fullSegmentSize, type SegmentCut, truncateSegment } from './zeebe/truncate-segment.ts';
export {
  type PartitionVerification,
  type VerifiableBackup,
  type VerifyPartitionError,
  verifyPartition,
} from './zeebe/verify-partition.ts';
export {
  ZeebePartition,
  type ZeebePartitionSettings,
  type ZeebePartitionState,
} from './zeebe/zeebe-partition.ts';
export { ZeebeRestoreTarget, type ZeebeRestoreTargetSettings } from './zeebe/zeebe-restore-target.ts';
