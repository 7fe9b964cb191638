// The native store in a bucket of S3 or of a server that speaks its protocol.
import { RetryingStorage } from '../objects/retrying-storage.ts';
import { S3ObjectStorage } from '../objects/s3/s3-object-storage.ts';
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { S3BackupStoreSettings } from './backup-store-settings.ts';
import { type NativeStoreComponents, realComponents } from './native-components.ts';
import { PrefixedObjectStorage } from './prefixed-object-storage.ts';
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
  const { accessKey, secretKey, basePath, apiCallTimeoutMs } = settings;
  const environment = realComponents(components);
  const credentials =
    accessKey === undefined || secretKey === undefined
      ? undefined
      : { accessKeyId: accessKey, secretAccessKey: secretKey };
  const s3 = new S3ObjectStorage(environment, {
    bucket: settings.bucketName,
    region: settings.region,
    endpoint: settings.endpoint,
    forcePathStyle: settings.forcePathStyleAccess,
    credentials,
  });
  const storage = new RetryingStorage({ ...environment, storage: s3 }, { apiCallTimeoutMs });
  return basePath === undefined ? storage : new PrefixedObjectStorage(storage, basePath);
}
