// The bucket that the S3_* variables name, for all contenders alike, and a server that keeps nothing.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

export interface Bucket {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly bucket: string;
}

/** The real server, or undefined when no variable names one. */
export function bucketOf(env: NodeJS.ProcessEnv): Bucket | undefined {
  const { S3_ENDPOINT: endpoint, S3_ACCESS_KEY: accessKey, S3_SECRET_KEY: secretKey } = env;
  if (endpoint === undefined || accessKey === undefined || secretKey === undefined) return undefined;
  return { endpoint, region: env.S3_REGION ?? 'us-east-1', accessKey, secretKey, bucket: 'tidemark-bench' };
}

export function clientOf({ endpoint, region, accessKey, secretKey }: Bucket): S3Client {
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
}

export async function ensureBucket(bucket: Bucket): Promise<void> {
  const client = clientOf(bucket);
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket.bucket }));
  } catch (cause) {
    if (!/BucketAlready/.test((cause as Error).name)) throw cause;
  } finally {
    client.destroy();
  }
}

/** The same as variables: what the measured programs read, and what a foreign one may. */
export function environmentOf({ endpoint, region, accessKey, secretKey, bucket }: Bucket) {
  return {
    S3_ENDPOINT: endpoint,
    S3_REGION: region,
    S3_ACCESS_KEY: accessKey,
    S3_SECRET_KEY: secretKey,
    BENCH_BUCKET: bucket,
  };
}
