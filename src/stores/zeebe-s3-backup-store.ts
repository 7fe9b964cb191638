// A store in Zeebe's layout in a bucket: the one that Zeebe's own S3 store reads and writes.
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { S3PlaceSettings, ZeebeLayoutSettings } from './backup-store-settings.ts';
import type { NativeStoreComponents } from './native-components.ts';
import { openBucket } from './s3-place.ts';
import { s3Problems, zeebeLayoutValues } from './settings-rules.ts';
import { ZeebeBackupStore } from './zeebe/zeebe-backup-store.ts';

export interface ZeebeS3BackupStoreSettings extends S3PlaceSettings, ZeebeLayoutSettings {}

/** Keeps Zeebe's backups in a bucket that exists. Throws InvalidConfiguration on settings that make no sense. */
export class ZeebeS3BackupStore extends ZeebeBackupStore {
  constructor(settings: ZeebeS3BackupStoreSettings, components: NativeStoreComponents = {}) {
    super({ ...components, storage: bucket(settings, components) }, settings);
  }
}

function bucket(settings: ZeebeS3BackupStoreSettings, components: NativeStoreComponents): ObjectStorage {
  zeebeLayoutValues(settings, s3Problems(settings));
  return openBucket(settings, components);
}
