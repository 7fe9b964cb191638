// Settings in, store out: for configuration files and the command line. Loads the code of a store, and with it
// the AWS SDK, only when that store is asked for.
import { assertNever } from '../core/invariant.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import type { BackupStoreSettings } from './backup-store-settings.ts';
import { withKeyFiles } from './key-files.ts';
import type { NativeStoreComponents } from './native-components.ts';

/**
 * Makes the store, or null for NONE. Rejects with InvalidConfiguration on settings that make no sense, and on key files
 * that cannot be read.
 */
export async function openBackupStore(
  given: BackupStoreSettings,
  components: NativeStoreComponents = {},
): Promise<BackupStore | null> {
  const read = await withKeyFiles(given);
  if (read.isErr()) throw read.error;
  const settings = read.value;
  switch (settings.store) {
    case 'S3': {
      if (settings.format === 'zeebe') {
        const { ZeebeS3BackupStore } = await import('./zeebe-s3-backup-store.ts');
        return new ZeebeS3BackupStore(settings, components);
      }
      const { S3BackupStore } = await import('./s3-backup-store.ts');
      return new S3BackupStore(settings, components);
    }
    case 'FILESYSTEM': {
      const { FilesystemBackupStore } = await import('./filesystem-backup-store.ts');
      return new FilesystemBackupStore(settings, components);
    }
    case 'MEMORY': {
      if (settings.format === 'zeebe') {
        const { ZeebeInMemoryBackupStore } = await import('./zeebe-in-memory-backup-store.ts');
        return new ZeebeInMemoryBackupStore(settings, components);
      }
      const { InMemoryBackupStore } = await import('./in-memory-backup-store.ts');
      return new InMemoryBackupStore(settings, components);
    }
    case 'NONE':
      return null;
    default:
      return assertNever(settings);
  }
}
