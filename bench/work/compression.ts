// What is measured of compression: `save DIR BASE_PATH auto|none`. Counts the bytes that go to the server.
import process from 'node:process';
import { checkpointId, logPosition, nodeFile } from 'tidemark';
import { MeteredStorage, TidemarkBackupStore } from 'tidemark/objects';
import { openBucket } from '../../src/stores/s3-place.ts';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';
import { partitionFiles, totalBytes } from './partition-files.ts';

const [, , , directory = '', basePath = '', compression] = process.argv;
const { bucket, ...place } = bucketFromEnvironment();
const where = { ...place, bucketName: bucket, basePath, forcePathStyleAccess: true };
const storage = new MeteredStorage({ storage: openBucket(where, {}) });
const store = new TidemarkBackupStore({ storage }, { compression: compression === 'auto' ? 'auto' : 'none' });

await measured(async () => {
  let bytes = 0;
  for (const { partitionId, segments } of partitionFiles(directory)) {
    bytes += totalBytes(segments);
    const saved = await store.save({
      id: { checkpointId: checkpointId(1n), partitionId, nodeId: 0 },
      term: 1n,
      descriptor: {
        snapshotId: null,
        checkpointPosition: logPosition(1_000n),
        numberOfPartitions: 1,
        brokerVersion: '8.6.0',
      },
      snapshotFiles: [],
      segmentFiles: segments.map((path) => nodeFile(path)),
    });
    if (saved.isErr()) throw saved.error;
  }
  return { bytes, sentBytes: storage.counts().bytesSent };
});
