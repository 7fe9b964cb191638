// Deletes one copy, however many objects it has, in an order that a crash cannot spoil: first it reads as FAILED, then
// its files go, and its manifest last. So no reader ever finds a COMPLETED copy without its files, and what a crash
// leaves is listed and can be deleted again.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { InvalidBackupState, type StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import { isObjectKey } from '../../objects/object-key.ts';
import type { DeleteBackupError } from '../../ports/backup-store.ts';
import { COPY_PLACES, contentsPrefix, manifestKey } from './keys.ts';
import type { ZeebeLayout } from './layout.ts';
import { listObjects } from './list-objects.ts';
import { DELETE_BEGUN, statusCodeOf } from './manifest.ts';
import { putFailed, readManifestAt } from './manifest-objects.ts';
import type { RunningSaves } from './running-saves.ts';

/** A manifest that cannot be read is not deleted: nobody knows what it stands for. */
export function deleteBackup(
  layout: ZeebeLayout,
  running: RunningSaves,
  id: BackupId,
  signal: AbortSignal,
): ResultAsync<void, DeleteBackupError> {
  return fromAsync<void, DeleteBackupError>(() =>
    running.change(id, async () => {
      const manifests: string[] = [];
      for (const place of COPY_PLACES) {
        const found = await readManifestAt(layout, place, id, signal);
        if (found.isErr()) return err(found.error);
        if (found.value === undefined) continue;
        const statusCode = statusCodeOf(found.value.manifest);
        if (statusCode === 'IN_PROGRESS') return err(new InvalidBackupState(id, 'COMPLETED', statusCode));
        manifests.push(manifestKey(place, id));
        if (statusCode !== 'COMPLETED') continue;
        const put = await putFailed(layout, id, found.value, DELETE_BEGUN, signal);
        if (put.isErr()) return err(put.error);
      }
      const deleted = await deleteFiles(layout, id, signal);
      if (deleted.isErr()) return err(deleted.error);
      return manifests.length === 0 ? ok() : layout.storage.delete(manifests, { signal });
    }),
  );
}

/** Deletes the files of a copy, those that no manifest names too. */
export function deleteFiles(
  { storage }: Pick<ZeebeLayout, 'storage'>,
  id: BackupId,
  signal: AbortSignal,
): ResultAsync<void, StoreError> {
  return fromAsync<void, StoreError>(async () => {
    const keys: string[] = [];
    for (const place of COPY_PLACES) {
      const listed = await listObjects(storage, contentsPrefix(place, id), signal);
      if (listed.isErr()) return err(listed.error);
      // What no layout writes, such as the folder markers of consoles, is not ours to touch.
      const files = [...listed.value.keys()].filter(isObjectKey);
      keys.push(...files.filter((key) => key !== manifestKey('flat', id)));
    }
    return keys.length === 0 ? ok() : storage.delete(keys, { signal });
  });
}
