// A partition's log on disk: append-only segments, many appends per fsync. What was told as durable is never lost
// and never cut; a damaged log is an error with a name, not a shorter log.
import { join } from 'node:path';
import type { Command } from './commands.ts';
import { type LedgerDisk, type LogFile, nodeLedgerDisk } from './ledger-disk.ts';
import { encodeRecord, hasRecordBehind, type LogRecord, scanSegment } from './record.ts';

export interface LogSettings {
  readonly directory: string;
  /** A segment that has grown to this size is sealed, in bytes. */
  readonly segmentBytes: number;
  /** The highest position known to have been acknowledged: a log that ends below it has lost something. */
  readonly acknowledged: bigint;
}

/** One file of the log. `lastPosition` is below `firstPosition` while it is empty. */
export interface Segment {
  readonly name: string;
  readonly path: string;
  readonly firstPosition: bigint;
  readonly lastPosition: bigint;
  readonly sizeBytes: number;
}

/** The log has lost or changed records that somebody may rely on. Restore the partition from a backup. */
export class LogCorrupt extends Error {
  override readonly name = 'LogCorrupt';
}

export class SegmentedLog {
  readonly #disk: LedgerDisk;
  readonly #settings: LogSettings;
  #segments: Segment[];
  #file: LogFile;
  #lastPosition: bigint;
  #unwritten: LogRecord[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;
  /** Told about records once they are on disk, in order. */
  onDurable: (records: readonly LogRecord[]) => void = () => {};
  /** Told when the disk failed. The log takes no more appends: end the process. */
  onFailure: (cause: unknown) => void = () => {};

  private constructor(disk: LedgerDisk, settings: LogSettings, segments: Segment[], file: LogFile) {
    this.#disk = disk;
    this.#settings = settings;
    this.#segments = segments;
    this.#file = file;
    this.#lastPosition = segments.at(-1)?.lastPosition ?? 0n;
  }

  /** Opens the log, cutting a torn tail that nobody was told about. Throws {@link LogCorrupt}. */
  static async open(settings: LogSettings, disk: LedgerDisk = nodeLedgerDisk): Promise<SegmentedLog> {
    disk.makeDirectory(settings.directory);
    const segments = recoverSegments(disk, settings);
    const last = segments.at(-1)?.lastPosition ?? 0n;
    if (last < settings.acknowledged) {
      throw new LogCorrupt(
        `the log ends at position ${last}, but ${settings.acknowledged} was processed: ${settings.directory}; ` +
          'restore the partition from a backup',
      );
    }
    if (segments.length === 0) segments.push(emptySegment(settings.directory, 1n));
    const file = await disk.open((segments.at(-1) as Segment).path, 'a');
    disk.sync(settings.directory);
    return new SegmentedLog(disk, settings, segments, file);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** The position of the last record appended, durable or not. */
  get lastPosition(): bigint {
    return this.#lastPosition;
  }

  /** Appends and returns the position at once. `onDurable` tells when it is safe. */
  append(command: Command, timestamp: number): bigint {
    if (this.#closed) throw new Error('the log is closed');
    this.#lastPosition += 1n;
    this.#unwritten.push({ position: this.#lastPosition, timestamp, command });
    this.#flushing ??= this.#flush().catch((cause: unknown) => {
      this.#closed = true;
      this.onFailure(cause);
    });
    return this.#lastPosition;
  }

  /** Reads what is on disk from a position on, in order. For replay, before the first append. */
  *read(from: bigint): Generator<LogRecord> {
    let expected = from;
    for (const segment of this.#segments) {
      if (segment.lastPosition < expected) continue;
      if (segment.firstPosition > expected) {
        throw new LogCorrupt(`the log has no position ${expected}: ${segment.path} starts behind it`);
      }
      const { records } = scanSegment(this.#disk.read(segment.path), segment.firstPosition);
      for (const { record } of records) {
        if (record.position < expected) continue;
        yield record;
        expected = record.position + 1n;
      }
      if (expected <= segment.lastPosition) {
        throw new LogCorrupt(`the record at position ${expected} is damaged: ${segment.path}`);
      }
    }
  }

  /** Deletes the segments whose every record lies below `keepFrom`. */
  compact(keepFrom: bigint): void {
    while (this.#segments.length > 1) {
      const oldest = this.#segments[0] as Segment;
      if (oldest.lastPosition >= keepFrom) return;
      this.#disk.remove(oldest.path);
      this.#segments = this.#segments.slice(1);
    }
  }

  /** Writes what was appended, then closes. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#file.close().catch(() => {});
  }

  async #flush(): Promise<void> {
    await Promise.resolve(); // appends of the same turn share the first write
    while (this.#unwritten.length > 0) {
      const records = this.#unwritten;
      this.#unwritten = [];
      const bytes = Buffer.concat(records.map(encodeRecord));
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
      const active = this.#segments.at(-1) as Segment;
      const lastPosition = (records.at(-1) as LogRecord).position;
      const grown = { ...active, lastPosition, sizeBytes: active.sizeBytes + bytes.length };
      this.#segments = [...this.#segments.slice(0, -1), grown];
      if (grown.sizeBytes >= this.#settings.segmentBytes) await this.#roll(lastPosition + 1n);
      this.onDurable(records);
    }
    this.#flushing = undefined;
  }

  async #roll(firstPosition: bigint): Promise<void> {
    const next = emptySegment(this.#settings.directory, firstPosition);
    await this.#file.close();
    this.#file = await this.#disk.open(next.path, 'ax');
    this.#disk.sync(this.#settings.directory);
    this.#segments = [...this.#segments, next];
  }
}

/** The segments on disk. The last one is read whole; a torn tail of it is cut. */
function recoverSegments(disk: LedgerDisk, { directory, acknowledged }: LogSettings): Segment[] {
  const names = disk
    .list(directory)
    .filter((name) => /^\d{20}\.log$/.test(name))
    .sort();
  return names.map((name, index) => {
    const path = join(directory, name);
    const firstPosition = BigInt(name.slice(0, 20));
    const next = names[index + 1];
    const bytes = disk.read(path);
    if (next !== undefined) {
      const lastPosition = BigInt(next.slice(0, 20)) - 1n;
      return { name, path, firstPosition, lastPosition, sizeBytes: bytes.length };
    }
    const { records, end } = scanSegment(bytes, firstPosition);
    const lastPosition = firstPosition + BigInt(records.length) - 1n;
    if (end < bytes.length) {
      assertTornTail(path, bytes, end, lastPosition + 1n, acknowledged);
      disk.truncate(path, end);
    }
    return { name, path, firstPosition, lastPosition, sizeBytes: end };
  });
}

/** A write that a crash cut short was never acknowledged, and nothing whole can stand behind it. */
function assertTornTail(
  path: string,
  bytes: Buffer,
  end: number,
  position: bigint,
  acknowledged: bigint,
): void {
  if (position <= acknowledged || hasRecordBehind(bytes, end, position)) {
    throw new LogCorrupt(
      `the record at position ${position} is damaged: ${path} offset ${end}; restore the partition from a backup`,
    );
  }
}

function emptySegment(directory: string, firstPosition: bigint): Segment {
  const name = `${firstPosition.toString().padStart(20, '0')}.log`;
  return { name, path: join(directory, name), firstPosition, lastPosition: firstPosition - 1n, sizeBytes: 0 };
}
