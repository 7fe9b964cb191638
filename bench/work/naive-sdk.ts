// What a broker's author would write in an afternoon: `save DIR PREFIX` puts whole files, `restore TO PREFIX` gets them. Six at a time, no digest of
// what was sent, nothing that tells a whole backup from half of one.
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';
import { allPaths, totalBytes } from './partition-files.ts';

const [, , what = '', directory = '', prefix = ''] = process.argv;
const { bucket, endpoint, region, accessKey, secretKey } = bucketFromEnvironment();
const client = new S3Client({
  endpoint,
  region,
  forcePathStyle: true,
  credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
});
const six = pLimit(6);

async function put(path: string): Promise<void> {
  const Key = `${prefix}/${relative(directory, path)}`;
  await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: await readFile(path) }));
}

async function get(key: string): Promise<void> {
  const path = join(directory, key.slice(prefix.length + 1));
  await mkdir(dirname(path), { recursive: true });
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  await pipeline(Body as Readable, createWriteStream(path));
}

await measured(async () => {
  if (what === 'save') {
    const paths = allPaths(directory);
    await six.map(paths, put);
    return { bytes: totalBytes(paths), sentBytes: totalBytes(paths) };
  }
  const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}/` }));
  await six.map(listed.Contents ?? [], ({ Key }) => get(Key ?? ''));
  return { bytes: totalBytes(allPaths(directory)) };
});
