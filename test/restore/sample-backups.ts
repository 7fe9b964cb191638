// Partition backups as a store would give them, and a store that holds them in plain sight.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errAsync, okAsync } from 'neverthrow';
import type { BackupFile, StoredBackup, StoredFile } from '../../src/core/backup.ts';
import { BackupNotFound } from '../../src/core/errors.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { RestoreOrigin } from '../../src/core/restore-origin.ts';
import type { BackupStatus } from '../../src/core/status.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { RestoredFile } from '../../src/ports/restore-target.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';

export const SEVEN = checkpointId(7);

export interface SampleOptions {
  readonly partitions?: number;
  readonly nodeId?: number;
  readonly snapshot?: boolean;
  /** The files of each kind. */
  readonly files?: number;
  readonly fileSizeBytes?: number;
}

/** A whole cluster backup, one copy per partition. */
export function sampleBackups(options: SampleOptions = {}): StoredBackup[] {
  const { partitions = 2 } = options;
  return Array.from({ length: partitions }, (_, index) => sampleBackup(index + 1, options));
}

export function sampleBackup(partitionId: number, options: SampleOptions = {}): StoredBackup {
  const { partitions = 2, nodeId = 0, snapshot = true, files = 2, fileSizeBytes = 10 } = options;
  const file = (name: string, index: number) => {
    const text = `${name} of ${partitionId} `.repeat(Math.ceil(fileSizeBytes / 4) + 1);
    return bytesFile(name, new TextEncoder().encode(text.slice(0, fileSizeBytes + index)));
  };
  const numbers = Array.from({ length: files }, (_, index) => index);
  return {
    id: { checkpointId: SEVEN, partitionId, nodeId },
    descriptor: {
      snapshotId: snapshot ? `snap-${partitionId}` : null,
      checkpointPosition: logPosition(100 + partitionId),
      numberOfPartitions: partitions,
      brokerVersion: '1.2.3',
    },
    createdAt: '2026-01-01T00:00:00.000Z',
    snapshotFiles: snapshot ? numbers.map((index) => file(`state-${index}`, index)) : [],
    segmentFiles: numbers.map((index) => file(`log-${index}`, index)),
  };
}

/** What a restore of the sample notes. */
export function sampleOrigin(change: Partial<RestoreOrigin> = {}): RestoreOrigin {
  const partitions = [1, 2].map((partitionId) => ({
    partitionId,
    nodeId: 0,
    position: logPosition(100 + partitionId),
  }));
  return {
    backupId: SEVEN,
    checkpointId: SEVEN,
    restoredAt: '2026-01-01T00:00:00.000Z',
    partitions,
    ...change,
  };
}

/** The file in which a restore into a directory notes where the data came from. */
export const NOTE = '.tidemark-restored.json';

/** Path -> text of every file in a data directory, but for that one. */
export async function filesBelow(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name !== NOTE)
      found[path.slice(directory.length + 1)] = await readFile(path, 'utf8');
  }
  return found;
}

/** The same backup as a store gives it that keeps a digest of every so many bytes. */
export async function withDigests(backup: StoredBackup, pieceBytes: number): Promise<StoredBackup> {
  const withParts = async (file: StoredFile): Promise<StoredFile> => {
    const bytes = await bytesOf(file.open());
    const starts = Array.from(
      { length: Math.ceil(bytes.length / pieceBytes) },
      (_, index) => index * pieceBytes,
    );
    const parts = starts.map((start) => {
      const piece = bytes.subarray(start, start + pieceBytes);
      const sha256 = createHash('sha256').update(piece).digest('hex');
      return { object: 'x', sizeBytes: piece.length, sha256, open: bytesFile(file.name, piece).open };
    });
    return { ...file, parts: () => parts };
  };
  return {
    ...backup,
    snapshotFiles: await Promise.all(backup.snapshotFiles.map(withParts)),
    segmentFiles: await Promise.all(backup.segmentFiles.map(withParts)),
  };
}

/** The same file with other content. */
export function withContent(file: BackupFile, open: BackupFile['open']): BackupFile {
  return { name: file.name, sizeBytes: file.sizeBytes, open };
}

export function statusOf(backup: StoredBackup): BackupStatus {
  return { id: backup.id, statusCode: 'COMPLETED', descriptor: backup.descriptor };
}

/** A store of what a test puts in: `rows` is the listing, `backups` is what can be opened. */
export class ShelfStore implements Pick<BackupStore, 'list' | 'open'> {
  rows: BackupStatus[];
  backups: StoredBackup[];
  readonly opened: number[] = [];

  constructor(backups: readonly StoredBackup[]) {
    this.backups = [...backups];
    this.rows = backups.map(statusOf);
  }

  list: BackupStore['list'] = ({ checkpointId: wanted }) =>
    okAsync({ backups: this.rows.filter((row) => row.id.checkpointId === wanted) });

  open: BackupStore['open'] = (id) => {
    this.opened.push(id.partitionId);
    const found = this.backups.find(
      (one) => one.id.partitionId === id.partitionId && one.id.nodeId === id.nodeId,
    );
    return found === undefined
      ? errAsync(new BackupNotFound(id.checkpointId, id.partitionId))
      : okAsync(found);
  };
}

export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Every file of the backups as the target is asked to write it, with its text. */
export async function restoredFiles(
  backups: readonly StoredBackup[],
): Promise<{ readonly file: RestoredFile; readonly text: string }[]> {
  const found: { file: RestoredFile; text: string }[] = [];
  for (const { id, descriptor, snapshotFiles, segmentFiles } of backups) {
    for (const kind of ['snapshot', 'segment'] as const) {
      for (const { name, sizeBytes, open } of kind === 'snapshot' ? snapshotFiles : segmentFiles) {
        const snapshotId = kind === 'snapshot' ? descriptor.snapshotId : null;
        const text = (await bytesOf(open())).toString();
        found.push({ file: { partitionId: id.partitionId, kind, snapshotId, name, sizeBytes }, text });
      }
    }
  }
  return found;
}

/** Path below the data directory -> text, in the default layout. */
export async function expectedLayout(backups: readonly StoredBackup[]): Promise<Record<string, string>> {
  const layout: Record<string, string> = {};
  for (const { file, text } of await restoredFiles(backups)) layout[layoutPath(file)] = text;
  return layout;
}

export function layoutPath({ partitionId, kind, snapshotId, name }: RestoredFile): string {
  const folder = kind === 'segment' ? 'log' : `snapshots/${snapshotId}`;
  return `partitions/${partitionId}/${folder}/${name}`;
}
