// A month, hour by hour and day by day: what happens in it, and what must hold at the end of each day. Throws when it does not.
import { join } from 'node:path';
import { type CheckpointId, checkpointId, type RestorableRanges } from 'tidemark';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { Chance } from '../simulation/chance.ts';
import { checkRestored } from './check-restored.ts';
import { ChosenSeconds } from './chosen-seconds.ts';
import type { CompressedTime } from './compressed-time.ts';
import { MARKERS_EVERY_MS, type MonthLedger } from './month-ledger.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Acknowledged before the backup of the hour, and under way while it is triggered. */
const TRANSFERS_BEFORE = 3;
const TRANSFERS_BESIDE = 2;
/** What the policy keeps at most, and what is taken until the next cleanup. */
const KEPT_MAX = 12 + 7 + 4 + 24;
/** From the second week on the store holds about as much as it ever will. */
export const SETTLED_DAY = 10;
const OBJECTS_GROWTH_MAX = 1.5;
/** What the clients remember grows with each transfer, by some hundred bytes. */
const HEAP_GROWTH_BYTES_MAX = 12 * 1024 * 1024;

export interface Day {
  readonly day: number;
  readonly taken: number;
  readonly kept: number;
  readonly objects: number;
  readonly storedBytes: number;
  readonly deleted: number;
  readonly freedBytes: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Whole backups that were restored and audited. */
  readonly restored: number;
  /** Points that there are now, and in how many ranges. */
  readonly points: number;
  readonly ranges: number;
  /** Chosen seconds that were restored and audited, and that were refused because nothing is left of them. */
  readonly seconds: number;
  readonly refused: number;
}

export interface MonthParts {
  readonly time: CompressedTime;
  readonly ledger: MonthLedger;
  readonly store: BackupStore;
  readonly storage: ObjectStorage;
  readonly scratch: string;
  readonly seed: number;
  /** When the first backup is due. */
  readonly startMs: number;
}

export class Month {
  readonly #parts: MonthParts;
  readonly #chance: Chance;
  readonly #days: Day[] = [];
  readonly #startMs: number;
  readonly #seconds: ChosenSeconds;
  #taken = 0;
  #restored = 0;

  constructor(parts: MonthParts) {
    this.#parts = parts;
    this.#chance = new Chance(parts.seed + 1);
    this.#startMs = parts.startMs;
    this.#seconds = new ChosenSeconds(parts.ledger, parts.store, this.#chance, parts.scratch);
  }

  /** Goes through the next day, which begins with the backup of its first hour. */
  async day(): Promise<Day> {
    const { ledger } = this.#parts;
    const number = this.#days.length + 1;
    for (let hour = 0; hour < 24; hour += 1) {
      await this.#hour(this.#startMs + ((number - 1) * 24 + hour) * HOUR, hour === 0);
    }
    if (number % 7 === 0) await this.#byHand();
    const day = await this.#close(number);
    if (ledger.failures.length > 0) throw new Error(ledger.failures.join('\n'));
    this.#days.push(day);
    this.#judge(day);
    return day;
  }

  async #hour(slotMs: number, isFirst: boolean): Promise<void> {
    const { time, ledger } = this.#parts;
    const id = checkpointId(slotMs);
    await ledger.transfer(TRANSFERS_BEFORE);
    ledger.promise();
    await time.passTo(slotMs - 1);
    const beside = ledger.transfer(TRANSFERS_BESIDE);
    await time.passTo(slotMs);
    if (this.#taken === 0) ledger.schedule();
    await time.until(`backup ${id}`, () => ledger.isCompleted(id) || ledger.failures.length > 0);
    await beside;
    this.#taken += 1;
    await this.#marker(slotMs + MARKERS_EVERY_MS, 0);
    if (isFirst) await this.#cleanup(slotMs);
    await this.#marker(slotMs + 2 * MARKERS_EVERY_MS, 1);
  }

