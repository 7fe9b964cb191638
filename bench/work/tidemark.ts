// What is measured of tidemark: `save DIR BASE_PATH CHECKPOINT PARTITIONS`, `restore TO BASE_PATH CHECKPOINT
// PARTITIONS`. With BENCH_LOG_ENDS_AT the files have versions, and the newest segment ends at that byte.
import process from 'node:process';
import { checkpointId, DirectoryRestoreTarget, logPosition, nodeFile } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';
import { allPaths, type PartitionFiles, partitionFiles, totalBytes } from './partition-files.ts';
import { restoreAll } from './restore-all.ts';

const [, , what = '', directory = '', basePath = '', checkpoint = '', count = ''] = process.argv;
const partitions = Number(count);
const { bucket, ...place } = bucketFromEnvironment();
const chunkSize = process.env.BENCH_CHUNK_MIB;
const store = new S3BackupStore({
  ...place,
  bucketName: bucket,
  basePath,
  forcePathStyleAccess: true,
  ...(chunkSize === undefined ? {} : { chunkSizeBytes: Number(chunkSize) * 1024 * 1024 }),
});
const id = checkpointId(BigInt(checkpoint));
const logEndsAt = process.env.BENCH_LOG_ENDS_AT;

/** As a broker that vouches for its files gives them: no more of the segment that grows than is written. */
function file(path: string, isNewestSegment = false) {
  if (logEndsAt === undefined) return nodeFile(path);
  return nodeFile(path, { version: 'a', ...(isNewestSegment ? { sizeBytes: Number(logEndsAt) } : {}) });
}

async function save({ partitionId: partition, snapshot, segments }: PartitionFiles): Promise<number> {
  let sent = 0;
  const saved = await store.save(
    {
      id: { checkpointId: id, partitionId: partition, nodeId: 0 },
      term: 1n,
      descriptor: {
        snapshotId: snapshot.length === 0 ? null : '1-1-1-1',
        checkpointPosition: logPosition(1_000n),
        numberOfPartitions: partitions,
        brokerVersion: '8.6.0',
      },
      snapshotFiles: snapshot.map((path) => file(path)),
      segmentFiles: segments.map((path) => file(path, path === segments.at(-1))),
    },
    {
      onProgress: (progress) => {
        sent = progress.bytesDone - progress.bytesReused;
      },
    },
  );
  if (saved.isErr()) throw saved.error;
  return sent;
}

await measured(async () => {
  if (what === 'restore')
    return { bytes: await restoreAll(store, new DirectoryRestoreTarget({ directory }), id, partitions) };
  const sent = await Promise.all(partitionFiles(directory).map(save));
  return { bytes: totalBytes(allPaths(directory)), sentBytes: sent.reduce((sum, bytes) => sum + bytes, 0) };
});
