// What a partition backup is made of: an id, a descriptor, and two named sets of files.
import type { CheckpointType } from './checkpoint.ts';
import type { CheckpointId, LogPosition, NodeId, PartitionId } from './ids.ts';

/** Which copy of which partition backup: the triple that Zeebe calls the backup identifier. */
export interface BackupId {
  readonly checkpointId: CheckpointId;
  readonly partitionId: PartitionId;
  /** The node that took it. A partition may have copies by several nodes, one per leader that tried. */
  readonly nodeId: NodeId;
}

/** A checkpoint whose record is in the log of a backup, above the backup's snapshot. */
export interface RecordedCheckpoint {
  readonly checkpointId: CheckpointId;
  /** The position of its record in this partition's log. */
  readonly position: LogPosition;
  readonly type: CheckpointType;
  /** When its record was appended, by the clock of the partition's leader. */
  readonly timestamp: Timestamp;
}

/** What the broker says of a partition backup, kept in its manifest. */
export interface BackupDescriptor {
  /** The snapshot in the backup, or null when the log from its first record is all there is. */
  readonly snapshotId: string | null;
  /** The position of the record that created the checkpoint: the last record a restored log holds. */
  readonly checkpointPosition: LogPosition;
  /** How many partitions the cluster had. A restore refuses a cluster with another number. */
  readonly numberOfPartitions: number;
  /** The version of the broker that took it, free text. */
  readonly brokerVersion: string;
  /**
   * The points that this backup can be restored to, in ascending order: the checkpoints of its log above its snapshot,
   * its own the last. Absent where the broker or the store keeps none; then there is only its own.
   */
  readonly checkpoints?: readonly RecordedCheckpoint[] | undefined;
  /**
   * What else the broker's own layout says of the backup: a JSON object as text, without the fields above. Kept so that
   * a copy loses nothing; nobody here reads it.
   */
  readonly others?: string | undefined;
}

/** A file by name: one flat path component. The bytes are read as an async iterable, more than once if need be. */
export interface BackupFile {
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * The broker's word for the bytes, 1 to 255 characters: of two files with one kind, name and version, in two backups
   * of a partition, the longer one begins with the shorter one. A store may then take what it holds of the file and not
   * read it again. So a version differs from node to node, and changes when what was written is written over, or cut
   * and written anew. Absent: every byte is read.
   */
  readonly version?: string | undefined;
  /** Yields exactly `sizeBytes` bytes in chunks of any size. Each call starts at the beginning. */
  open(options?: OpenFileOptions): AsyncIterable<Uint8Array>;
  /**
   * Fills `target` with the bytes from `position` on, or throws. Optional: what has it is read straight into the
   * memory that is sent from, without a copy in between. Calls may overlap.
   */
  read?(target: Uint8Array, position: number): Promise<void>;
}

export interface OpenFileOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * The reader is done with each chunk before it asks for the next: the file may lend memory, and use it again. Without
   * it a chunk stays as it is. Default false.
   */
  readonly lend?: boolean | undefined;
}

/** A file of a stored backup, which may also tell where its bytes lie. It has no version: a copy reads every byte. */
export interface StoredFile extends BackupFile {
  /** Which objects of the store hold the file, in the order of its bytes. Absent where the store cannot tell. */
  parts?(): Iterable<StoredPart>;
}

/** A run of a stored file's bytes within one object. */
export interface StoredPart {
  /** The full name of the object, the place of the store included. */
  readonly object: string;
  /**
   * Where in the object the run begins. Absent where the object is compressed or encrypted: its bytes are not the
   * file's.
   */
  readonly offset?: number;
  /** Bytes of the file. */
  readonly sizeBytes: number;
  /** The SHA-256 of these bytes, as lower-case hex. Absent where the store keeps none. */
  readonly sha256?: string;
  /** Reads this run alone, checked as the file is. */
  open(options?: OpenFileOptions): AsyncIterable<Uint8Array>;
}

/** The two sets of files in a backup. */
export type BackupFileKind = 'snapshot' | 'segment';

/** A partition backup on its way into a store. */
export interface PartitionBackup {
  readonly id: BackupId;
  /**
   * The leader's term (epoch, generation): grows with each leadership of the partition. Stores use it to tell
   * an old leader's attempt from a new one's.
   */
  readonly term: bigint;
  readonly descriptor: BackupDescriptor;
  readonly snapshotFiles: readonly BackupFile[];
  readonly segmentFiles: readonly BackupFile[];
}

/**
 * A completed partition backup opened in a store. Reading a file checks every byte: an iteration ends with
 * the whole file or throws a `BackupCorrupt` (or another `StoreError`), never with wrong bytes.
 */
export interface StoredBackup {
  readonly id: BackupId;
  readonly descriptor: BackupDescriptor;
  readonly createdAt: Timestamp;
  readonly snapshotFiles: readonly StoredFile[];
  readonly segmentFiles: readonly StoredFile[];
  /** The full name of the object that says all this, where there is one. */
  readonly manifest?: string;
}

/** An instant as ISO-8601 text in UTC, up to nine fraction digits: `2026-11-24T06:00:00.123Z`. */
export type Timestamp = string;

/** The timestamp of an instant given in milliseconds since 1970. */
export function timestamp(epochMs: number): Timestamp {
  return new Date(epochMs).toISOString();
}

/** Whether a name may name a file of a backup: one path component that every file system and store takes. */
export function isFlatFileName(name: string): boolean {
  if (name === '' || name === '.' || name === '..') return false;
  if (new TextEncoder().encode(name).length > 255) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  return !/[\u0000-\u001f\u007f/\\]/.test(name);
}
