// What tidemark backs up of a partition: its snapshots and its log. Pinning is one synchronous step, and while
// anything is pinned nothing is deleted. The files carry versions, so that a backup does not read what has not changed.
import {
  type CheckpointState,
  logPosition,
  type PartitionReservation,
  type PartitionSource,
  type SegmentHandle,
  type SnapshotHandle,
} from 'tidemark';
import type { LedgerEnvironment } from './environment.ts';
import type { LedgerDisk } from './ledger-disk.ts';
import { scanSegment } from './record.ts';
import type { Segment, SegmentedLog } from './segmented-log.ts';
import type { Snapshot, SnapshotDirectory } from './snapshots.ts';

export class LedgerPartitionSource implements PartitionSource {
  readonly #disk: LedgerDisk;
  readonly #incarnation: string;
  readonly #log: SegmentedLog;
  readonly #snapshots: SnapshotDirectory;
  readonly #checkpoints: () => readonly CheckpointState[];
  #pins = 0;

  /**
   * `incarnation` is new each time that the partition is opened, before anything is appended. While it is open its log only
   * grows and its snapshots do not change; what was cut or restored before is another incarnation, and another node's too.
   */
  constructor(
    { disk, newId }: Pick<LedgerEnvironment, 'disk' | 'newId'>,
    log: SegmentedLog,
    snapshots: SnapshotDirectory,
    checkpoints: () => readonly CheckpointState[],
  ) {
    this.#checkpoints = checkpoints;
    this.#disk = disk;
    this.#incarnation = newId();
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
      snapshots: this.#snapshots.all.map((snapshot) => this.#snapshotHandle(snapshot)),
      segments: this.#log.segments.map((segment) => this.#segmentHandle(segment)),
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

  #snapshotHandle({ id, position, path }: Snapshot): SnapshotHandle {
    // The file of each snapshot has the same name.
    const version = `${this.#incarnation}/${id}`;
    return {
      id,
      position: logPosition(position),
      replayFrom: logPosition(position + 1n),
      files: [this.#disk.backupFile(path, { version })],
    };
  }

  #segmentHandle(segment: Segment): SegmentHandle {
    const { name, path, firstPosition, lastPosition, sizeBytes } = segment;
    const version = this.#incarnation;
    const whole = this.#disk.backupFile(path, { version, sizeBytes });
    if (lastPosition < firstPosition) return { name, upTo: async () => whole };
    return {
      name,
      firstPosition: logPosition(firstPosition),
      lastPosition: logPosition(lastPosition),
      upTo: async (position) => {
        if (position >= lastPosition) return whole;
        const { records } = scanSegment(await this.#disk.readLater(path), firstPosition);
        const end = records[Number(position - firstPosition)]?.end ?? 0;
        return this.#disk.backupFile(path, { version, sizeBytes: end });
      },
    };
  }
}
