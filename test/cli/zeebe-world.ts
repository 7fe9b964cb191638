// A bucket in Zeebe's layout on the embedded S3 server, and the command line's variables for it.
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { PartitionBackup } from '../../src/core/backup.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { ZeebeS3BackupStore } from '../../src/stores/zeebe-s3-backup-store.ts';
import { type EmbeddedS3, startEmbeddedS3 } from '../support/embedded-s3.ts';
import { CHECKPOINT, samplePartition, segmentFiles } from '../zeebe/sample-partition.ts';

export async function makeZeebeBucket(): Promise<ZeebeBucket> {
  return new ZeebeBucket(await startEmbeddedS3());
}

/** A cluster of two partitions on one node; its checkpoint 7 can be restored. */
export class ZeebeBucket {
  readonly #server: EmbeddedS3;
  readonly client: S3Client;

  constructor(server: EmbeddedS3) {
    this.#server = server;
    const { endpoint, region, credentials } = server;
    this.client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  }

  env(dataDirectory: string): Record<string, string> {
    const { endpoint, region, bucket, credentials } = this.#server;
    return {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
      ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'zeebe',
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: bucket,
      ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpoint,
      ZEEBE_BROKER_DATA_BACKUP_S3_REGION: region,
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: credentials.accessKeyId,
      ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: credentials.secretAccessKey,
      ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
      ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '2',
      ZEEBE_BROKER_DATA_DIRECTORY: dataDirectory,
    };
  }

  open(): ZeebeS3BackupStore {
    const { endpoint, region, bucket: bucketName, credentials } = this.#server;
    const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
    const place = { endpoint, region, bucketName, accessKey, secretKey, forcePathStyleAccess: true };
    return new ZeebeS3BackupStore(place);
  }

  async save(id = CHECKPOINT.checkpointId, partitions: readonly number[] = [1, 2]): Promise<void> {
    const store = this.open();
    for (const partitionId of partitions) {
      const backup = { ...zeebeBackup(partitionId), id: { checkpointId: id, partitionId, nodeId: 0 } };
      (await store.save(backup))._unsafeUnwrap();
    }
    await store.close();
  }

  async get(key: string): Promise<Uint8Array> {
    const got = await this.client.send(new GetObjectCommand({ Bucket: this.#server.bucket, Key: key }));
    return (await got.Body?.transformToByteArray()) ?? new Uint8Array();
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: this.#server.bucket, Key: key, Body: bytes }));
  }

  async delete(key: string): Promise<void> {
    await this.client.send(new DeleteObjectCommand({ Bucket: this.#server.bucket, Key: key }));
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.#server.close();
  }
}

export function zeebeBackup(partitionId: number): PartitionBackup {
  const { descriptor, snapshotFiles } = samplePartition();
  return {
    id: { checkpointId: checkpointId(7), partitionId, nodeId: 0 },
    term: 1n,
    descriptor: { ...descriptor, numberOfPartitions: 2 },
    snapshotFiles,
    segmentFiles: segmentFiles(partitionId),
  };
}
