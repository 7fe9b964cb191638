// What the contracts run against on an S3 server: a storage or a store in a place of its own, cleaned afterwards.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3BackupStore } from 'tidemark/s3';
import { S3ObjectStorage, type S3ObjectStorageSettings } from '../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import type { BackupDamage } from '../../src/testkit/backup-store-contract.ts';
import type { ObjectStorageContext } from '../../src/testkit/object-storage-contract.ts';
import { damage, keys } from '../stores/damage.ts';
import type { EmbeddedS3 } from '../support/embedded-s3.ts';

/** A bucket on a server, addressed by path. */
export type S3Place = Omit<EmbeddedS3, 'close'>;

const components = { clock: systemClock };

/** Port 9 of loopback: nobody listens there. */
const NOBODY = 'http://127.0.0.1:9';

export async function ensureBucket({ endpoint, region, credentials, bucket }: S3Place): Promise<void> {
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 3 });
  await client.send(new CreateBucketCommand({ Bucket: bucket })).catch((cause: Error) => {
    if (cause.name !== 'BucketAlreadyOwnedByYou') throw cause;
  });
  client.destroy();
}

export function storageIn(place: S3Place): S3ObjectStorage {
  return new S3ObjectStorage(components, { ...place, forcePathStyle: true });
}

export async function openStorage(
  settings: S3ObjectStorageSettings,
  traits: Omit<ObjectStorageContext, 'storage' | 'prefix'>,
) {
  const storage = new S3ObjectStorage(components, settings);
  const unreachable = new S3ObjectStorage(components, { ...settings, endpoint: NOBODY });
  const prefix = `contract-${systemRandom.hex(8)}/`;
  return {
    context: { ...traits, storage, prefix, unreachable },
    async close() {
      await Promise.all([storage.close(), unreachable.close()]);
      await clean(new S3ObjectStorage(components, settings), prefix);
    },
  };
}

/** Deletes what is under the prefix, and closes the storage. */
export async function clean(storage: S3ObjectStorage, prefix: string): Promise<void> {
  (await storage.delete(await keys(storage, prefix)))._unsafeUnwrap();
  await storage.close();
}

export async function openStore(place: S3Place) {
  const { bucket, credentials, ...where } = place;
  const basePath = `contract/${systemRandom.hex(8)}`;
  const store = new S3BackupStore({
    ...where,
    bucketName: bucket,
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
    forcePathStyleAccess: true,
    basePath,
    clusterId: 'contract',
    chunkSizeBytes: 64 * 1024,
  });
  const storage = new PrefixedObjectStorage(storageIn(place), basePath);
  return {
    context: { store, damage: (kind: BackupDamage) => damage(storage, kind) },
    async close() {
      await store.close();
      (await storage.delete(await keys(storage)))._unsafeUnwrap();
      await storage.close();
    },
  };
}
