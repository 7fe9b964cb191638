// What tidemark backs up of a partition: its snapshots and its log. Pinning is one synchronous step, and while
// anything is pinned nothing is deleted.
import { readFile } from 'node:fs/promises';
import {
  logPosition,
  nodeFile,
  type PartitionReservation,
  type PartitionSource,
  type SegmentHandle,
  type SnapshotHandle,
} from 'tidemark';
import { scanSegment } from './record.ts';
import type { Segment, SegmentedLog } from './segmented-log.ts';
import type { Snapshot, SnapshotDirectory } from './snapshots.ts';

export class LedgerPartitionSource implements PartitionSource {
  readonly #log: SegmentedLog;
  readonly #snapshots: SnapshotDirectory;
  #pins = 0;

  constructor(log: SegmentedLog, snapshots: SnapshotDirectory) {
    this.#log = log;
    this.#snapshots = snapshots;
  }

  async reserve(): Promise<PartitionReservation> {
    this.#pins += 1;
    let released = false;
    return {
      snapshots: this.#snapshots.all.map(snapshotHandle),
      segments: this.#log.segments.map(segmentHandle),
      release: async () => {
        if (released) return;
        released = true;
        this.#pins -= 1;
        this.compact();
      },
    };
  }

  /** Deletes old snapshots and what of the log only they needed. Does nothing while a backup has them pinned. */
  compact(): void {
    if (this.#pins === 0) this.#log.compact(this.#snapshots.prune());
  }
}

function snapshotHandle({ id, position, path }: Snapshot): SnapshotHandle {
  return {
    id,
    position: logPosition(position),
    replayFrom: logPosition(position + 1n),
    files: [nodeFile(path)],
  };
}

function segmentHandle(segment: Segment): SegmentHandle {
  const { name, path, firstPosition, lastPosition, sizeBytes } = segment;
  const whole = nodeFile(path, { sizeBytes });
  if (lastPosition < firstPosition) return { name, upTo: async () => whole };
  return {
    name,
    firstPosition: logPosition(firstPosition),
    lastPosition: logPosition(lastPosition),
    upTo: async (position) => {
      if (position >= lastPosition) return whole;
      const { records } = scanSegment(await readFile(path), firstPosition);
      return nodeFile(path, { sizeBytes: records[Number(position - firstPosition)]?.end ?? 0 });
    },
  };
}
