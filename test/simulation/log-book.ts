// What really happened: every committed record of every partition, kept apart from the cluster. From it follows what
// each checkpoint must hold, without asking any of the code under test.

import { processRecord } from '../../examples/ledger/process-record.ts';
import { decodeRecord, type LogRecord } from '../../examples/ledger/record.ts';
import { CheckpointProcessor } from '../../src/checkpoint/checkpoint-processor.ts';
import type { CheckpointId } from '../../src/core/ids.ts';
import { copyData, emptyData, MemoryState, rowsOf, type StateData } from './memory-state.ts';
import { snapshotOfPath } from './simulated-disk.ts';
import { hold } from './violation.ts';

/** The cut of one partition. */
export interface Cut {
  readonly position: bigint;
  /** The state right behind the record that made the checkpoint. */
  readonly rows: string;
  readonly data: StateData;
  /** Transfers that were acknowledged to their clients before that record was committed. */
  readonly acknowledged: readonly string[];
}

interface Committed {
  readonly record: LogRecord;
  readonly bytes: Buffer;
  /** How many transfers had been acknowledged on this partition when it was committed. */
  readonly acknowledged: number;
}

class PartitionBook {
  /** The record at position `index + 1`. */
  readonly records: Committed[] = [];
  readonly acknowledged: string[] = [];
  readonly snapshots = new Map<string, Buffer>();
  readonly #partitions: number;
  readonly #cuts = new Map<CheckpointId, Cut>();
  readonly #state = new MemoryState(emptyData(), () => {});
  #folded = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  commit(path: string, bytes: Buffer): void {
    const first = BigInt(/(\d{20})\.log$/.exec(path)?.[1] ?? 0);
    let position = first;
    let at = 0;
    // What is known already is only compared.
    for (; position <= BigInt(this.records.length) && at < bytes.length; position += 1n) {
      const known = this.records[Number(position) - 1] as Committed;
      const found = bytes.subarray(at, at + known.bytes.length);
      hold(
        found.equals(known.bytes),
        'the simulation itself is sound',
        () => `two records at ${position} of ${path}`,
      );
      at += known.bytes.length;
    }
    for (;;) {
      const next = decodeRecord(bytes, at, position);
      if (next === undefined) return;
      const { record, end } = next;
      this.records.push({
        record,
        bytes: Buffer.from(bytes.subarray(at, end)),
        acknowledged: this.acknowledged.length,
      });
      at = end;
      position += 1n;
    }
  }

  /** The cut of a checkpoint, or undefined where no record made it. */
  cut(id: CheckpointId): Cut | undefined {
    const checkpoints = new CheckpointProcessor({ state: this.#state });
    const context = { state: this.#state, checkpoints, partitions: this.#partitions };
    for (; this.#folded < this.records.length; this.#folded += 1) {
      const { record, acknowledged } = this.records[this.#folded] as Committed;
      const outcome = processRecord(context, record);
      this.#state.processed = record.position;
      if (outcome.code !== 'checkpoint' || outcome.event.intent !== 'CREATED') continue;
      const data = copyData(this.#state.data);
      this.#cuts.set(outcome.event.checkpointId, {
        position: record.position,
        rows: rowsOf(data),
        data,
        acknowledged: this.acknowledged.slice(0, acknowledged),
      });
    }
    return this.#cuts.get(id);
  }

  get cuts(): number {
    return this.#cuts.size;
  }

  /** The bytes of the records from one position to another, both included. */
  bytes(from: bigint, to: bigint): Buffer {
    return Buffer.concat(
      this.records.slice(Number(from) - 1, Number(to)).map((committed) => committed.bytes),
    );
  }
}

export class LogBook {
  readonly #partitions: readonly PartitionBook[];

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, () => new PartitionBook(partitions));
  }

  partition(partitionId: number): PartitionBook {
    return this.#partitions[partitionId - 1] as PartitionBook;
  }

  committed(path: string, bytes: Buffer): void {
    this.partition(partitionOfPath(path)).commit(path, bytes);
  }

  snapshot(path: string, bytes: Buffer): void {
    this.partition(partitionOfPath(path)).snapshots.set(snapshotOfPath(path) as string, Buffer.from(bytes));
  }
}

/** For a cluster of which nobody asks what its logs hold. */
export class BlankBook extends LogBook {
  override committed(): void {}

  override snapshot(): void {}
}

function partitionOfPath(path: string): number {
  return Number(/\/partitions\/(\d+)\//.exec(path)?.[1]);
}
