// How far memory rises: `save|restore BASE_PATH BYTES` for three partitions of large files, `save|restore BASE_PATH small` for one
// with 100,000 files of 1 KiB. Nothing touches a disk: files are made as they are read, and what is restored is thrown away.
import process from 'node:process';
import { type BackupFile, checkpointId, logPosition, type RestoreTarget } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { bucketFromEnvironment } from './bucket.ts';
import { measured } from './measured.ts';
import { restoreAll } from './restore-all.ts';
import { syntheticFile } from './synthetic.ts';

const SEGMENT_BYTES = 128 * 1024 * 1024;
const BLOCK_BYTES = 4 * 1024 * 1024;
const SMALL_FILES = 100_000;

const [, , what = '', basePath = '', size = ''] = process.argv;
const isSmall = size === 'small';
const partitions = isSmall ? 1 : 3;
const segmentsOfOne = isSmall ? 0 : Math.ceil(Number(size) / SEGMENT_BYTES / partitions);
const { bucket, ...place } = bucketFromEnvironment();
const settings = { ...place, bucketName: bucket, basePath, forcePathStyleAccess: true };
const store = new S3BackupStore(settings);
const id = checkpointId(1n);

function segments(partitionId: number): BackupFile[] {
  return Array.from({ length: segmentsOfOne }, (_, index) => {
    const number = partitionId * segmentsOfOne + index;
    const firstBlock = number * (SEGMENT_BYTES / BLOCK_BYTES);
    return syntheticFile(`${number}.log`, SEGMENT_BYTES, { blockBytes: BLOCK_BYTES, firstBlock });
  });
}

/** By name in the order of their numbers: a pack of them is a run of blocks. */
function smallFiles(): BackupFile[] {
  return Array.from({ length: SMALL_FILES }, (_, index) =>
    syntheticFile(`${String(index).padStart(6, '0')}.sst`, 1024, { blockBytes: 1024, firstBlock: index }),
  );
}

async function save(partitionId: number): Promise<number> {
  const segmentFiles = segments(partitionId);
  const snapshotFiles = isSmall ? smallFiles() : [];
  const saved = await store.save({
    id: { checkpointId: id, partitionId, nodeId: 0 },
    term: 1n,
    descriptor: {
      snapshotId: isSmall ? '1-1-1-1' : null,
      checkpointPosition: logPosition(1_000n),
      numberOfPartitions: partitions,
      brokerVersion: '8.6.0',
    },
    snapshotFiles,
    segmentFiles,
  });
  if (saved.isErr()) throw saved.error;
  return [...snapshotFiles, ...segmentFiles].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

/** Takes what it is given as fast as a disk could be at best, and keeps nothing. */
const nowhere: RestoreTarget = {
  location: 'nowhere',
  takesLentChunks: true,
  occupants: async () => [],
  begin: async () => ({
    async write(_file, content) {
      for await (const _bytes of content);
    },
    seal: async () => {},
    install: async () => {},
    discard: async () => {},
  }),
};

await measured(async () => {
  if (what === 'restore') return { bytes: await restoreAll(store, nowhere, id, partitions) };
  const saved = await Promise.all(Array.from({ length: partitions }, (_, index) => save(index + 1)));
  return { bytes: saved.reduce((sum, bytes) => sum + bytes, 0) };
});
