// Where the ledger's backups go: the bucket that S3_* variables name, or an S3 server started here.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { type Child, startChild, stopChild } from './child.ts';

export interface LedgerStore {
  /** As Zeebe's variables, for the nodes and for `tidemark restore`. Holds secrets. */
  readonly environment: Readonly<Record<string, string>>;
  /** For people, without secrets. */
  readonly description: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Opens the store of the ledger in `directory`. The bucket is made when it is missing. */
export async function openLedgerStore(env: NodeJS.ProcessEnv, directory: string): Promise<LedgerStore> {
  const server =
    env.S3_ENDPOINT === undefined ? await startChild('embedded-s3-main.ts', process.env) : undefined;
  const endpoint = env.S3_ENDPOINT ?? String(server?.greeting.endpoint);
  const region = env.S3_REGION ?? 'us-east-1';
  const accessKey = env.S3_ACCESS_KEY ?? 'ledger';
  const secretKey = env.S3_SECRET_KEY ?? 'ledger-secret';
  const bucket = env.S3_BUCKET ?? 'tidemark-ledger';
  try {
    await ensureBucket(
      new S3Client({
        endpoint,
        region,
        forcePathStyle: true,
        credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      }),
      bucket,
    );
  } catch (cause) {
    await close(server);
    throw new Error(`the bucket ${bucket} at ${endpoint} is neither there nor can it be made`, { cause });
  }
  const clusterId = clusterIdOf(directory);
  return {
    environment: {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
      ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpoint,
      ZEEBE_BROKER_DATA_BACKUP_S3_REGION: region,
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: accessKey,
      ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: secretKey,
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: bucket,
      ZEEBE_BROKER_DATA_BACKUP_S3_BASEPATH: clusterId,
      ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
      ZEEBE_BROKER_CLUSTER_CLUSTERID: clusterId,
    },
    description: {
      kind: server === undefined ? 's3' : 'embedded-s3',
      endpoint,
      region,
      bucket,
      basePath: clusterId,
    },
    close: () => close(server),
  };
}

/** Chosen once for each directory, so that every ledger has a place of its own in the bucket. */
function clusterIdOf(directory: string): string {
  const path = join(directory, 'cluster-id');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path, `ledger-${randomBytes(4).toString('hex')}\n`);
  }
  return readFileSync(path, 'utf8').trim();
}

async function ensureBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }));
  } catch {
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
  } finally {
    client.destroy();
  }
}

async function close(server: Child | undefined): Promise<void> {
  if (server !== undefined) await stopChild(server);
}
