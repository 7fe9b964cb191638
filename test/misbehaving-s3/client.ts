// Our own client of a misbehaving server.
import { S3ObjectStorage, type S3ObjectStorageSettings } from '../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import type { MisbehavingS3 } from '../../src/testkit/misbehaving-s3/misbehaving-s3.ts';

export function clientOf(
  s3: MisbehavingS3,
  settings: Partial<S3ObjectStorageSettings> = {},
): S3ObjectStorage {
  return new S3ObjectStorage(
    { clock: systemClock },
    {
      endpoint: s3.endpoint,
      region: 'us-east-1',
      bucket: s3.bucket.name,
      credentials: { accessKeyId: 'anybody', secretAccessKey: 'anything' },
      forcePathStyle: true,
      ...settings,
    },
  );
}
