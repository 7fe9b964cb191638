// Collects the checkpoints of a log while it is scanned: those that were created, not the repeated commands
// that were ignored. A CREATE whose CREATED did not make it into the log counts too: the broker processes it
// when it starts.
import { checkpointId, INT64_MAX, type LogPosition, logPosition } from '../core/ids.ts';
import type { CheckpointState } from '../ports/partition.ts';
import { parseCheckpointRecord } from './journal/checkpoint-record.ts';
import type { JournalRecord } from './journal/journal-record.ts';
import { type LogRecord, parseRecordBatch } from './journal/record-batch.ts';

/** The last millisecond of the year 9999: what is behind it is no time that can be written. */
const LATEST_MS = BigInt(Date.UTC(10_000, 0, 1) - 1);

/** Give `see` to a scan as `onRecord`. */
export class CheckpointList {
  readonly #checkpoints: CheckpointState[] = [];
  #latest = 0n;
  #unreadable: string | undefined;
  #brokerVersion: string | undefined;
  #agreed: bigint | undefined;

  /**
   * In ascending order. Only those whose CREATE is in the log, each with the time of that where a log can be cut
   * right behind it: a journal record that holds more is kept whole.
   */
  get checkpoints(): readonly CheckpointState[] {
    return this.#checkpoints;
  }

  /** Why a record could not be read; undefined when all could. */
  get unreadable(): string | undefined {
    return this.#unreadable;
  }

  /** The version of the broker that wrote the last record that tells one. */
  get brokerVersion(): string | undefined {
    return this.#brokerVersion;
  }

  /**
   * The highest position of a checkpoint that is proven to be committed: an event tells that a leader processed it, and
   * a leader processes only what is. Undefined without such an event.
   */
  get agreedPosition(): LogPosition | undefined {
    return this.#agreed === undefined ? undefined : logPosition(this.#agreed);
  }

  readonly see = ({ entry, index }: JournalRecord): void => {
    if (entry.type !== 'application') return;
    const records = parseRecordBatch(entry.batch, entry.lowestPosition, entry.highestPosition);
    if (records.isErr()) {
      this.#unreadable ??= `index=${index} ${records.error}`;
      return;
    }
    for (const record of records.value) {
      this.#brokerVersion = record.metadata.brokerVersion ?? this.#brokerVersion;
      const parsed = parseCheckpointRecord(record);
      if (parsed.isErr()) this.#unreadable ??= `index=${index} ${parsed.error}`;
      else if (parsed.value !== undefined) {
        const { intent, checkpointId: id, checkpointPosition } = parsed.value;
        if (intent !== 'CREATE') this.#processed(checkpointPosition, record.position);
        if (intent === 'CREATE') this.#created(id, record, record.position === entry.highestPosition);
        // A log may begin behind a CREATE. The events still tell which ids are used up.
        else if (intent === 'CREATED' && id > this.#latest) this.#latest = id;
        else if (intent === 'IGNORED' && id > this.#latest) this.#latest = id;
      }
    }
  };

  #processed(position: bigint, at: LogPosition): void {
    // What an event says of a record behind itself proves nothing.
    if (position > 0n && position < at && position > (this.#agreed ?? 0n)) this.#agreed = position;
  }

  #created(id: bigint, { position, timestamp }: LogRecord, isLast: boolean): void {
    const before = this.#checkpoints.at(-1)?.position ?? 0n;
    if (id <= this.#latest || id > INT64_MAX || position <= before) return;
    this.#latest = id;
    const isTimed = isLast && timestamp > 0n && timestamp <= LATEST_MS;
    const time = isTimed ? { timestamp: Number(timestamp) } : {};
    this.#checkpoints.push({ checkpointId: checkpointId(id), position, ...time });
  }
}
