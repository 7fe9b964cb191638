// A small partition of a Zeebe, whole and in memory: two segments, an unused third, a snapshot.
import { crc32c } from '@node-rs/crc32';
import type { BackupFile } from '../../src/core/backup.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { formatChecksumFile } from '../../src/zeebe/snapshot/checksum-file.ts';
import type { VerifiableBackup } from '../../src/zeebe.ts';
import { buildSegment, segmentFile } from './build-log.ts';

export const SNAPSHOT_ID = '3-3-2-9223372036854775807-0';
/** The CREATE of checkpoint 7 is at position 6, with records behind it. */
export const CHECKPOINT = { checkpointId: checkpointId(7), position: logPosition(6) };

/** Index 1 to 4: raft's own, then the positions 1, 2 to 3 and 4. */
export const FIRST = buildSegment({
  id: 1,
  index: 1,
  position: 1,
  records: ['initial', [{ other: 'a' }], [{ other: 'b' }, { other: 'c' }], [{ other: 'd' }]],
});
/** Index 5 to 8: the positions 5 to 9, the checkpoint second. */
export const SECOND = buildSegment({
  id: 2,
  index: 5,
  position: 5,
  records: [[{ other: 'e' }], [{ create: 7 }], [{ created: 7, at: 6 }, { other: 'f' }], [{ create: 7 }]],
});

const METADATA =
  '{"version":1,"processedPosition":2,"exportedPosition":9223372036854775807,"lastFollowupEventPosition":4}';

export function snapshotFiles(metadata = METADATA): BackupFile[] {
  const contents = new Map([
    ['000010.sst', Uint8Array.from({ length: 300 }, (_, nth) => nth % 7)],
    ['CURRENT', Buffer.from('MANIFEST-000005\n')],
    ['zeebe.metadata', Buffer.from(metadata)],
  ]);
  const checksums = new Map([...contents].map(([name, bytes]) => [name, crc32c(bytes)]));
  return [
    ...[...contents].map(([name, bytes]) => bytesFile(name, bytes)),
    bytesFile(`${SNAPSHOT_ID}.checksum`, formatChecksumFile(checksums)),
  ];
}

export function segmentFiles(partitionId = 1): BackupFile[] {
  return [
    segmentFile(partitionId, 10, new Uint8Array(8192)),
    segmentFile(partitionId, 9, SECOND.bytes),
    segmentFile(partitionId, 8, FIRST.bytes),
  ];
}

export function samplePartition(changes: Partial<VerifiableBackup> = {}): VerifiableBackup {
  return {
    id: { checkpointId: CHECKPOINT.checkpointId, partitionId: 1 },
    descriptor: {
      snapshotId: SNAPSHOT_ID,
      checkpointPosition: CHECKPOINT.position,
      numberOfPartitions: 3,
      brokerVersion: '8.6.0',
    },
    snapshotFiles: snapshotFiles(),
    segmentFiles: segmentFiles(),
    ...changes,
  };
}

export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The same bytes in pieces of `size`. */
export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