  /** Without a transfer under way the client knows to the cent what is in it. */
  async #marker(slotMs: number, beside: number): Promise<void> {
    const { time, ledger } = this.#parts;
    await ledger.transfer(2);
    ledger.promise();
    await time.passTo(slotMs - 1);
    const underWay = ledger.transfer(beside);
    await time.passTo(slotMs);
    const id = checkpointId(slotMs);
    const isMade = () => ledger.checkpoints.at(-1)?.id === id;
    await time.until(`marker ${id}`, () => isMade() || ledger.failures.length > 0);
    await underWay;
  }

  async #cleanup(slotMs: number): Promise<void> {
    const { time, ledger } = this.#parts;
    const cleanups = ledger.cleanups + 1;
    await time.passTo(slotMs + 30 * MINUTE + 15_000);
    await time.until('the cleanup', () => ledger.cleanups === cleanups || ledger.failures.length > 0);
  }

  /** A backup without an id, and the end of an old one. */
  async #byHand(): Promise<void> {
    const { time, ledger } = this.#parts;
    await time.passTo(time.clock.now() + 5 * MINUTE);
    ledger.promise();
    const fromMs = time.clock.now();
    const triggered = await ledger.backups.trigger();
    if (triggered.isErr()) throw triggered.error;
    ledger.book(triggered.value, 'backup', fromMs);
    await time.until('the backup by hand', () => ledger.isCompleted(triggered.value));
    this.#taken += 1;
    const kept = await this.#kept();
    const deleted = await ledger.backups.delete(this.#chance.pick(kept.slice(1)));
    if (deleted.isErr()) throw deleted.error;
  }

  /** Restores the newest backup and one at random, and counts. */
  async #close(day: number): Promise<Day> {
    const { ledger, store, scratch } = this.#parts;
    const kept = await this.#kept();
    const [newest] = kept;
    const other = this.#chance.pick(kept);
    for (const id of new Set([newest, other])) {
      if (id === undefined) throw new Error('no backup is left');
      await checkRestored(ledger, store, id, join(scratch, String(id)));
      this.#restored += 1;
    }
    const told = await this.#goBack(day);
    const { between, onMarkers, refused } = this.#seconds.counts;
    const { objects, storedBytes } = await this.#stored();
    globalThis.gc?.();
    return {
      day,
      taken: this.#taken,
      kept: kept.length,
      objects,
      storedBytes,
      deleted: ledger.deleted,
      freedBytes: ledger.freedBytes,
      heapBytes: process.memoryUsage().heapUsed,
      rssBytes: process.memoryUsage().rss,
      restored: this.#restored,
      points: told.ranges.reduce((sum, { points }) => sum + points, 0),
      ranges: told.ranges.length,
      seconds: between + onMarkers,
      refused,
    };
  }

  /** To chosen seconds: one each day, some at the end of each week. */
  async #goBack(day: number): Promise<RestorableRanges> {
    const told = await this.#seconds.ranges();
    await this.#seconds.between(told);
    await this.#seconds.refused(told);
    if (day % 7 === 0) await this.end();
    return told;
  }

  /** To several seconds of each kind. */
  async end(): Promise<ChosenSeconds['counts']> {
    const told = await this.#seconds.ranges();
    for (let time = 0; time < 3; time += 1) {
      await this.#seconds.between(told);
      await this.#seconds.onMarker(told);
      await this.#seconds.refused(told);
    }
    return this.#seconds.counts;
  }

  /** The backups in the store, newest first. Every one of them must be COMPLETED on every partition. */
  async #kept(): Promise<CheckpointId[]> {
    const page = await this.#parts.ledger.backups.list({ limit: 1_000 });
    if (page.isErr()) throw page.error;
    const odd = page.value.backups.filter(({ state }) => state !== 'COMPLETED');
    if (odd.length > 0) throw new Error(`backup ${odd[0]?.checkpointId} is ${odd[0]?.state}`);
    return page.value.backups.map(({ checkpointId: id }) => id);
  }

  async #stored(): Promise<Pick<Day, 'objects' | 'storedBytes'>> {
    let objects = 0;
    let storedBytes = 0;
    let startAfter: string | undefined;
    for (;;) {
      const options = startAfter === undefined ? {} : { startAfter };
      const page = await this.#parts.storage.list('', options);
      if (page.isErr()) throw page.error;
      objects += page.value.objects.length;
      storedBytes += page.value.objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      startAfter = page.value.objects.at(-1)?.key;
      if (!page.value.truncated || startAfter === undefined) return { objects, storedBytes };
    }
  }

  #judge({ day, kept, objects, heapBytes }: Day): void {
    if (kept > KEPT_MAX) throw new Error(`${kept} backups are kept, and ${KEPT_MAX} is the most`);
    const settled = this.#days[SETTLED_DAY - 1];
    if (settled === undefined) return;
    if (objects > settled.objects * OBJECTS_GROWTH_MAX) {
      throw new Error(`${objects} objects on day ${day}, and ${settled.objects} on day ${SETTLED_DAY}`);
    }
    if (heapBytes > settled.heapBytes + HEAP_GROWTH_BYTES_MAX) {
      throw new Error(`a heap of ${heapBytes} bytes, and of ${settled.heapBytes} on day ${SETTLED_DAY}`);
    }
  }
}
