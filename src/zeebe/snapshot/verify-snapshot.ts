// Holds the files of a snapshot against its checksum file, both ways, and its metadata against its id. Files
// are read as streams, one after the other.
import type { BackupFile } from '../../core/backup.ts';
import { BackupCorrupt } from '../../core/errors.ts';
import { crc32cOf } from '../crc32c.ts';
import type { Finding } from '../finding.ts';
import {
  CHECKSUM_FILE_BYTES_MAX,
  type ChecksumFile,
  checksumFileName,
  parseChecksumFile,
} from './checksum-file.ts';
import { parseSnapshotId, type SnapshotId } from './snapshot-id.ts';
import {
  parseSnapshotMetadata,
  SNAPSHOT_METADATA_BYTES_MAX,
  SNAPSHOT_METADATA_FILE,
  type SnapshotMetadata,
} from './snapshot-metadata.ts';

const REFUSED = 'a restore refuses the snapshot';
const BEGINS_WRONG = 'the restored broker would start from a state that does not fit the log';

export interface VerifiedSnapshot {
  /** Absent when the id is unreadable. */
  readonly id?: SnapshotId;
  /** Absent when the file is missing or unreadable. */
  readonly metadata?: SnapshotMetadata;
  readonly findings: readonly Finding[];
}

/**
 * Verifies a snapshot. `files` are those of the directory and the checksum file. What a file throws is passed
 * on, but for BackupCorrupt, which becomes a finding.
 */
export async function verifySnapshot(
  snapshotId: string,
  files: readonly BackupFile[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<VerifiedSnapshot> {
  const findings: Finding[] = [];
  const found = (object: string, what: string, restore = REFUSED, severity: Finding['severity'] = 'error') =>
    void findings.push({ severity, object, what, whatRestoreWouldDo: restore });

  const checksumFile = await readChecksums(snapshotId, files, found, options);
  let isMetadataDamaged = false;
  for (const file of files) {
    if (file.name.endsWith('.checksum')) continue;
    const expected = checksumFile?.checksums.get(file.name);
    const actual = await orFinding(found, () => crc32cOf(file.open(options)));
    const isWrong = actual === undefined || (expected !== undefined && expected !== actual);
    if (isWrong && file.name === SNAPSHOT_METADATA_FILE) isMetadataDamaged = true;
    if (actual === undefined || checksumFile === undefined) continue;
    if (expected === undefined) found(file.name, 'the checksum file does not name it');
    else if (isWrong) {
      found(
        file.name,
        `its checksum is wrong: expected=${expected.toString(16)} actual=${actual.toString(16)}`,
      );
    }
  }
  for (const name of checksumFile?.checksums.keys() ?? []) {
    if (files.some((file) => file.name === name)) continue;
    if (name === SNAPSHOT_METADATA_FILE) isMetadataDamaged = true;
    found(name, 'it is missing; the checksum file names it');
  }

  const id = parseSnapshotId(snapshotId);
  if (id === undefined)
    found(snapshotId, 'it is no snapshot id of Zeebe: four numbers joined by "-" are expected');
  // What damage of its bytes does to what they say is told already.
  const metadata = await readMetadata(files, isMetadataDamaged ? () => {} : found, options);
  if (id !== undefined && metadata !== undefined && !isMetadataDamaged) {
    for (const part of ['processedPosition', 'exportedPosition'] as const) {
      if (id[part] === metadata[part]) continue;
      const what = `its ${part} is ${metadata[part]}, but the snapshot id says ${id[part]}`;
      found(SNAPSHOT_METADATA_FILE, what, BEGINS_WRONG);
    }
  }
  return { ...(id && { id }), ...(metadata && { metadata }), findings };
}

type Found = (object: string, what: string, restore?: string, severity?: Finding['severity']) => void;

async function readChecksums(
  snapshotId: string,
  files: readonly BackupFile[],
  found: Found,
  options: { readonly signal?: AbortSignal },
): Promise<ChecksumFile | undefined> {
  const name = checksumFileName(snapshotId);
  for (const file of files) {
    if (file.name.endsWith('.checksum') && file.name !== name) {
      found(file.name, `a second checksum file; ${name} is the one of the snapshot`);
    }
  }
  const file = files.find((candidate) => candidate.name === name);
  if (file === undefined) {
    found(name, 'the checksum file is missing');
    return undefined;
  }
  const bytes = await orFinding(found, () => readWhole(file, CHECKSUM_FILE_BYTES_MAX, options));
  if (bytes === undefined) return undefined;
  const parsed = parseChecksumFile(bytes);
  if (parsed.isErr()) {
    found(name, parsed.error);
    return undefined;
  }
  for (const line of parsed.value.unreadableLines) {
    const what = `a line that says nothing: ${JSON.stringify(line.slice(0, 80))}`;
    found(name, what, 'it passes over the line', 'warning');
  }
  return parsed.value;
}

async function readMetadata(
  files: readonly BackupFile[],
  found: Found,
  options: { readonly signal?: AbortSignal },
): Promise<SnapshotMetadata | undefined> {
  const file = files.find((candidate) => candidate.name === SNAPSHOT_METADATA_FILE);
  if (file === undefined) {
    found(
      SNAPSHOT_METADATA_FILE,
      'it is missing, so the positions of the snapshot are not known',
      BEGINS_WRONG,
    );
    return undefined;
  }
  const bytes = await orFinding(found, () => readWhole(file, SNAPSHOT_METADATA_BYTES_MAX, options));
  if (bytes === undefined) return undefined;
  const parsed = parseSnapshotMetadata(bytes);
  if (parsed.isOk()) return parsed.value;
  found(SNAPSHOT_METADATA_FILE, parsed.error, BEGINS_WRONG);
  return undefined;
}

/** Reads a small file into memory. One that is larger than `limit` is damaged. */
export async function readWhole(
  file: BackupFile,
  limit: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of file.open(options)) {
    length += chunk.byteLength;
    if (length > limit) throw new BackupCorrupt(file.name, `it is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function orFinding<T>(found: Found, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof BackupCorrupt)) throw cause;
    found(cause.object, cause.detail);
    return undefined;
  }
}
