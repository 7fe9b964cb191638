// Opens a completed copy: finds its manifest, checks it, and gives files that read themselves.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupFileKind, BackupId, StoredBackup, StoredFile, StoredPart } from '../../core/backup.ts';
import { BackupNotFound, InvalidBackupState } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { OpenBackupError } from '../../ports/backup-store.ts';
import { copyState } from './copy-state.ts';
import { chunkKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import { listCopy } from './list-copies.ts';
import type { Manifest, Piece } from './manifest.ts';
import { PieceReader } from './piece-reader.ts';
import { readManifest } from './read-manifest.ts';
import { readPieces } from './read-pieces.ts';

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
  const { id, descriptor, createdAt } = manifest;
  const memory = layout.memories.forReading();
  const reader = new PieceReader(layout, id.partitionId, closing, manifest.key);
  const opener =
    (of: readonly Piece[]): StoredFile['open'] =>
    (options) =>
      readPieces({ reader, memory }, of, {
        lend: options?.lend ?? false,
        signals: [closing, options?.signal],
      });
  const partOf = (piece: Piece): StoredPart => ({
    object: objectName(layout.storage, chunkKey(id.partitionId, piece.chunk.name)),
    ...(piece.chunk.codec === 'none' && manifest.key === undefined ? { offset: piece.offset } : {}),
    sizeBytes: piece.length,
    sha256: piece.sha256,
    open: opener([piece]),
  });
  const filesOf = (kind: BackupFileKind): StoredFile[] =>
    manifest.files
      .filter((file) => file.kind === kind)
      .map((file) => ({
        name: file.name,
        sizeBytes: file.sizeBytes,
        open: opener(file.pieces),
        parts: () => file.pieces.map(partOf),
      }));
  return {
    id,
    descriptor,
    createdAt,
    snapshotFiles: filesOf('snapshot'),
    segmentFiles: filesOf('segment'),
  };
}
