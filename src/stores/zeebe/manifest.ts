// Zeebe's manifest.json: what it says, and how it is written. The order of the fields, the explicit nulls and the
// missing white space are Zeebe's own; nothing may be added, for Zeebe refuses unknown fields in most places.
import { LosslessNumber, parse } from 'lossless-json';
import type {
  BackupDescriptor,
  BackupFile,
  BackupFileKind,
  BackupId,
  PartitionBackup,
  Timestamp,
} from '../../core/backup.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import { jsonBytes } from '../tidemark/lossless-text.ts';
import { toDecimalSeconds } from './instant.ts';

/** `deleted` is written by Zeebe from 8.9 on, before it removes the objects; never by this store. */
export type ManifestStatus = 'in_progress' | 'completed' | 'failed' | 'deleted';

/** How a file is stored; absent means plainly. */
export interface StoredAs {
  readonly compressionAlgorithm?: string;
}

/** The files of one kind by name, in the order of the manifest. */
export type FileSet = ReadonlyMap<string, StoredAs>;

export interface Manifest {
  readonly statusCode: ManifestStatus;
  readonly id: BackupId;
  /** Never null in what is in progress or completed. */
  readonly descriptor: BackupDescriptor | null;
  readonly files: Readonly<Record<BackupFileKind, FileSet>>;
  /** Only for a failed one. Zeebe itself may have written none. */
  readonly failureReason: string | null;
  readonly createdAt: Timestamp;
  readonly modifiedAt: Timestamp;
  /** The descriptor as it was read: later versions of Zeebe have more fields, and a change keeps them. */
  readonly rawDescriptor?: object;
}

/** The first manifest of a save. It names all files already, none as compressed. */
export function inProgress(backup: PartitionBackup, createdAt: Timestamp): Manifest {
  const plain = (files: readonly BackupFile[]): FileSet => new Map(files.map(({ name }) => [name, {}]));
  return {
    statusCode: 'in_progress',
    id: backup.id,
    descriptor: backup.descriptor,
    files: { snapshot: plain(backup.snapshotFiles), segment: plain(backup.segmentFiles) },
    failureReason: null,
    createdAt,
    modifiedAt: createdAt,
  };
}

/** Of what never was there: no descriptor and no files. */
export function failedFromNothing(id: BackupId, failureReason: string, at: Timestamp): Manifest {
  const files = { snapshot: new Map(), segment: new Map() };
  return { statusCode: 'failed', id, descriptor: null, files, failureReason, createdAt: at, modifiedAt: at };
}

export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const { statusCode, id, descriptor, files, failureReason } = manifest;
  const { nodeId, partitionId, checkpointId } = id;
  return jsonBytes({
    statusCode,
    id: { nodeId, partitionId, checkpointId },
    descriptor: manifest.rawDescriptor ?? (descriptor === null ? null : descriptorFields(descriptor)),
    ...(statusCode === 'failed' ? { failureReason } : {}),
    snapshotFiles: { files: Object.fromEntries(files.snapshot) },
    segmentFiles: { files: Object.fromEntries(files.segment) },
    createdAt: new LosslessNumber(toDecimalSeconds(manifest.createdAt)),
    modifiedAt: new LosslessNumber(toDecimalSeconds(manifest.modifiedAt)),
  });
}

/** The state as every store tells it. What is being deleted cannot be restored, and a further delete ends it. */
export function statusCodeOf({ statusCode }: Manifest): BackupStatusCode {
  if (statusCode === 'in_progress') return 'IN_PROGRESS';
  return statusCode === 'completed' ? 'COMPLETED' : 'FAILED';
}

/** The reason in the manifest of a copy that this store began to delete. */
export const DELETE_BEGUN = 'The backup is being deleted.';

/** Whether a delete was begun, by this store or by a Zeebe from 8.9 on. */
export function isBeingDeleted({ statusCode, failureReason }: Manifest): boolean {
  return statusCode === 'deleted' || (statusCode === 'failed' && failureReason === DELETE_BEGUN);
}

/** Set exactly for what reads as FAILED. */
export function failureReasonOf({ statusCode, failureReason }: Manifest): string | undefined {
  if (statusCode === 'deleted') return 'It is being deleted; delete it again to remove what is left of it.';
  return statusCode === 'failed' ? (failureReason ?? 'No reason was recorded.') : undefined;
}

/** In the order of Zeebe, whatever order the fields were given in; what later versions have besides comes last. */
function descriptorFields({
  snapshotId,
  checkpointPosition,
  numberOfPartitions,
  brokerVersion,
  others = '{}',
}: BackupDescriptor): object {
  const known = { snapshotId, checkpointPosition, numberOfPartitions, brokerVersion };
  return { ...known, ...(parse(others) as object), ...known };
}
