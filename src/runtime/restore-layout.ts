// Where the files of a restored partition lie below its directory, and what is left to do once all are
// written. A broker with a layout of its own on its disk brings one; everything else of a restore stays the
// same.
import { type BackupDescriptor, isFlatFileName } from '../core/backup.ts';
import { BackupCorrupt } from '../core/errors.ts';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoredFile } from '../ports/restore-target.ts';

export interface RestoreLayout {
  /** Directories that every partition has, also when nothing lies in them. */
  readonly directories: readonly string[];
  /** The path of a file below its partition's directory, part by part. Each part is a flat name. */
  pathOf(file: RestoredFile): readonly string[];
  /**
   * Ends a log right behind the record at `end`: gives what is to be written of this segment, or null when all of its
   * records lie behind that. Each chunk has memory of its own; it need not read to the end. Absent where this cannot
   * be done.
   */
  truncate?(
    file: RestoredFile,
    content: AsyncIterable<Uint8Array>,
    end: LogPosition,
  ): AsyncIterable<Uint8Array> | null;
  /**
   * Finishes a partition whose files are all written and not visible yet. Files that it makes must be synced
   * when it resolves; the directories are synced after it.
   */
  finish(partition: StagedPartition): Promise<void>;
}

export interface StagedPartition {
  readonly checkpointId: CheckpointId;
  readonly partitionId: PartitionId;
  readonly descriptor: BackupDescriptor;
  /** The path of its directory. */
  readonly directory: string;
  /** What was written, in no order. */
  readonly files: readonly RestoredFile[];
}

/** `log/<segment>` and `snapshots/<snapshot>/<file>`. */
export const defaultLayout: RestoreLayout = {
  directories: ['log'],
  pathOf(file) {
    return file.kind === 'segment' ? ['log', file.name] : ['snapshots', snapshotOf(file), file.name];
  },
  /** The log is stored already cut behind the checkpoint, so that there is nothing left to cut. */
  async finish() {},
};

/** The snapshot that a snapshot file belongs to. */
export function snapshotOf({ name, snapshotId }: RestoredFile): string {
  if (snapshotId === null) throw new BackupCorrupt(name, 'a snapshot file without the id of its snapshot');
  return snapshotId;
}

/** Names come from a manifest: one that leads elsewhere must not become a path. */
export function flat(name: string): string {
  if (!isFlatFileName(name)) throw new BackupCorrupt(name, 'the name is no plain file name');
  return name;
}
