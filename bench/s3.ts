// The bucket that the S3_* variables name, for all contenders alike, and a server that keeps nothing.
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  PutBucketPolicyCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';

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

/** Lets anyone read the objects under a place, so that a plain GET needs no signature. */
export async function letAnyoneRead(bucket: Bucket, place: string): Promise<void> {
  const client = clientOf(bucket);
  const Resource = [`arn:aws:s3:::${bucket.bucket}/${place}/*`];
  const Statement = [{ Effect: 'Allow', Principal: { AWS: ['*'] }, Action: ['s3:GetObject'], Resource }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket.bucket, Policy }));
  client.destroy();
}

/** The paths of all objects under a place, as a URL has them. */
export async function pathsUnder(bucket: Bucket, place: string): Promise<string[]> {
  const client = clientOf(bucket);
  const paths: string[] = [];
  const pages = paginateListObjectsV2({ client }, { Bucket: bucket.bucket, Prefix: `${place}/` });
  for await (const { Contents = [] } of pages) {
    paths.push(...Contents.map(({ Key }) => `/${bucket.bucket}/${Key}`));
  }
  client.destroy();
  return paths;
}

/** Deletes what this run has put there: gigabytes that nobody will read again. */
export async function removePlaces(bucket: Bucket, prefix: string): Promise<void> {
  const client = clientOf(bucket);
  const pages = paginateListObjectsV2({ client }, { Bucket: bucket.bucket, Prefix: prefix });
  for await (const { Contents = [] } of pages) {
    if (Contents.length === 0) continue;
    const Objects = Contents.map(({ Key }) => ({ Key }));
    await client.send(new DeleteObjectsCommand({ Bucket: bucket.bucket, Delete: { Objects, Quiet: true } }));
  }
  client.destroy();
}
