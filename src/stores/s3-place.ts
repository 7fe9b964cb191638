// The object storage in a bucket, as every store on S3 stands on it: retried, and under its base path.
import { RetryingStorage } from '../objects/retrying-storage.ts';
import type { S3Encryption } from '../objects/s3/s3-encryption.ts';
import { S3ObjectStorage } from '../objects/s3/s3-object-storage.ts';
import type { ObjectStorage } from '../ports/object-storage.ts';
import type { S3PlaceSettings } from './backup-store-settings.ts';
import { type NativeStoreComponents, realComponents } from './native-components.ts';
import { PrefixedObjectStorage } from './prefixed-object-storage.ts';

/** The settings must have been checked. */
export function openBucket(settings: S3PlaceSettings, components: NativeStoreComponents): ObjectStorage {
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
    encryption: encryptionOf(settings),
  });
  const storage = new RetryingStorage(
    { ...environment, storage: s3, observer: components.observer },
    { apiCallTimeoutMs },
  );
  return basePath === undefined ? storage : new PrefixedObjectStorage(storage, basePath);
}

function encryptionOf({ sse, sseKmsKeyId, ssecKey }: S3PlaceSettings): S3Encryption | undefined {
  if (ssecKey !== undefined) return { kind: 'customer', key: ssecKey };
  return sse === undefined ? undefined : { kind: 'server', algorithm: sse, kmsKeyId: sseKmsKeyId };
}
