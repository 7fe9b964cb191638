// Which files of a backup are stored together, decided from names and sizes alone: the same files always make
// the same chunks, however fast each of them is read. Pure.
import type { BackupFile, BackupFileKind, PartitionBackup } from '../../core/backup.ts';
import { PACKED_FILE_SIZE_BYTES_MAX } from '../../core/limits.ts';

/** A file of the backup. */
export interface SourceFile {
  readonly kind: BackupFileKind;
  readonly file: BackupFile;
}

/** A large file, which is cut, or a group of small ones that fit in one chunk. */
export type StoringUnit = { readonly large: SourceFile } | { readonly group: readonly SourceFile[] };

/** All files in the order of the manifest: snapshot before segment, then by name. */
export function sourceFiles({ snapshotFiles, segmentFiles }: PartitionBackup): SourceFile[] {
  const ofKind = (kind: BackupFileKind, files: readonly BackupFile[]) =>
    files.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((file) => ({ kind, file }));
  return [...ofKind('snapshot', snapshotFiles), ...ofKind('segment', segmentFiles)];
}

export function storingPlan(sources: readonly SourceFile[], chunkSizeBytes: number): StoringUnit[] {
  const smallerThan = Math.min(PACKED_FILE_SIZE_BYTES_MAX, chunkSizeBytes);
  const isSmall = ({ file }: SourceFile) => file.sizeBytes < smallerThan;
  const units: StoringUnit[] = sources.filter((source) => !isSmall(source)).map((large) => ({ large }));
  let group: SourceFile[] = [];
  let groupBytes = 0;
  for (const source of sources.filter(isSmall)) {
    if (groupBytes + source.file.sizeBytes > chunkSizeBytes) {
      units.push({ group });
      group = [];
      groupBytes = 0;
    }
    group.push(source);
    groupBytes += source.file.sizeBytes;
  }
  return group.length === 0 ? units : [...units, { group }];
}
