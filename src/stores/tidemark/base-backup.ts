// The backup that a new one builds on: the newest completed one of the partition below it. Only saves work;
// a backup without a base is whole as well.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { Marker } from './copy-state.ts';
import type { DataKey } from './data-key.ts';
import { BACKUPS_PREFIX, behindCheckpoint } from './keys.ts';
import type { Layout } from './layout.ts';
import { eachMarker } from './list-copies.ts';
import type { Manifest } from './manifest.ts';
import { readManifest } from './read-manifest.ts';

/** How many pages of names are looked through for a base before a full backup is the cheaper answer. */
const SEARCH_PAGES_MAX = 10;

/** A candidate, by its name. */
export interface BaseCandidate {
  readonly id: BackupId;
  readonly completed: Marker;
}

/** Looks for the newest completed copy of the partition below `id`, taken by any node. */
export function findBase(
  { storage }: Layout,
  id: BackupId,
  signal: AbortSignal,
): ResultAsync<BaseCandidate | undefined, StoreError> {
  return fromAsync<BaseCandidate | undefined, StoreError>(async () => {
    let found: BaseCandidate | undefined;
    const startAfter = behindCheckpoint(id.checkpointId);
    const where = { prefix: BACKUPS_PREFIX, startAfter, pagesMax: SEARCH_PAGES_MAX, signal };
    const searched = await eachMarker(storage, where, (other, marker) => {
      if (other.partitionId !== id.partitionId || marker.kind !== 'completed') return 'go on';
      found = { id: other, completed: marker };
      return 'stop';
    });
    return searched.isErr() ? err(searched.error) : ok(found);
  });
}

/**
 * Reads the base's manifest. It must be called after the attempts entry that names it was put: a sweep then
 * sees the entry, or we see that the base is gone. Gone or unreadable is no base, nor is
 * one that is encrypted with another key than `key`, or is not while we encrypt.
 */
export function readBase(
  layout: Layout,
  base: BaseCandidate,
  key: DataKey | undefined,
  signal: AbortSignal,
): ResultAsync<Manifest | undefined, StoreError> {
  return fromAsync<Manifest | undefined, StoreError>(async () => {
    const manifest = await readManifest(layout, base.id, base.completed, signal);
    if (manifest.isOk()) {
      if (manifest.value.key?.id === key?.id) return ok(manifest.value);
      layout.logger.info({ ...base.id }, 'the last backup has another key or none, sending everything');
      return ok(undefined);
    }
    const { error } = manifest;
    switch (error.name) {
      case 'ObjectNotFound':
        return ok(undefined);
      case 'BackupCorrupt':
      case 'StoreFailure':
        layout.logger.warn({ ...base.id, err: error }, 'cannot build on the last backup, sending everything');
        return ok(undefined);
      case 'EncryptionKeyMissing':
      case 'EncryptionKeyWrong':
      case 'EncryptionKeyDamaged':
        // Without a key of our own this would go on in the clear where somebody has chosen not to.
        if (key === undefined) return err(error);
        layout.logger.warn({ ...base.id, err: error }, 'cannot build on the last backup, sending everything');
        return ok(undefined);
      default:
        return err(error);
    }
  });
}
