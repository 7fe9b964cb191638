// Deletes one copy, in an order that a crash cannot spoil. Chunks stay: other backups may use them.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { InvalidBackupState, type StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import { copyState } from './copy-state.ts';
import { entriesOfCopyPrefix } from './keys.ts';
import type { Layout } from './layout.ts';
import { listCopy } from './list-copies.ts';
import { listEntries } from './list-entries.ts';

/** Deletes a copy that is not alive. What decides its state goes first, the fence of its attempts last. */
export function deleteBackup(
  { storage, values }: Layout,
  id: BackupId,
  signal: AbortSignal,
): ResultAsync<void, StoreError | InvalidBackupState> {
  return fromAsync<void, StoreError | InvalidBackupState>(async () => {
    const markers = await listCopy(storage, id, signal);
    if (markers.isErr()) return err(markers.error);
    const { statusCode } = copyState(markers.value, values.staleAfterMs);
    if (statusCode === 'IN_PROGRESS') return err(new InvalidBackupState(id, 'COMPLETED', statusCode));
    const entries = await listEntries(storage, entriesOfCopyPrefix(id), signal);
    if (entries.isErr()) return err(entries.error);
    const steps = [
      markers.value.filter(({ kind }) => kind !== 'begun').map(({ key }) => key),
      markers.value.filter(({ kind }) => kind === 'begun').map(({ key }) => key),
      entries.value.map(({ key }) => key),
    ];
    for (const keys of steps.filter((step) => step.length > 0)) {
      const deleted = await storage.delete(keys, { signal });
      if (deleted.isErr()) return err(deleted.error);
    }
    return ok();
  });
}
