// One partition of a stopped broker: what is in its log, and its files for a backup. It only reads.
import { join } from 'node:path';
import { err, ok, type ResultAsync } from 'neverthrow';
import { BrokerFailure, isBackupError } from '../core/errors.ts';
import type { LogPosition, PartitionId } from '../core/ids.ts';
import { fromAsync } from '../core/result.ts';
import type { CheckpointState, PartitionReservation, PartitionSource } from '../ports/partition.ts';
import { nodeFile } from '../runtime/node-file.ts';
import { CheckpointList } from './checkpoint-list.ts';
import { listDirectory } from './disk-reading.ts';
import { type ScanLogOptions, type ScannedLog, scanLog } from './journal/scan-log.ts';
import { pinSegments } from './pin-segments.ts';
import { pinSnapshots } from './pin-snapshots.ts';

export interface ZeebePartitionSettings {
  readonly partitionId: PartitionId;
  /** `<data>/raft-partition/partitions/<partition>`. */
  readonly directory: string;
}

export interface ZeebePartitionState {
  /** The checkpoints whose CREATE is in the log, in ascending order, each with its time: the last one is the latest. */
  readonly checkpoints: readonly CheckpointState[];
  /** The term of the last record; 0 in an empty log. */
  readonly term: bigint;
  /** Absent in a log without log records. */
  readonly lastPosition: LogPosition | undefined;
  /**
   * Up to here the log itself proves that the nodes of the partition had agreed on it. Absent where it does not: a log
   * on disk may end with records that a later leader would have dropped.
   */
  readonly agreedPosition?: LogPosition;
  /** Of the broker that wrote the last record; absent where the log does not tell. */
  readonly brokerVersion?: string;
}

/** A partition on a stopped broker's disk, as the source of a backup. */
export class ZeebePartition implements PartitionSource {
  readonly partitionId: PartitionId;
  readonly #directory: string;

  constructor({ partitionId, directory }: ZeebePartitionSettings) {
    this.partitionId = partitionId;
    this.#directory = directory;
  }

  /** Reads the whole log. Damage in it, other than a torn end, is a BrokerFailure. */
  inspect(options: { readonly signal?: AbortSignal } = {}): ResultAsync<ZeebePartitionState, BrokerFailure> {
    return fromAsync<ZeebePartitionState, BrokerFailure>(async () => {
      try {
        const list = new CheckpointList();
        const { segments } = await this.#scan({ ...options, onRecord: list.see });
        if (list.unreadable !== undefined) throw this.#failure(list.unreadable);
        return ok({
          checkpoints: list.checkpoints,
          term: segments.findLast(({ term }) => term !== undefined)?.term ?? 0n,
          lastPosition: segments.findLast(({ lastPosition }) => lastPosition !== undefined)?.lastPosition,
          ...(list.agreedPosition !== undefined && { agreedPosition: list.agreedPosition }),
          ...(list.brokerVersion !== undefined && { brokerVersion: list.brokerVersion }),
        });
      } catch (cause) {
        if (cause instanceof BrokerFailure) return err(cause);
        if (isBackupError(cause)) return err(this.#failure(cause.message, cause));
        throw cause;
      }
    });
  }

  /** Nothing needs to be held: the broker is stopped. Reads log and snapshots once, and throws on damage. */
  async reserve(): Promise<PartitionReservation> {
    const log = await this.#scan();
    return {
      snapshots: await pinSnapshots(join(this.#directory, 'snapshots'), log.segments),
      segments: pinSegments(log.segments),
      async release() {},
    };
  }

  async #scan(options: Omit<ScanLogOptions, 'partitionId'> = {}): Promise<ScannedLog> {
    const names = (await listDirectory(this.#directory))?.files ?? [];
    const files = names.map((name) => nodeFile(join(this.#directory, name)));
    const log = await scanLog(files, { ...options, partitionId: this.partitionId });
    // A broker that was killed leaves a half-written record at the very end: the log ends before it.
    const last = log.segments.findLastIndex(({ end }) => end.verdict !== 'unused');
    const damage = log.damage.find(
      ({ segment }) => segment !== last || log.segments[segment]?.descriptor === undefined,
    );
    if (damage !== undefined) {
      throw this.#failure(`the log is damaged: file=${damage.object} offset=${damage.offset} ${damage.what}`);
    }
    return log;
  }

  #failure(detail: string, cause?: unknown): BrokerFailure {
    return new BrokerFailure(
      'read partition',
      `partition=${this.partitionId} path=${this.#directory} ${detail}`,
      cause,
    );
  }
}
