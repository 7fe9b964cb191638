// An S3 server in this process, on loopback and a free port, with one empty bucket. It ignores If-None-Match,
// ignores checksums, sorts keys as a dictionary would, and refuses bodies of more than some 8 MB.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';

export interface EmbeddedS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  close(): Promise<void>;
}

export async function startEmbeddedS3(): Promise<EmbeddedS3> {
  const app = buildApp({ logger: false });
  // The package's own starter takes a host for its URLs, and listens on every address.
  const endpoint = await app.listen({ port: 0, host: '127.0.0.1' });
  const bucket = 'backups';
  const region = 'us-east-1';
  const credentials = { accessKeyId: 'embedded', secretAccessKey: 'embedded-secret' };
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return { endpoint, region, bucket, credentials, close: async () => void (await app.close()) };
}
