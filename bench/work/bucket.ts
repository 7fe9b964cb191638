// The bucket of a measured program, from its environment.
import process from 'node:process';
import { type Bucket, bucketOf } from '../s3.ts';

export function bucketFromEnvironment(): Bucket {
  const bucket = bucketOf(process.env);
  if (bucket === undefined) throw new Error('S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY must be set');
  return { ...bucket, bucket: process.env.BENCH_BUCKET ?? bucket.bucket };
}
