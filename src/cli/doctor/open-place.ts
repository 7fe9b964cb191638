// The object storage that the configured store stands on, without a layout.
import { invariant } from '../../core/invariant.ts';
import { FilesystemObjectStorage } from '../../objects/filesystem-object-storage.ts';
import { MemoryObjectStorage } from '../../objects/memory-object-storage.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { BackupStoreSettings } from '../../stores/backup-store-settings.ts';
import { type NativeStoreComponents, realComponents } from '../../stores/native-components.ts';
import { PrefixedObjectStorage } from '../../stores/prefixed-object-storage.ts';
import { TidemarkBackupStore } from '../../stores/tidemark/tidemark-backup-store.ts';
import { ZeebeBackupStore } from '../../stores/zeebe/zeebe-backup-store.ts';

/** Who waits for a doctor is to hear soon that nobody answers. */
const CALL_TIMEOUT_MS = 30_000;

/** The settings must have been checked. */
export async function openPlace(
  backup: BackupStoreSettings,
  components: NativeStoreComponents,
): Promise<ObjectStorage> {
  const environment = realComponents(components);
  switch (backup.store) {
    case 'S3': {
      const { openBucket } = await import('../../stores/s3-place.ts');
      const apiCallTimeoutMs = Math.min(backup.apiCallTimeoutMs ?? CALL_TIMEOUT_MS, CALL_TIMEOUT_MS);
      return openBucket({ ...backup, apiCallTimeoutMs }, components);
    }
    case 'FILESYSTEM':
      return new FilesystemObjectStorage(environment, { directory: backup.basePath });
    case 'MEMORY': {
      const memory = new MemoryObjectStorage(environment);
      return backup.basePath === undefined ? memory : new PrefixedObjectStorage(memory, backup.basePath);
    }
    default:
      return invariant(false, 'a store was opened before its place') as never;
  }
}

export function layoutOf(backup: BackupStoreSettings): 'tidemark' | 'zeebe' {
  return 'format' in backup && backup.format === 'zeebe' ? 'zeebe' : 'tidemark';
}

/** A store in the configured layout over any storage. */
export function storeOver(
  backup: BackupStoreSettings,
  storage: ObjectStorage,
  components: NativeStoreComponents,
): BackupStore {
  if (backup.store === 'NONE') return invariant(false, 'a store was opened before its place') as never;
  if ('format' in backup && backup.format === 'zeebe')
    return new ZeebeBackupStore({ ...components, storage }, backup);
  return new TidemarkBackupStore({ ...components, storage }, backup);
}
