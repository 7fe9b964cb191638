// The few file operations that a restore is made of, each one small enough to stop between. It exists so that
// a test can cut the power after any of them.

/** A disk. Every operation throws a RestoreTargetFailure that names the path; absent is told, not thrown. */
export interface Disk {
  /** What is at the path, links followed; undefined when nothing is. */
  kind(path: string): Promise<'file' | 'directory' | 'other' | undefined>;
  /** The entries of a directory; links are not followed. Undefined when there is no such directory. */
  list(path: string): Promise<readonly DiskEntry[] | undefined>;
  /** The first `limit` bytes of a file as text; undefined when there is none. */
  readText(path: string, limit: number): Promise<string | undefined>;
  /** Makes one directory below an existing one. False when it is there already. */
  makeDirectory(path: string): Promise<boolean>;
  /** Opens a plain file for reading; undefined when there is none. A link is none. */
  openFile(path: string): Promise<DiskReader | undefined>;
  /** Makes a directory that nobody else has: the prefix and six letters or digits. Gives its path. */
  makeUniqueDirectory(prefix: string): Promise<string>;
  /** Makes a file that must not be there yet. */
  createFile(path: string): Promise<DiskFile>;
  /** Opens a file that is there, cut to its first `sizeBytes` bytes, to be written on behind them. */
  continueFile(path: string, sizeBytes: number): Promise<DiskFile>;
  /** The size of a plain file in bytes; 0 when there is none. */
  fileSize(path: string): Promise<number>;
  /** Bytes that this user may still write to the file system of a path; undefined where it does not tell. */
  freeBytes(path: string): Promise<number | undefined>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Moves a directory. Fails when something is at `to`. */
  moveDirectory(from: string, to: string): Promise<void>;
  /** Moves a file to where none is. */
  moveFile(from: string, to: string): Promise<void>;
  /** Absent is fine. */
  removeFile(path: string): Promise<void>;
  /** Removes an empty directory. Absent is fine; false when it is not empty. */
  removeDirectory(path: string): Promise<boolean>;
}

export interface DiskEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** A file being read. */
export interface DiskReader {
  /** When it was opened. */
  readonly sizeBytes: number;
  /** At most so many bytes from there on; none behind the end. The memory is used again by the next call. */
  read(position: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A file being written, front to back. */
export interface DiskFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the bytes durable; the name is the directory's matter. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
