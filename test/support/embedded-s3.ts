// An S3 server in this process, on loopback and a free port, with one empty bucket. It ignores If-None-Match,
// ignores checksums, sorts keys as a dictionary would, and refuses bodies of more than some 8 MB.
import { startFauxqs } from 'fauxqs';

export interface EmbeddedS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  close(): Promise<void>;
}

export async function startEmbeddedS3(): Promise<EmbeddedS3> {
  const bucket = 'backups';
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false });
  server.createBucket(bucket);
  return {
    endpoint: `http://127.0.0.1:${server.port}`,
    region: 'us-east-1',
    bucket,
    credentials: { accessKeyId: 'embedded', secretAccessKey: 'embedded-secret' },
    close: () => server.stop(),
  };
}
