// Opens a completed copy: its manifest names the files, a listing tells their sizes. A compressed file whose frame
// does not tell how large it is (Zeebe's own) is read once from end to end for it: a restore must know sizes first.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupFileKind, BackupId, StoredBackup, StoredFile } from '../../core/backup.ts';
import {
  BackupCorrupt,
  BackupNotFound,
  InvalidBackupState,
  isBackupError,
  type StoreError,
  StoreFailure,
} from '../../core/errors.ts';
import { invariant } from '../../core/invariant.ts';
import { fromAsync } from '../../core/result.ts';
import type { OpenBackupError } from '../../ports/backup-store.ts';
import { objectName } from '../tidemark/layout.ts';
import { contentsPrefix, fileKey, manifestKey } from './keys.ts';
import type { ZeebeLayout } from './layout.ts';
import { listObjects } from './list-objects.ts';
import { statusCodeOf } from './manifest.ts';
import { type PlacedManifest, readManifest } from './manifest-objects.ts';
import { contentOf, type StoredObject, storedFile } from './stored-file.ts';
import { contentSize, ZSTD_HEADER_BYTES_MAX } from './zstd.ts';

const FILES_MEASURED_AT_ONCE = 4;

type MeasureError = StoreError | BackupCorrupt;

export interface OpenZeebeOptions {
  /** For the opening alone. */
  readonly signal: AbortSignal;
  /** Ends the reading of files. */
  readonly closing: AbortSignal;
  /** What is missing or damaged is told by the file that is read. */
  readonly evenIfDamaged: boolean;
}

/** Opens a copy. */
export function openBackup(
  layout: ZeebeLayout,
  id: BackupId,
  { signal, closing, evenIfDamaged }: OpenZeebeOptions,
): ResultAsync<StoredBackup, OpenBackupError> {
  return fromAsync<StoredBackup, OpenBackupError>(async () => {
    const read = await readManifest(layout, id, signal);
    if (read.isErr()) return err(read.error);
    if (read.value === undefined) return err(new BackupNotFound(id.checkpointId, id.partitionId));
    const found = read.value;
    const { place, manifest } = found;
    const statusCode = statusCodeOf(manifest);
    if (statusCode !== 'COMPLETED') return err(new InvalidBackupState(id, 'COMPLETED', statusCode));
    const { descriptor, createdAt } = manifest;
    invariant(descriptor !== null, 'a completed manifest has a descriptor');
    const listed = await listObjects(layout.storage, contentsPrefix(place, id), signal);
    if (listed.isErr()) return err(listed.error);
    const atOnce = pLimit(FILES_MEASURED_AT_ONCE);
    const filesOf = async (kind: BackupFileKind): Promise<Result<StoredFile[], MeasureError>> => {
      const objects = findObjects(layout, found, kind, { sizes: listed.value, evenIfDamaged });
      if (objects.isErr()) return err(objects.error);
      const sizes = await Promise.all(
        objects.value.map((object) => atOnce(async () => measure(layout, object, signal))),
      );
      const files: StoredFile[] = [];
      for (const [index, size] of sizes.entries()) {
        const object = objects.value[index];
        if (object === undefined) continue;
        if (size.isOk()) files.push(storedFile(layout, object, size.value, closing));
        else if (evenIfDamaged && size.error.name === 'BackupCorrupt') {
          files.push(storedFile(layout, { ...object, damage: size.error }, 0, closing));
        } else return err(size.error);
      }
      return ok(files);
    };
    const [snapshotFiles, segmentFiles] = await Promise.all([filesOf('snapshot'), filesOf('segment')]);
    if (snapshotFiles.isErr()) return err(snapshotFiles.error);
    if (segmentFiles.isErr()) return err(segmentFiles.error);
    return ok({
      id,
      descriptor,
      createdAt,
      snapshotFiles: snapshotFiles.value,
      segmentFiles: segmentFiles.value,
      manifest: objectName(layout.storage, manifestKey(place, id)),
    });
  });
}

/** The objects of the files that the manifest names. One that is missing is damage. */
function findObjects(
  { storage }: ZeebeLayout,
  { place, manifest }: PlacedManifest,
  kind: BackupFileKind,
  { sizes, evenIfDamaged }: { readonly sizes: ReadonlyMap<string, number>; readonly evenIfDamaged: boolean },
): Result<readonly StoredObject[], MeasureError> {
  const objects: StoredObject[] = [];
  for (const [name, { compressionAlgorithm }] of manifest.files[kind]) {
    const key = fileKey(place, manifest.id, kind, name);
    const storedBytes = sizes.get(key);
    if (storedBytes === undefined) {
      const damage = new BackupCorrupt(objectName(storage, key), 'is missing');
      if (!evenIfDamaged) return err(damage);
      objects.push({ name, key, storedBytes: 0, isCompressed: false, damage });
      continue;
    }
    if (compressionAlgorithm !== undefined && compressionAlgorithm !== 'zstd') {
      const how = `is compressed with ${compressionAlgorithm}; only zstd is known`;
      return err(new StoreFailure('open backup', `object=${objectName(storage, key)} ${how}`));
    }
    objects.push({ name, key, storedBytes, isCompressed: compressionAlgorithm !== undefined });
  }
  return ok(objects);
}

/** The size of the file in the object. */
function measure(
  layout: ZeebeLayout,
  object: StoredObject,
  signal: AbortSignal,
): ResultAsync<number, MeasureError> {
  return fromAsync<number, MeasureError>(async () => {
    if (!object.isCompressed) return ok(object.storedBytes);
    const range = { start: 0, length: ZSTD_HEADER_BYTES_MAX };
    const header = await layout.storage.get(object.key, { range, signal });
    if (header.isErr()) {
      const { error } = header;
      if (error.name !== 'ObjectNotFound') return err(error);
      return err(new BackupCorrupt(objectName(layout.storage, object.key), 'is missing', error));
    }
    const told = contentSize(header.value);
    if (told !== undefined) return ok(told);
    let counted = 0;
    try {
      for await (const part of contentOf(layout, object, signal)) counted += part.byteLength;
    } catch (cause) {
      if (isBackupError(cause)) return err(cause as MeasureError);
      throw cause;
    }
    return ok(counted);
  });
}
