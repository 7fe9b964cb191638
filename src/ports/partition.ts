// What a broker gives for one partition: its files to back up, and a place for the checkpoint state.
// Written with plain promises that may throw: a broker author need not learn Results to embed tidemark.
import type { BackupFile } from '../core/backup.ts';
import type { CheckpointType } from '../core/checkpoint.ts';
import type { CheckpointId, LogPosition } from '../core/ids.ts';

/**
 * The files of one partition.
 *
 * An implementation must guarantee:
 * 1. What a reservation names stays readable, with the same bytes, until it is released.
 * 2. `reserve` is one atomic step: no snapshot is replaced and no segment compacted in the midst of it.
 * 3. The segments of a reservation hold every record after the newest snapshot's position, without a gap.
 * 4. `release` may be called twice, and after it compaction goes on.
 * 5. `reserve` and `release` do no remote calls: they are quick and work while the store is down.
 */
export interface PartitionSource {
  /** Pins all present snapshots and log segments. Called once per attempt, before anything else. */
  reserve(): Promise<PartitionReservation>;
}

/** What is pinned, in ascending order. */
export interface PartitionReservation {
  readonly snapshots: readonly SnapshotHandle[];
  readonly segments: readonly SegmentHandle[];
  /**
   * The checkpoints of this partition whose records are in these segments, in ascending order, each with its timestamp.
   * They become the points that the backup can be restored to. Old ones may be missing. Absent: only whole backups can
   * be restored.
   */
  readonly checkpoints?: readonly CheckpointState[];
  /**
   * How far back the backup is to have points: it takes the newest snapshot strictly below this position, or what
   * reaches back furthest. Absent: the newest snapshot of all, for the least log to replay.
   */
  readonly reachingTo?: LogPosition;
  release(): Promise<void>;
}

/** A snapshot of the partition's state that is durable and will not change. */
export interface SnapshotHandle {
  /** Unique in the partition's life; a flat file name. */
  readonly id: string;
  /** The highest log position whose effects the snapshot may hold. */
  readonly position: LogPosition;
  /** The first log position that a broker needs when it starts from this snapshot. */
  readonly replayFrom: LogPosition;
  readonly files: readonly BackupFile[];
}

/** One file of the log. Only the last one may still grow; what is written of it does not change. */
export interface SegmentHandle {
  readonly name: string;
  /** The position of its first record. Absent while it holds none. */
  readonly firstPosition?: LogPosition;
  /** The position of its last record at the time of the reservation. Absent while it holds none. */
  readonly lastPosition?: LogPosition;
  /**
   * The file cut right behind the record at `position`, or whole when all its records are at or before it.
   * The log that a restored broker finds ends there.
   */
  upTo(position: LogPosition): Promise<BackupFile>;
}

/** The latest checkpoint that a partition has passed. */
export interface CheckpointState {
  readonly checkpointId: CheckpointId;
  /** The position of the record that created it, in this partition's log. */
  readonly position: LogPosition;
  /** Absent reads as `backup`. */
  readonly type?: CheckpointType | undefined;
  /** When that record was appended, by the leader's clock: milliseconds since 1970. Absent where nobody told. */
  readonly timestamp?: number | undefined;
}

/**
 * Where a partition keeps its checkpoint state: beside its other state, in the same transaction.
 *
 * An implementation must guarantee:
 * 1. `put` takes part in the broker's transaction around the processing of the record: both commit or none.
 * 2. `get` gives what was last put, also inside that transaction, with its type and timestamp where it has them.
 *
 * Both are synchronous because they run inside that transaction; a broker over an asynchronous database keeps
 * the state in memory and adds the write to its transaction's batch.
 */
export interface CheckpointStateStore {
  get(): CheckpointState | undefined;
  put(state: CheckpointState): void;
}
