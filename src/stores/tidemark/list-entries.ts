// The index of unsettled attempts of a partition. Costs as much as there are of them, not as there are
// backups.
import type { ResultAsync } from 'neverthrow';
import type { StoreError } from '../../core/errors.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { type ParsedEntry, parseEntryKey } from './keys.ts';
import { eachObject } from './list-copies.ts';

export interface ListedEntry extends ParsedEntry {
  readonly key: string;
  /** When it was written and when it was listed, both by the storage's clock: milliseconds since 1970. */
  readonly lastModifiedMs: number;
  readonly listedAtMs: number;
}

/** The entries and seals under a prefix. */
export function listEntries(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): ResultAsync<readonly ListedEntry[], StoreError> {
  const found: ListedEntry[] = [];
  return eachObject(storage, { prefix, signal }, (object, listedAtMs) => {
    const { key, lastModified: lastModifiedMs } = object;
    const entry = parseEntryKey(key);
    if (entry !== undefined) found.push({ ...entry, key, lastModifiedMs, listedAtMs });
    return 'go on';
  }).map(() => found);
}
