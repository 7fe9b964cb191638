// How a server is asked to encrypt: which requests say so, with which headers, and that the key stays out of errors.
import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { loadSettings } from 'tidemark/config';
import { afterEach, expect, it } from 'vitest';
import type { S3Encryption } from '../../../src/objects/s3/s3-encryption.ts';
import { S3ObjectStorage } from '../../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../../src/runtime/system-clock.ts';
import { S3BackupStore } from '../../../src/s3.ts';
import { ZeebeS3BackupStore } from '../../../src/stores/zeebe-s3-backup-store.ts';
import { type FakeHttpServer, startFakeHttpServer } from '../../support/fake-http-server.ts';

const KEY = randomBytes(32).toString('base64');
const MD5 = createHash('md5').update(Buffer.from(KEY, 'base64')).digest('base64');
const PREFIX = 'x-amz-server-side-encryption';
const CUSTOMER = {
  [`${PREFIX}-customer-algorithm`]: 'AES256',
  [`${PREFIX}-customer-key`]: KEY,
  [`${PREFIX}-customer-key-md5`]: MD5,
};

let server: FakeHttpServer | undefined;
afterEach(() => server?.close());

/** A bucket that gives out an object only to whoever has the key that came with it. */
async function startServer(): Promise<FakeHttpServer> {
  const objects = new Map<string, { readonly body: Buffer; readonly key: unknown }>();
  const uploads = new Map<string, Buffer[]>();
  server = await startFakeHttpServer((response, { method, url, headers, body }) => {
    const { pathname, searchParams } = new URL(url, 'http://x');
    const key = headers[`${PREFIX}-customer-key`];
    const xml = (text: string) => response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
    const parts = uploads.get(pathname) ?? [];
    if (method === 'POST' && searchParams.has('uploads')) {
      uploads.set(pathname, []);
      return xml('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
    }
    if (method === 'PUT' && searchParams.has('partNumber')) {
      parts[Number(searchParams.get('partNumber')) - 1] = body;
      return response.writeHead(200, { etag: '"p"' }).end();
    }
    if (method === 'POST') {
      objects.set(pathname, { body: Buffer.concat(parts), key });
      return xml('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>');
    }
    if (method === 'PUT') {
      objects.set(pathname, { body, key });
      return response.writeHead(200, { etag: '"e"' }).end();
    }
    const found = objects.get(pathname);
    const refused = `<Error><Code>InvalidRequest</Code><Message>wrong key ${String(key)}</Message></Error>`;
    if (found === undefined) return response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    if (method === 'GET' && found.key !== key) return response.writeHead(400).end(refused);
    const length = { 'content-length': found.body.length, 'last-modified': new Date(0).toUTCString() };
    response.writeHead(200, { etag: '"e"', ...length }).end(method === 'HEAD' ? undefined : found.body);
  });
  return server;
}

function storageOn({ endpoint }: FakeHttpServer, encryption: S3Encryption | undefined): S3ObjectStorage {
  const credentials = { accessKeyId: 'the-access-key', secretAccessKey: 'the-secret-key' };
  return new S3ObjectStorage(
    { clock: systemClock },
    { bucket: 'b', endpoint, region: 'us-east-1', forcePathStyle: true, credentials, encryption },
  );
}

/** One request of each kind: its name, and what it says of encryption. */
async function requestsOf(encryption: S3Encryption | undefined) {
  const fake = await startServer();
  const storage = storageOn(fake, encryption);
  const bytes = new Uint8Array([1, 2, 3]);
  (await storage.put('k', bytes))._unsafeUnwrap();
  expect([...(await storage.get('k'))._unsafeUnwrap()]).toEqual([1, 2, 3]);
  (await storage.head('k'))._unsafeUnwrap();
  const upload = (await storage.startUpload('m', { partSizeBytes: 5 * 1024 * 1024 }))._unsafeUnwrap();
  (await upload.part(0, bytes))._unsafeUnwrap();
  (await upload.complete())._unsafeUnwrap();
  await storage.close();
  return fake.requests.map(({ method, url, headers }) => {
    const said = Object.entries(headers).filter(([name]) => name.startsWith(PREFIX));
    const query = new URL(url, 'http://x').searchParams;
    const kind = query.has('uploads') ? 'start' : query.has('partNumber') ? 'part' : method;
    return [kind, Object.fromEntries(said)] as const;
  });
}

const KINDS = ['PUT', 'GET', 'HEAD', 'start', 'part', 'POST', 'HEAD'];

it('says nothing by itself', async () => {
  expect(await requestsOf(undefined)).toEqual(KINDS.map((kind) => [kind, {}]));
});

it('sends a key of its own with all that writes or reads', async () => {
  const expected = KINDS.map((kind) => [kind, kind === 'POST' ? {} : CUSTOMER]);
  expect(await requestsOf({ kind: 'customer', key: KEY })).toEqual(expected);
});

it.each<[S3Encryption, Record<string, string>]>([
  [{ kind: 'server', algorithm: 'AES256' }, { [PREFIX]: 'AES256' }],
  [{ kind: 'server', algorithm: 'aws:kms' }, { [PREFIX]: 'aws:kms' }],
  [
    { kind: 'server', algorithm: 'aws:kms', kmsKeyId: 'arn:k' },
    { [PREFIX]: 'aws:kms', [`${PREFIX}-aws-kms-key-id`]: 'arn:k' },
  ],
])('asks for %j where objects are made', async (encryption, headers) => {
  const expected = KINDS.map((kind) => [kind, kind === 'PUT' || kind === 'start' ? headers : {}]);
  expect(await requestsOf(encryption)).toEqual(expected);
});

it('a server that repeats the key does not bring it into an error', async () => {
  const fake = await startServer();
  (await storageOn(fake, undefined).put('k', new Uint8Array(1)))._unsafeUnwrap();
  const error = (await storageOn(fake, { kind: 'customer', key: KEY }).get('k'))._unsafeUnwrapErr();
  expect(error.message).toContain('wrong key ***');
  expect(inspect(error, { depth: 9 })).not.toContain(KEY);
});

const YAML = `
zeebe.broker.data.backup:
  store: S3
  s3: { bucketName: b, region: us-east-1, endpoint: ENDPOINT, sse: SSE, sseKmsKeyId: KMS, ssecKey: SSEC }
`;
const load = (given: Record<string, string>) => {
  const text = Object.entries({ ENDPOINT: 'https://s3.example', ...given })
    .reduce((rest, [name, value]) => rest.replace(`: ${name}`, `: "${value}"`), YAML)
    .replaceAll(/, \w+: (SSE|KMS|SSEC)(?=[, ])/g, '');
  return loadSettings({ yaml: { text, source: 'a.yaml' }, env: {} });
};

it('settings carry it, and print no key', () => {
  const { backup } = load({ SSEC: KEY })._unsafeUnwrap();
  expect(backup).toMatchObject({ ssecKey: KEY });
  expect(inspect(backup) + JSON.stringify(backup)).not.toContain(KEY);
  expect(load({ SSE: 'AWS:KMS', KMS: 'arn:k' })._unsafeUnwrap().backup).toMatchObject({
    sse: 'aws:kms',
    sseKmsKeyId: 'arn:k',
  });
});

it.each([
  [{ SSEC: 'short' }, 's3.ssecKey: it must be 32 bytes in base64'],
  [{ SSEC: KEY, ENDPOINT: 'http://s3.example' }, 's3.ssecKey: it is sent with each request'],
  [{ SSEC: KEY, SSE: 'AES256' }, 's3.ssecKey: it and sse must not both be set'],
  [{ KMS: 'k' }, 's3.sseKmsKeyId: it is for sse aws:kms'],
  [{ SSE: 'rot13' }, 's3.sse: expected AES256, aws:kms'],
])('%j is refused, in a file and in code, and not repeated', (given, problem) => {
  const { message } = load(given)._unsafeUnwrapErr();
  expect(message).toContain(problem);
  expect(message).not.toContain(KEY);
  const { SSEC: ssecKey, SSE, KMS: sseKmsKeyId, ENDPOINT: endpoint } = given as Record<string, string>;
  const settings = { bucketName: 'b', endpoint, ssecKey, sse: SSE as 'AES256', sseKmsKeyId };
  for (const Store of [S3BackupStore, ZeebeS3BackupStore]) {
    expect(() => new Store(settings)).toThrow(/ssecKey|sseKmsKeyId|sse must/);
  }
});
