// The contract of backup stores on Zeebe's layout: in memory, on the embedded S3 server, and on the real one that
// S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET name, when they are set.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { S3ObjectStorage } from '../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { systemRandom } from '../../src/runtime/system-random.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import { ZeebeInMemoryBackupStore } from '../../src/stores/zeebe-in-memory-backup-store.ts';
import { ZeebeS3BackupStore } from '../../src/stores/zeebe-s3-backup-store.ts';
import { backupStoreContract } from '../../src/testkit/backup-store-contract.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { keys } from '../stores/damage.ts';
import { type EmbeddedS3, startEmbeddedS3 } from '../support/embedded-s3.ts';

const CAPABILITIES = { incremental: false, liveness: false, checksums: false };
const runner = { describe, it };

describe.each([undefined, 'a/b'])('base path %s', (basePath) => {
  const title = "memory in Zeebe's layout keeps the contract";
  const open = async () => {
    const store = new ZeebeInMemoryBackupStore({ basePath, compression: 'zstd' });
    return { context: { store }, close: () => store.close() };
  };
  describeContract(runner, title, backupStoreContract, open, CAPABILITIES);
});

type Place = Omit<EmbeddedS3, 'close'>;

async function openS3({ bucket, credentials, ...where }: Place) {
  const basePath = `contract/${systemRandom.hex(8)}`;
  const store = new ZeebeS3BackupStore({
    ...where,
    bucketName: bucket,
    accessKey: credentials.accessKeyId,
    secretKey: credentials.secretAccessKey,
    forcePathStyleAccess: true,
    basePath,
  });
  const connection = { ...where, bucket, credentials, forcePathStyle: true };
  const s3 = new S3ObjectStorage({ clock: systemClock }, connection);
  const storage = new PrefixedObjectStorage(s3, basePath);
  return {
    context: { store },
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
  // File names are parts of keys here, and the embedded server lists capitals in no order of S3.
  const plainNames = backupStoreContract.filter(({ name }) => !name.startsWith('An opened backup'));
  const title = "the embedded S3 server in Zeebe's layout keeps the contract";
  describeContract(runner, title, plainNames, () => openS3(server), CAPABILITIES);
});

const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET } = process.env;

describe.runIf(S3_ENDPOINT !== undefined)('real server', () => {
  const place = {
    endpoint: S3_ENDPOINT ?? '',
    region: S3_REGION ?? 'us-east-1',
    bucket: S3_BUCKET ?? 'backup-store-contract-zeebe',
    credentials: { accessKeyId: S3_ACCESS_KEY ?? '', secretAccessKey: S3_SECRET_KEY ?? '' },
  };
  beforeAll(async () => {
    const client = new S3Client({ ...place, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: place.bucket })).catch((cause: Error) => {
      if (cause.name !== 'BucketAlreadyOwnedByYou') throw cause;
    });
    client.destroy();
  });
  const title = `the server at ${S3_ENDPOINT} in Zeebe's layout keeps the contract`;
  describeContract(runner, title, backupStoreContract, () => openS3(place), CAPABILITIES);
});
