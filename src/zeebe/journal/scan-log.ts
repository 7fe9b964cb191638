// Reads all segments of a partition in their order and holds them against each other: indexes and positions
// go on from one to the next without a gap. It goes on behind damage, to find all of it.
import type { BackupFile } from '../../core/backup.ts';
import { BackupCorrupt } from '../../core/errors.ts';
import type { LogPosition, PartitionId } from '../../core/ids.ts';
import type { JournalRecord, SegmentEnd } from './journal-record.ts';
import { readSegment } from './read-segment.ts';
import type { SegmentDescriptor } from './segment-descriptor.ts';
import { segmentsInOrder } from './segment-name.ts';

export interface ScanLogOptions {
  readonly partitionId: PartitionId;
  readonly signal?: AbortSignal | undefined;
  /** Called for each record, in the order of the log. `segment` counts from 0 over the segments in order. */
  readonly onRecord?: (record: JournalRecord, segment: number) => void;
}

/** What was found. */
export interface ScannedLog {
  /** In the order of the log. */
  readonly segments: readonly ScannedSegment[];
  /** In the order of the log. Empty when the log is whole. */
  readonly damage: readonly LogDamage[];
  /** Bytes that Zeebe reads as a record although it never writes them so. */
  readonly oddities: readonly LogDamage[];
}

export interface ScannedSegment {
  readonly file: BackupFile;
  /** Absent in a file that is unused or damaged there. */
  readonly descriptor?: SegmentDescriptor;
  readonly records: number;
  /** Absent while there is no record. */
  readonly firstIndex?: bigint;
  readonly lastIndex?: bigint;
  /** Absent while there is no application entry. */
  readonly firstPosition?: LogPosition;
  readonly lastPosition?: LogPosition;
  /** The term of the last record. */
  readonly term?: bigint;
  readonly end: SegmentEnd;
}

export interface LogDamage {
  /** Which segment, counted from 0. */
  readonly segment: number;
  /** The name of the file, or what a store calls the damaged object. */
  readonly object: string;
  readonly offset: number;
  readonly what: string;
  /** The store could not give the file. */
  readonly isUnreadable?: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Scans the log. Files that are no segments of the partition are left out. Passes on what a file throws. */
export async function scanLog(files: readonly BackupFile[], options: ScanLogOptions): Promise<ScannedLog> {
  const scan = new LogScan(options);
  for (const file of segmentsInOrder(files, options.partitionId)) await scan.segment(file);
  return scan;
}

class LogScan implements ScannedLog {
  readonly segments: ScannedSegment[] = [];
  readonly damage: LogDamage[] = [];
  readonly oddities: LogDamage[] = [];
  readonly #options: ScanLogOptions;
  /** Due next; undefined where anything may come: at the start, and behind damage. */
  #nextIndex: bigint | undefined;
  #nextPosition: bigint | undefined;
  #unused: BackupFile | undefined;

  constructor(options: ScanLogOptions) {
    this.#options = options;
  }

  async segment(file: BackupFile): Promise<void> {
    const scanned: Mutable<ScannedSegment> = { file, records: 0, end: NOTHING };
    try {
      for await (const part of readSegment(file.open(signalOption(this.#options.signal)))) {
        if (part.kind === 'descriptor') this.#descriptor(file, part.descriptor, scanned);
        else if (part.kind === 'record') this.#record(file, part, scanned);
        else scanned.end = part;
      }
      if (scanned.end.verdict === 'damaged') this.#damaged(file.name, scanned.end.offset, scanned.end.what);
      if (scanned.end.verdict === 'unused') this.#unused = file;
    } catch (cause) {
      if (!(cause instanceof BackupCorrupt)) throw cause;
      scanned.end = { kind: 'end', verdict: 'damaged', offset: 0, what: cause.detail };
      this.#damaged(cause.object, 0, cause.detail, { isUnreadable: true });
    }
    this.segments.push(scanned);
  }

  #descriptor(file: BackupFile, descriptor: SegmentDescriptor, scanned: Mutable<ScannedSegment>): void {
    if (this.#unused !== undefined) {
      this.#damaged(file.name, 0, `the file before it, ${this.#unused.name}, is empty`);
      this.#unused = undefined;
    }
    scanned.descriptor = descriptor;
    const expected = this.#nextIndex;
    if (expected !== undefined && descriptor.index !== expected) {
      this.#damaged(file.name, 0, `it begins at index ${descriptor.index}, but ${expected} is due`);
    }
    this.#nextIndex = descriptor.index;
  }

  #record(file: BackupFile, record: JournalRecord, scanned: Mutable<ScannedSegment>): void {
    const segment = this.segments.length;
    const { entry, index, offset } = record;
    scanned.records += 1;
    scanned.firstIndex ??= index;
    scanned.lastIndex = index;
    scanned.term = entry.term;
    this.#nextIndex = index + 1n;
    if (entry.type === 'application') {
      const expected = this.#nextPosition;
      if (expected !== undefined && entry.lowestPosition !== expected) {
        this.#damaged(
          file.name,
          offset,
          `it begins at position ${entry.lowestPosition}, but ${expected} is due`,
        );
      }
      scanned.firstPosition ??= entry.lowestPosition;
      scanned.lastPosition = entry.highestPosition;
      this.#nextPosition = entry.highestPosition + 1n;
    }
    if (record.oddity !== undefined) {
      this.oddities.push({ segment, object: file.name, offset, what: record.oddity });
    }
    this.#options.onRecord?.(record, segment);
  }

  #damaged(object: string, offset: number, what: string, more: Pick<LogDamage, 'isUnreadable'> = {}): void {
    this.damage.push({ segment: this.segments.length, object, offset, what, ...more });
    this.#nextIndex = undefined;
    this.#nextPosition = undefined;
  }
}

const NOTHING: SegmentEnd = { kind: 'end', verdict: 'zeros', offset: 0, what: '' };

function signalOption(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
