// Finds the journal record that covers a checkpoint's position while a log is scanned. A position may lie
// inside a record that batches several: the record's own asqn is its first position.
import { type CheckpointId, type LogPosition, logPosition } from '../../core/ids.ts';
import { parseCheckpointRecord } from './checkpoint-record.ts';
import type { JournalRecord } from './journal-record.ts';
import { parseRecordBatch } from './record-batch.ts';

export interface CheckpointLocation {
  /** Which segment, counted from 0 over the segments in order. */
  readonly segment: number;
  readonly index: bigint;
  readonly offset: number;
  /** Behind the record: where a log that ends with the checkpoint ends. */
  readonly endOffset: number;
  readonly lowestPosition: LogPosition;
  readonly highestPosition: LogPosition;
  /** The CREATE is alone in its record, as Zeebe's own restore needs it. */
  readonly alone: boolean;
  /** Why the record at the position is not the CREATE of the checkpoint; undefined when it is. */
  readonly mismatch: string | undefined;
}

/** Give `see` to a scan as `onRecord`. */
export class CheckpointSearch {
  readonly #position: LogPosition;
  readonly #checkpointId: CheckpointId;
  #found: CheckpointLocation | undefined;

  constructor(position: LogPosition, checkpointId: CheckpointId) {
    this.#position = position;
    this.#checkpointId = checkpointId;
  }

  /** The first record that covers the position; undefined while none was seen. */
  get found(): CheckpointLocation | undefined {
    return this.#found;
  }

  readonly see = ({ entry, index, offset, endOffset }: JournalRecord, segment: number): void => {
    if (this.#found !== undefined || entry.type !== 'application') return;
    const { lowestPosition, highestPosition, batch } = entry;
    if (lowestPosition > this.#position || highestPosition < this.#position) return;
    this.#found = {
      segment,
      index,
      offset,
      endOffset,
      lowestPosition,
      highestPosition,
      alone: lowestPosition === highestPosition,
      mismatch: this.#mismatch(batch, lowestPosition, highestPosition),
    };
  };

  #mismatch(batch: Uint8Array, lowest: LogPosition, highest: LogPosition): string | undefined {
    const records = parseRecordBatch(batch, lowest, highest);
    if (records.isErr()) return records.error;
    const record = records.value.find(({ position }) => position === this.#position);
    if (record === undefined) return `no record at position ${logPosition(this.#position)}`;
    const checkpoint = parseCheckpointRecord(record);
    if (checkpoint.isErr()) return checkpoint.error;
    const { valueType, intent, recordType } = record.metadata;
    if (checkpoint.value?.intent !== 'CREATE') {
      return (
        `the record at position ${this.#position} creates no checkpoint: ` +
        `recordType=${recordType} valueType=${valueType} intent=${intent}`
      );
    }
    return checkpoint.value.checkpointId === this.#checkpointId
      ? undefined
      : `the record at position ${this.#position} creates checkpoint ${checkpoint.value.checkpointId}`;
  }
}
