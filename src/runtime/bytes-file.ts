// A backup file over bytes that are in memory: for small files, examples and tests.
import type { BackupFile } from '../core/backup.ts';

/** The file `name` with exactly these bytes. The bytes must not change while a backup uses them. */
export function bytesFile(name: string, bytes: Uint8Array): BackupFile {
  return {
    name,
    sizeBytes: bytes.byteLength,
    async *open() {
      if (bytes.byteLength > 0) yield bytes;
    },
  };
}
