// Goes back to seconds that are drawn by chance: between two checkpoints, exactly on a marker and a moment before it, and
// where the retention has left nothing. Throws when one comes to another checkpoint than the client's own book says.
import { join } from 'node:path';
import { PointNotFound, type RestorableRange, type RestorableRanges, restorableRanges } from 'tidemark';
import { timestamp } from '../../src/core/backup.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { Chance } from '../simulation/chance.ts';
import { checkRestored, restoreManager } from './check-restored.ts';
import { type BookedCheckpoint, type MonthLedger, PARTITIONS } from './month-ledger.ts';

const SECOND = 1_000;

export class ChosenSeconds {
  readonly counts = { between: 0, onMarkers: 0, refused: 0 };
  readonly #ledger: MonthLedger;
  readonly #store: BackupStore;
  readonly #chance: Chance;
  readonly #scratch: string;

  constructor(ledger: MonthLedger, store: BackupStore, chance: Chance, scratch: string) {
    this.#ledger = ledger;
    this.#store = store;
    this.#chance = chance;
    this.#scratch = scratch;
  }

  /** What can be restored. Each range has to have every checkpoint that was made between its ends. */
  async ranges(): Promise<RestorableRanges> {
    const told = await restorableRanges(this.#store, { partitionsCount: PARTITIONS });
    if (told.isErr()) throw told.error;
    for (const range of told.value.ranges) {
      const made = this.#bookedIn(range).length;
      if (range.points !== made) {
        const ends = `${range.from.timestamp} to ${range.to.timestamp}`;
        throw new Error(`the range ${ends} has ${range.points} points, and ${made} checkpoints were made`);
      }
    }
    return told.value;
  }

  /** A whole second between a checkpoint and the next one: it comes to the earlier of the two. */
  async between({ ranges }: RestorableRanges): Promise<void> {
    const [booked, next] = this.#neighbours(ranges);
    const first = Math.ceil(booked.madeMs / SECOND);
    const second = this.#chance.between(first, Math.ceil(next.fromMs / SECOND) - 1);
    await this.#restore(timestamp(second * SECOND), booked);
    this.counts.between += 1;
  }

  /** The very time of a marker comes to it, and a millisecond before that to the checkpoint before. */
  async onMarker({ ranges }: RestorableRanges): Promise<void> {
    const [before, marker, next] = this.#neighbours(ranges, 3);
    const manager = restoreManager(this.#store, join(this.#scratch, 'unused'));
    const found = await manager.planTo(timestamp(next.fromMs - 1));
    if (found.isErr()) throw found.error;
    const exact = found.value.point.timestamp;
    await this.#restore(exact, marker);
    const earlier = await manager.planTo(timestamp(Date.parse(exact) - 1));
    if (earlier.isErr()) throw earlier.error;
    if (earlier.value.point.checkpointId !== before.id) {
      throw new Error(
        `a moment before ${exact} comes to ${earlier.value.point.checkpointId}, not to ${before.id}`,
      );
    }
    this.counts.onMarkers += 1;
  }

  /** A time from which no backup is left, and one before all: both are refused, and what there is is named. */
  async refused({ ranges, gaps }: RestorableRanges): Promise<void> {
    const [oldest] = ranges;
    if (oldest === undefined) throw new Error('nothing can be restored');
    await this.#refuse(timestamp(Date.parse(oldest.from.timestamp) - SECOND), []);
    if (gaps.length === 0) return;
    const { after, before } = this.#chance.pick(gaps);
    const [from, to] = [Date.parse(after.timestamp), Date.parse(before.timestamp)];
    const time = timestamp(this.#chance.between(from + 1, to - 1));
    await this.#refuse(time, [after.timestamp, before.timestamp]);
  }

  async #refuse(time: string, named: readonly string[]): Promise<void> {
    const planned = await restoreManager(this.#store, join(this.#scratch, 'unused')).planTo(time);
    if (planned.isOk())
      throw new Error(`${time} came to ${planned.value.point.timestamp}, and nothing is left of it`);
    const { error } = planned;
    if (!(error instanceof PointNotFound)) throw error;
    const missing = named.filter((each) => !error.message.includes(each));
    if (missing.length > 0) throw new Error(`${missing} is not named: ${error.message}`);
    this.counts.refused += 1;
  }

  async #restore(time: string, expected: BookedCheckpoint): Promise<void> {
    const report = await checkRestored(this.#ledger, this.#store, time, join(this.#scratch, 'second'));
    if (report.checkpointId === expected.id) return;
    throw new Error(`${time} came to checkpoint ${report.checkpointId}, and the book says ${expected.id}`);
  }

  /** Checkpoints that follow each other in one range; of three the middle one is a marker. */
  #neighbours(
    ranges: readonly RestorableRange[],
    count: 3,
  ): readonly [BookedCheckpoint, BookedCheckpoint, BookedCheckpoint];
  #neighbours(ranges: readonly RestorableRange[]): readonly [BookedCheckpoint, BookedCheckpoint];
  #neighbours(ranges: readonly RestorableRange[], count = 2): readonly BookedCheckpoint[] {
    const rows = ranges.flatMap((range) => {
      const booked = this.#bookedIn(range);
      return booked.slice(0, 1 - count).map((_, index) => booked.slice(index, index + count));
    });
    return this.#chance.pick(count === 2 ? rows : rows.filter(([, middle]) => middle?.type === 'marker'));
  }

  #bookedIn({ from, to }: RestorableRange): readonly BookedCheckpoint[] {
    return this.#ledger.checkpoints.filter(({ id }) => id >= from.checkpointId && id <= to.checkpointId);
  }
}
