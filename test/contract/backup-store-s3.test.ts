// The contract of backup stores on S3: always on the embedded server, and on the real one that S3_ENDPOINT,
// S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET name, when they are set.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { S3BackupStore } from 'tidemark/s3';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { S3ObjectStorage } from '../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import { type BackupDamage, backupStoreContract } from '../../src/testkit/backup-store-contract.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { damage, keys } from '../stores/damage.ts';
import { type EmbeddedS3, startEmbeddedS3 } from '../support/embedded-s3.ts';

type Place = Omit<EmbeddedS3, 'close'>;

async function open({ bucket, credentials, ...where }: Place) {
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
  const s3 = new S3ObjectStorage(
    { clock: systemClock },
    { ...where, bucket, credentials, forcePathStyle: true },
  );
  const storage = new PrefixedObjectStorage(s3, basePath);
  return {
    context: { store, damage: (kind: BackupDamage) => damage(storage, kind) },
    async close() {
      await store.close();
      (await storage.delete(await keys(storage)))._unsafeUnwrap();
      await storage.close();
    },
  };
}

describe('embedded server', () => {
  let server: EmbeddedS3;
  beforeAll(async () => {
    server = await startEmbeddedS3();
  });
  afterAll(() => server.close());
  describeContract({ describe, it }, 'the embedded S3 server keeps the contract', backupStoreContract, () =>
    open(server),
  );
});

const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET } = process.env;

describe.runIf(S3_ENDPOINT !== undefined)('real server', () => {
  const place = {
    endpoint: S3_ENDPOINT ?? '',
    region: S3_REGION ?? 'us-east-1',
    bucket: S3_BUCKET ?? 'backup-store-contract',
    credentials: { accessKeyId: S3_ACCESS_KEY ?? '', secretAccessKey: S3_SECRET_KEY ?? '' },
  };
  beforeAll(async () => {
    const client = new S3Client({ ...place, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: place.bucket })).catch((cause: Error) => {
      if (cause.name !== 'BucketAlreadyOwnedByYou') throw cause;
    });
    client.destroy();
  });
  describeContract(
    { describe, it },
    `the server at ${S3_ENDPOINT} keeps the contract`,
    backupStoreContract,
    () => open(place),
  );
});
