// The native store in a bucket of S3 or of a server that speaks its protocol.
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { S3BackupStoreSettings } from './backup-store-settings.ts';
import type { NativeStoreComponents } from './native-components.ts';
import { openBucket } from './s3-place.ts';
import { layoutValues, s3Problems } from './settings-rules.ts';
import { TidemarkBackupStore } from './tidemark/tidemark-backup-store.ts';

/** Keeps backups in a bucket that exists. Throws InvalidConfiguration on settings that make no sense. */
export class S3BackupStore extends TidemarkBackupStore {
  constructor(settings: S3BackupStoreSettings, components: NativeStoreComponents = {}) {
    super({ ...components, storage: bucket(settings, components) }, settings);
  }
}

function bucket(settings: S3BackupStoreSettings, components: NativeStoreComponents): ObjectStorage {
  layoutValues(settings, s3Problems(settings));
  return openBucket(settings, components);
}
