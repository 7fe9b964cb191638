// The index of unsettled attempts of a partition. Costs as much as there are of them, not as there are
// backups.
import type { ResultAsync } from 'neverthrow';
import type { StoreError } from '../../core/errors.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { type ParsedEntry, parseEntryKey } from './keys.ts';
import { eachObject } from './list-copies.ts';

export interface ListedEntry extends ParsedEntry {
  readonly key: string;
}

/** The entries and seals under a prefix. */
export function listEntries(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): ResultAsync<readonly ListedEntry[], StoreError> {
  const found: ListedEntry[] = [];
  return eachObject(storage, { prefix, signal }, (object) => {
    const entry = parseEntryKey(object.key);
    if (entry !== undefined) found.push({ ...entry, key: object.key });
    return 'go on';
  }).map(() => found);
}
