// The contract of backup stores on S3: always on the embedded server, and on the real one that S3_ENDPOINT,
// S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET name, when they are set.
import { afterAll, beforeAll, describe, it } from 'vitest';
import { backupStoreContract } from '../../src/testkit/backup-store-contract.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { type EmbeddedS3, startEmbeddedS3 } from '../support/embedded-s3.ts';
import { ensureBucket, openStore } from './s3-subjects.ts';

describe('embedded server', () => {
  let server: EmbeddedS3;
  beforeAll(async () => {
    server = await startEmbeddedS3();
  });
  afterAll(() => server.close());
  describeContract({ describe, it }, 'the embedded S3 server keeps the contract', backupStoreContract, () =>
    openStore(server),
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
  beforeAll(() => ensureBucket(place));
  describeContract(
    { describe, it },
    `the server at ${S3_ENDPOINT} keeps the contract`,
    backupStoreContract,
    () => openStore(place),
  );
});
