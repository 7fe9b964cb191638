// What `tidemark verify` does, without the start of its process: `BASE_PATH CHECKPOINT PARTITIONS`.
import process from 'node:process';
import { checkpointId } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { verifyNative } from '../../src/cli/verify/verify-copy.ts';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';

const [, , basePath = '', checkpoint = '', partitions = ''] = process.argv;
const { bucket, ...place } = bucketFromEnvironment();
const store = new S3BackupStore({ ...place, bucketName: bucket, basePath, forcePathStyleAccess: true });

await measured(async () => {
  const verified = await verifyBackup(store, verifyNative, {
    checkpointId: checkpointId(BigInt(checkpoint)),
    partitionsCount: Number(partitions),
    signal: new AbortController().signal,
  });
  if (verified.isErr()) throw verified.error;
  const { restorable, copies } = verified.value;
  if (!restorable) throw new Error(JSON.stringify(copies.flatMap(({ findings }) => findings)));
  return { bytes: copies.reduce((sum, { bytes }) => sum + bytes, 0) };
});
