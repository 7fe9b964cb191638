// Opens a completed copy: finds its manifest, checks it, and gives files that read themselves.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupFileKind, BackupId, StoredBackup } from '../../core/backup.ts';
import { BackupNotFound, InvalidBackupState } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { OpenBackupError } from '../../ports/backup-store.ts';
import { copyState } from './copy-state.ts';
import { type Layout, objectName } from './layout.ts';
import { listCopy } from './list-copies.ts';
import type { Manifest } from './manifest.ts';
import { PieceReader } from './piece-reader.ts';
import { readManifest } from './read-manifest.ts';
import { type OpenedBackup, storedFiles } from './stored-files.ts';

/** Opens a copy. Reading its files ends when `closing` fires; `signal` is for the opening alone. */
export function openBackup(
  layout: Layout,
  id: BackupId,
  signal: AbortSignal,
  closing: AbortSignal,
): ResultAsync<StoredBackup, OpenBackupError> {
  return fromAsync<StoredBackup, OpenBackupError>(async () => {
    const markers = await listCopy(layout.storage, id, signal);
    if (markers.isErr()) return err(markers.error);
    const { statusCode, decisive } = copyState(markers.value, layout.values.staleAfterMs);
    if (decisive === undefined) return err(new BackupNotFound(id.checkpointId, id.partitionId));
    if (statusCode !== 'COMPLETED') return err(new InvalidBackupState(id, 'COMPLETED', statusCode));
    const manifest = await readManifest(layout, id, decisive, signal);
    if (manifest.isOk()) {
      const object = objectName(layout.storage, decisive.key);
      return ok({ ...storedBackup(layout, manifest.value, closing), manifest: object });
    }
    const { error } = manifest;
    const deletedMeanwhile = error.name === 'ObjectNotFound';
    return err(deletedMeanwhile ? new BackupNotFound(id.checkpointId, id.partitionId) : error);
  });
}

function storedBackup(layout: Layout, manifest: Manifest, closing: AbortSignal): StoredBackup {
  const { id, descriptor, createdAt, key } = manifest;
  const backup: OpenedBackup = {
    layout,
    partitionId: id.partitionId,
    reader: new PieceReader(layout, id.partitionId, closing, key),
    memory: layout.memories.forReading(),
    isEncrypted: key !== undefined,
    closing,
  };
  const filesOf = (wanted: BackupFileKind) =>
    storedFiles(
      backup,
      manifest.files.filter(({ kind }) => kind === wanted),
    );
  return {
    id,
    descriptor,
    createdAt,
    snapshotFiles: filesOf('snapshot'),
    segmentFiles: filesOf('segment'),
  };
}
