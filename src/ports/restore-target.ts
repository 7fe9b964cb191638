// Where a restored partition goes. A broker implements it for its own directory layout; runtime/ has one for the
// default layout. Plain promises that may throw.
import type { BackupDescriptor, BackupFileKind } from '../core/backup.ts';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';

/**
 * The data of one node.
 *
 * An implementation must guarantee:
 * 1. `occupants` names what is in the way of a restore, and changes nothing. Leftovers of an interrupted restore
 *    do not count.
 * 2. Nothing that `begin` and the staging make is visible to the broker before `install`.
 * 3. `install` is atomic for the node, and durable when it resolves: files and directories are synced.
 * 4. `discard` removes only what this restore made, and may be called twice.
 * 5. A restore that died at any point can be run again.
 * 6. Of `truncateAfter`: in the log that is installed, the record at the given position is the last one.
 * 7. Of `restoredFrom`: it gives what `install` was given, from the moment that the data is visible, and
 *    nothing before.
 * 8. Of `keep`: what it keeps are bytes of the file, by the digests of the pieces, whatever was left there.
 */
export interface RestoreTarget {
  /** Names the place for people: a directory. */
  readonly location: string;
  /**
   * Whether `write` is done with each chunk before it asks for the next: then chunks lie in memory that is used again,
   * and none is copied. Absent: every chunk has memory of its own.
   */
  readonly takesLentChunks?: boolean;
  occupants(): Promise<readonly string[]>;
  /**
   * Whether the data that is there is replaced, and so is not in the way. Whatever it was restored from, it is restored
   * again. Absent: no.
   */
  readonly replaces?: boolean;
  /**
   * What the data there was restored from, however the broker has changed it since; undefined when no restore made it.
   * Absent where this is not noted: then a second restore finds a place that is not empty.
   */
  restoredFrom?(): Promise<RestoreOrigin | undefined>;
  /**
   * How many bytes may still be written there. Asked after `begin`, which frees what interrupted restores left; what
   * may be kept of it counts as free, since it takes the place of what would be written. Undefined where the place does
   * not tell; absent: nothing is held against the space.
   */
  freeBytes?(): Promise<number | undefined>;
  begin(checkpointId: CheckpointId): Promise<RestoreStaging>;
  /**
   * The same place for a restore to a point within a backup: the logs of these partitions end right behind these
   * records, though more of them is written. `seal` gets descriptors with these positions. Absent where the target
   * cannot cut its broker's logs: then only whole backups are restored.
   */
  truncateAfter?(ends: ReadonlyMap<PartitionId, LogPosition>): RestoreTarget;
}

/** One restore, not yet visible. Calls for different files run at the same time. */
export interface RestoreStaging {
  /**
   * Keeps what the place still has of a file, most likely from an interrupted restore: those of the leading pieces that
   * have these digests. Gives how many. `write` comes next, and its content begins behind them. Throws what the signal
   * says when it fires. Not called where the store knows no digests. Absent where nothing is ever kept.
   */
  keep?(file: RestoredFile, pieces: readonly FilePiece[], signal: AbortSignal): Promise<number>;
  /** Writes one file whole. An error thrown by `content` is passed on as it is. */
  write(file: RestoredFile, content: AsyncIterable<Uint8Array>): Promise<void>;
  /** Called once per partition after its files: cuts the log behind the checkpoint where that is left to do. */
  seal(partitionId: PartitionId, descriptor: BackupDescriptor): Promise<void>;
  /** Makes all of it visible, with a note of what it came from where the target keeps one. */
  install(origin: RestoreOrigin): Promise<void>;
  discard(): Promise<void>;
}

/** A run of the bytes of a file; pieces follow each other without a gap. */
export interface FilePiece {
  readonly sizeBytes: number;
  /** As lower-case hex. */
  readonly sha256: string;
}

export interface RestoredFile {
  readonly partitionId: PartitionId;
  readonly kind: BackupFileKind;
  /** The snapshot the file belongs to; null for segments and when there is none. */
  readonly snapshotId: string | null;
  readonly name: string;
  readonly sizeBytes: number;
}
