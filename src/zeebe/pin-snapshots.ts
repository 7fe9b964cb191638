// The snapshots on a stopped broker's disk, for a backup. One without a checksum file was never finished and
// does not count; one that does not fit its checksum file is an error, not passed over.
import { join } from 'node:path';
import { BrokerFailure } from '../core/errors.ts';
import { logPosition } from '../core/ids.ts';
import type { SnapshotHandle } from '../ports/partition.ts';
import { nodeFile } from '../runtime/node-file.ts';
import { listDirectory } from './disk-reading.ts';
import type { ScannedSegment } from './journal/scan-log.ts';
import { checksumFileName } from './snapshot/checksum-file.ts';
import { parseSnapshotId, type SnapshotId } from './snapshot/snapshot-id.ts';
import type { SnapshotMetadata } from './snapshot/snapshot-metadata.ts';
import { verifySnapshot } from './snapshot/verify-snapshot.ts';

/** The finished snapshots, oldest first. */
export async function pinSnapshots(
  directory: string,
  log: readonly ScannedSegment[],
): Promise<readonly SnapshotHandle[]> {
  const { directories = [], files = [] } = (await listDirectory(directory)) ?? {};
  const finished = directories
    .filter((id) => files.includes(checksumFileName(id)))
    .flatMap((id) => {
      const parts = parseSnapshotId(id);
      return parts === undefined ? [] : [{ id, parts }];
    })
    .sort((a, b) => (a.parts.index < b.parts.index ? -1 : 1));
  const handles: SnapshotHandle[] = [];
  for (const { id } of finished) handles.push(await pinSnapshot(directory, id, log));
  return handles;
}

async function pinSnapshot(
  parent: string,
  snapshotId: string,
  log: readonly ScannedSegment[],
): Promise<SnapshotHandle> {
  const directory = join(parent, snapshotId);
  const names = (await listDirectory(directory))?.files ?? [];
  const paths = [...names.map((name) => join(directory, name)), join(parent, checksumFileName(snapshotId))];
  const files = paths.map((path) => nodeFile(path));
  const { id, metadata, findings } = await verifySnapshot(snapshotId, files);
  const damage = findings.find(({ severity }) => severity === 'error');
  if (damage !== undefined || id === undefined || metadata === undefined) {
    const detail = `path=${directory} file=${damage?.object} ${damage?.what}`;
    throw new BrokerFailure('read snapshot', detail);
  }
  const position = maximum(metadata.processedPosition, metadata.lastFollowupEventPosition);
  return {
    id: snapshotId,
    position: logPosition(position),
    replayFrom: replayFrom(id, metadata, log),
    files,
  };
}

/**
 * A broker reads on behind what is both processed and exported. The log may begin a little later, where it
 * joins the snapshot by index: the record at that index holds the positions between.
 */
function replayFrom(id: SnapshotId, metadata: SnapshotMetadata, log: readonly ScannedSegment[]) {
  const done = -maximum(-metadata.processedPosition, -metadata.exportedPosition);
  const first = log.find(({ firstPosition }) => firstPosition !== undefined);
  const begin = log.find(({ firstIndex }) => firstIndex !== undefined)?.firstIndex;
  const joins = id.index > 0n && begin !== undefined && begin <= id.index + 1n;
  if (joins && first?.firstPosition !== undefined && first.firstPosition > done + 1n)
    return first.firstPosition;
  return logPosition(done + 1n);
}

/** Math.max takes no bigints. */
function maximum(a: bigint, b: bigint): bigint {
  if (a < b) return b;
  return a;
}
