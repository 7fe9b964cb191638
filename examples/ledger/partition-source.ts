// What tidemark backs up of a partition: its snapshots and its log. Pinning is one synchronous step, and while
// anything is pinned nothing is deleted.
import {
  type CheckpointState,
  logPosition,
  type PartitionReservation,
  type PartitionSource,
  type SegmentHandle,
  type SnapshotHandle,
} from 'tidemark';
import type { LedgerDisk } from './ledger-disk.ts';
import { scanSegment } from './record.ts';
import type { Segment, SegmentedLog } from './segmented-log.ts';
import type { Snapshot, SnapshotDirectory } from './snapshots.ts';

export class LedgerPartitionSource implements PartitionSource {
  readonly #disk: LedgerDisk;
  readonly #log: SegmentedLog;
  readonly #snapshots: SnapshotDirectory;
  readonly #checkpoints: () => readonly CheckpointState[];
  #pins = 0;

  constructor(
    disk: LedgerDisk,
    log: SegmentedLog,
    snapshots: SnapshotDirectory,
    checkpoints: () => readonly CheckpointState[],
  ) {
    this.#checkpoints = checkpoints;
    this.#disk = disk;
    this.#log = log;
    this.#snapshots = snapshots;
  }

  /**
   * Where the newest backup of the whole cluster ends here: the next one is to reach back to it, so that between the two
   * there is no point that nobody can restore to. Undefined: nobody wants points in time.
   */
  reachingTo: bigint | undefined;

  /** How many reservations hold files now. */
  get pins(): number {
    return this.#pins;
  }

  async reserve(): Promise<PartitionReservation> {
    this.#pins += 1;
    let released = false;
    return {
      snapshots: this.#snapshots.all.map((snapshot) => snapshotHandle(this.#disk, snapshot)),
      segments: this.#log.segments.map((segment) => segmentHandle(this.#disk, segment)),
      checkpoints: this.#checkpoints(),
      ...(this.reachingTo !== undefined && { reachingTo: logPosition(this.reachingTo) }),
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
    if (this.#pins === 0) this.#log.compact(this.#snapshots.prune(this.reachingTo));
  }
}

function snapshotHandle(disk: LedgerDisk, { id, position, path }: Snapshot): SnapshotHandle {
  return {
    id,
    position: logPosition(position),
    replayFrom: logPosition(position + 1n),
    files: [disk.backupFile(path)],
  };
}

function segmentHandle(disk: LedgerDisk, segment: Segment): SegmentHandle {
  const { name, path, firstPosition, lastPosition, sizeBytes } = segment;
  const whole = disk.backupFile(path, sizeBytes);
  if (lastPosition < firstPosition) return { name, upTo: async () => whole };
  return {
    name,
    firstPosition: logPosition(firstPosition),
    lastPosition: logPosition(lastPosition),
    upTo: async (position) => {
      if (position >= lastPosition) return whole;
      const { records } = scanSegment(await disk.readLater(path), firstPosition);
      return disk.backupFile(path, records[Number(position - firstPosition)]?.end ?? 0);
    },
  };
}
