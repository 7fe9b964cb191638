// How a restored partition lies on a Zeebe broker's disk: segments in the partition's directory, the
// snapshot's files in `snapshots/<id>/` and its checksum file beside that. Before it becomes visible it is
// verified, and its log is cut.
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupCorrupt, BrokerFailure, RestoreTargetFailure } from '../core/errors.ts';
import type { RestoredFile } from '../ports/restore-target.ts';
import { nodeDisk } from '../runtime/node-disk.ts';
import { nodeFile } from '../runtime/node-file.ts';
import { type RestoreLayout, type StagedPartition, snapshotOf } from '../runtime/restore-layout.ts';
import { checksumFileName } from './snapshot/checksum-file.ts';
import { fullSegmentSize, truncateSegment } from './truncate-segment.ts';
import { type PartitionVerification, verifyPartition } from './verify-partition.ts';

export const zeebeLayout: RestoreLayout = {
  directories: [],
  pathOf,
  // Only when all segments are there is it known where the record is: `finish` cuts at the descriptor's position.
  truncate: (_, content) => content,
  finish,
};

function pathOf(file: RestoredFile): readonly string[] {
  if (file.kind === 'segment') return [file.name];
  const snapshot = snapshotOf(file);
  if (file.name === checksumFileName(snapshot)) return ['snapshots', file.name];
  return ['snapshots', snapshot, file.name];
}

async function finish(partition: StagedPartition): Promise<void> {
  const verified = await verifyPartition(asBackup(partition));
  if (verified.isErr()) {
    const { message } = verified.error;
    throw new RestoreTargetFailure('verify', `path=${partition.directory} reason=${message}`, verified.error);
  }
  const damage = verified.value.findings.find(({ severity }) => severity === 'error');
  if (damage !== undefined) {
    const offset = damage.offset === undefined ? '' : ` offset=${damage.offset}`;
    throw new BackupCorrupt(damage.object, `partition=${partition.partitionId}${offset} ${damage.what}`);
  }
  await cutLog(partition.directory, verified.value);
}

function asBackup({ checkpointId, partitionId, descriptor, directory, files }: StagedPartition) {
  const ofKind = (kind: RestoredFile['kind']) =>
    files
      .filter((file) => file.kind === kind)
      .map((file) => nodeFile(join(directory, ...pathOf(file)), { sizeBytes: file.sizeBytes }));
  return {
    id: { checkpointId, partitionId },
    descriptor,
    snapshotFiles: ofKind('snapshot'),
    segmentFiles: ofKind('segment'),
  };
}

/** Ends the log with the record that covers the checkpoint: zeros behind it, and no segment after its own. */
async function cutLog(directory: string, { checkpoint, segments }: PartitionVerification): Promise<void> {
  for (const [index, { file, descriptor }] of segments.entries()) {
    if (checkpoint === undefined || descriptor === undefined || index !== checkpoint.segment) continue;
    const sizeBytes = fullSegmentSize(file.sizeBytes, descriptor.maxSegmentSize);
    const cut = { name: file.name, endOffset: checkpoint.endOffset, sizeBytes };
    await replace(join(directory, file.name), truncateSegment(file.open(), cut));
  }
  const behind = segments.slice((checkpoint?.segment ?? 0) + 1);
  for (const { file } of behind) await nodeDisk.removeFile(join(directory, file.name));
}

/** Writes a file anew from what is made of its old bytes. */
async function replace(path: string, content: AsyncIterable<Uint8Array>): Promise<void> {
  const next = `${path}.cut`;
  const out = await nodeDisk.createFile(next);
  try {
    for await (const chunk of content) await out.write(chunk);
    await out.sync();
  } catch (cause) {
    // Read is what this restore has written: no broker is to blame.
    if (!(cause instanceof BrokerFailure)) throw cause;
    throw new RestoreTargetFailure('cut log', `path=${path} reason=${cause.message}`, cause);
  } finally {
    await out.close();
  }
  try {
    await rename(next, path);
  } catch (cause) {
    throw new RestoreTargetFailure('cut log', `path=${path} reason=${String(cause)}`, cause);
  }
}
