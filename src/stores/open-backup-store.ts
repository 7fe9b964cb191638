// Settings in, store out: for configuration files and the command line. Loads the code of a store, and with it
// the AWS SDK, only when that store is asked for.
import { assertNever } from '../core/invariant.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import type { BackupStoreSettings } from './backup-store-settings.ts';
import type { NativeStoreComponents } from './native-components.ts';

/** Makes the store, or null for NONE. Rejects with InvalidConfiguration on settings that make no sense. */
export async function openBackupStore(
  settings: BackupStoreSettings,
  components: NativeStoreComponents = {},
): Promise<BackupStore | null> {
  switch (settings.store) {
    case 'S3': {
      const { S3BackupStore } = await import('./s3-backup-store.ts');
      return new S3BackupStore(settings, components);
    }
    case 'FILESYSTEM': {
      const { FilesystemBackupStore } = await import('./filesystem-backup-store.ts');
      return new FilesystemBackupStore(settings, components);
    }
    case 'MEMORY': {
      const { InMemoryBackupStore } = await import('./in-memory-backup-store.ts');
      return new InMemoryBackupStore(settings, components);
    }
    case 'NONE':
      return null;
    default:
      return assertNever(settings);
  }
}
