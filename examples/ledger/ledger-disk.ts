// The file operations that a partition is made of. They are behind an interface so that a simulation can lose a
// write or crash between any two of them.
import * as fs from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { type BackupFile, nodeFile } from 'tidemark';

export interface LedgerDisk {
  /** Makes a directory and those above it. Present is fine. */
  makeDirectory(path: string): void;
  list(path: string): string[];
  exists(path: string): boolean;
  read(path: string): Buffer;
  readLater(path: string): Promise<Buffer>;
  copy(from: string, to: string): void;
  rename(from: string, to: string): void;
  /** Removes a file, or a directory with all in it. Absent is fine. */
  remove(path: string): void;
  /** Cuts a file, durably. */
  truncate(path: string, sizeBytes: number): void;
  /** Makes a file, or the names in a directory, durable. */
  sync(path: string): void;
  /** Opens a file to append to; `ax` must make it. */
  open(path: string, flags: 'a' | 'ax'): Promise<LogFile>;
  /** A file as a backup reads it: its first `sizeBytes` bytes, or all that are there now. */
  backupFile(path: string, options: { readonly version: string; readonly sizeBytes?: number }): BackupFile;
}

/** A file that grows. */
export interface LogFile {
  appendFile(bytes: Buffer): Promise<void>;
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** The disk of this machine. */
export const nodeLedgerDisk: LedgerDisk = {
  makeDirectory: (path) => void fs.mkdirSync(path, { recursive: true }),
  list: (path) => fs.readdirSync(path),
  exists: (path) => fs.existsSync(path),
  read: (path) => fs.readFileSync(path),
  readLater: (path) => readFile(path),
  copy: (from, to) => fs.copyFileSync(from, to),
  rename: (from, to) => fs.renameSync(from, to),
  remove: (path) => fs.rmSync(path, { recursive: true, force: true }),
  truncate(path, sizeBytes) {
    const file = fs.openSync(path, 'r+');
    fs.ftruncateSync(file, sizeBytes);
    fs.fsyncSync(file);
    fs.closeSync(file);
  },
  sync(path) {
    const file = fs.openSync(path, 'r');
    fs.fsyncSync(file);
    fs.closeSync(file);
  },
  open: (path, flags) => open(path, flags),
  backupFile: (path, options) => nodeFile(path, options),
};
