// The contract of object storages on S3: always on the embedded server, and on the real one that S3_ENDPOINT,
// S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET name, when they are set.
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3ObjectStorage, type S3ObjectStorageSettings } from '../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { objectStorageContract } from '../../src/testkit/object-storage-contract.ts';
import { type EmbeddedS3, startEmbeddedS3 } from '../support/embedded-s3.ts';
import { clean, ensureBucket, openStorage } from './s3-subjects.ts';

const components = { clock: systemClock };

describe('embedded server', () => {
  let server: EmbeddedS3;
  beforeAll(async () => {
    server = await startEmbeddedS3();
  });
  afterAll(() => server.close());
  describeContract(
    { describe, it },
    'the embedded S3 server keeps the contract',
    objectStorageContract,
    () => {
      const { endpoint, region, bucket, credentials } = server;
      return openStorage(
        { endpoint, region, bucket, credentials, forcePathStyle: true },
        { createOnly: false, plainKeysOnly: true },
      );
    },
  );
});

const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY, S3_BUCKET } = process.env;

describe.runIf(S3_ENDPOINT !== undefined)('real server', () => {
  const settings = {
    endpoint: S3_ENDPOINT ?? '',
    region: S3_REGION ?? 'us-east-1',
    bucket: S3_BUCKET ?? 'object-storage-contract',
    credentials: { accessKeyId: S3_ACCESS_KEY ?? '', secretAccessKey: S3_SECRET_KEY ?? '' },
    forcePathStyle: true,
  };
  beforeAll(() => ensureBucket(settings));
  describeContract(
    { describe, it },
    `the server at ${S3_ENDPOINT} keeps the contract`,
    objectStorageContract,
    () => openStorage(settings, { createOnly: true }),
  );

  async function errorOf(changed: Partial<S3ObjectStorageSettings>): Promise<string> {
    const storage = new S3ObjectStorage(components, { ...settings, ...changed });
    const results = [
      await storage.list('contract/'),
      await storage.get('contract/x'),
      await storage.put('x', body),
    ];
    await storage.close();
    return [...new Set(results.map((result) => (result.isErr() ? result.error.name : 'ok')))].join(' ');
  }
  const body = new TextEncoder().encode('body');
  const { accessKeyId, secretAccessKey } = settings.credentials;

  it('denies an unknown access key and a wrong secret', async () => {
    const unknown = { accessKeyId: 'NOBODYKNOWSTHISKEY', secretAccessKey };
    expect(await errorOf({ credentials: unknown })).toBe('StoreAccessDenied');
    const wrong = { accessKeyId, secretAccessKey: 'not-the-secret' };
    expect(await errorOf({ credentials: wrong })).toBe('StoreAccessDenied');
  });

  it('has no bucket of another name', async () => {
    expect(await errorOf({ bucket: 'no-such-bucket-here' })).toBe('StoreNotFound');
  });

  it('checks a body against the digest that is given with it', async () => {
    const storage = new S3ObjectStorage(components, settings);
    const sha256 = createHash('sha256').update(body).digest();
    expect((await storage.put('digest/right', body, { sha256 })).isOk()).toBe(true);
    const wrong = await storage.put('digest/wrong', body, { sha256: sha256.map((byte) => byte ^ 1) });
    expect(wrong._unsafeUnwrapErr().name).toBe('StoreFailure');
    expect((await storage.head('digest/wrong'))._unsafeUnwrapErr().name).toBe('ObjectNotFound');
    await clean(storage, 'digest/');
  });

  it('lists two thousand keys in pages', async () => {
    const storage = new S3ObjectStorage(components, settings);
    const keys = Array.from(
      { length: 2_050 },
      (_, index) => `pages/${index % 7}/${String(index).padStart(5, '0')}`,
    );
    const slots = pLimit(16);
    const puts = await Promise.all(keys.map((key) => slots(() => storage.put(key, body))));
    expect(puts.filter((put) => put.isErr())).toEqual([]);
    const listed: string[] = [];
    for (let startAfter = '', truncated = true; truncated; startAfter = listed.at(-1) ?? '') {
      const page = (await storage.list('pages/', startAfter === '' ? {} : { startAfter }))._unsafeUnwrap();
      listed.push(...page.objects.map((object) => object.key));
      truncated = page.truncated;
    }
    expect(listed).toEqual(keys.sort());
    expect((await storage.delete(keys)).isOk()).toBe(true);
    await storage.close();
  });
});
