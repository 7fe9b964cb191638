// The bucket that a real Zeebe 8.6.0 wrote, in a bucket of its own on the server of the S3_* variables.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';

const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY } = process.env;

/** The files of an archive of the fixtures, by their keys. */
export async function fixtureObjects(fixtures: string, archive: string): Promise<Map<string, Buffer>> {
  const directory = await mkdtemp(join(tmpdir(), 'fixture-'));
  try {
    execFileSync('tar', ['xzf', join(fixtures, `${archive}.tar.gz`), '-C', directory]);
    const objects = new Map<string, Buffer>();
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) objects.set(relative(directory, path), await readFile(path));
    }
    return objects;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Buckets that are gone with `remove`. */
export class TestBuckets {
  readonly #client = new S3Client({
    endpoint: S3_ENDPOINT ?? '',
    region: S3_REGION ?? 'us-east-1',
    credentials: { accessKeyId: S3_ACCESS_KEY ?? '', secretAccessKey: S3_SECRET_KEY ?? '' },
    forcePathStyle: true,
  });
  readonly #made: string[] = [];

  async make(name: string, objects: ReadonlyMap<string, Buffer> = new Map()): Promise<void> {
    await this.#client.send(new CreateBucketCommand({ Bucket: name }));
    this.#made.push(name);
    for (const [Key, Body] of objects) {
      await this.#client.send(new PutObjectCommand({ Bucket: name, Key, Body }));
    }
  }

  /** The command line's variables for a bucket, and a data directory of a node with three partitions. */
  env(bucket: string, dataDirectory: string): Record<string, string> {
    return {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
      ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'zeebe',
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: bucket,
      ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: S3_ENDPOINT ?? '',
      ZEEBE_BROKER_DATA_BACKUP_S3_REGION: S3_REGION ?? 'us-east-1',
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: S3_ACCESS_KEY ?? '',
      ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: S3_SECRET_KEY ?? '',
      ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
      ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '3',
      ZEEBE_BROKER_DATA_DIRECTORY: dataDirectory,
    };
  }

  async remove(): Promise<void> {
    for (const Bucket of this.#made) {
      for (;;) {
        const { Contents = [] } = await this.#client.send(new ListObjectsV2Command({ Bucket }));
        if (Contents.length === 0) break;
        for (const { Key } of Contents) await this.#client.send(new DeleteObjectCommand({ Bucket, Key }));
      }
      await this.#client.send(new DeleteBucketCommand({ Bucket }));
    }
    this.#client.destroy();
  }
}
