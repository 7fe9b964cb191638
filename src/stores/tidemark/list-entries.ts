// The index of unsettled attempts of a partition. Costs as much as there are of them, not as there are backups.
import type { ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { type Attempt, parseEntryKey } from './keys.ts';
import { eachObject } from './list-copies.ts';

/** The attempts whose entries lie under a prefix. */
export function listEntries(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): ResultAsync<readonly { readonly id: BackupId; readonly attempt: Attempt }[], StoreError> {
  const found: { readonly id: BackupId; readonly attempt: Attempt }[] = [];
  return eachObject(storage, { prefix, signal }, (object) => {
    const entry = parseEntryKey(object.key);
    if (entry !== undefined) found.push(entry);
    return 'go on';
  }).map(() => found);
}
