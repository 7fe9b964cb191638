// What all parts of one run share.
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { Chance } from './chance.ts';
import { StoreWatch } from './checkers/store-watch.ts';
import { LogBook } from './log-book.ts';
import { Scheduler } from './scheduler.ts';
import { chooseSettings, type WorldSettings } from './settings.ts';
import { noTotals, type Totals } from './totals.ts';
import type { Trace } from './trace.ts';
import { Weather } from './weather.ts';

export interface Surroundings {
  readonly trace: Trace;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  /** Chance of the code under test: apart, so that one more retry does not change the whole plan. */
  readonly random: Chance;
  readonly weather: Weather;
  readonly bucket: MemoryObjectStorage;
  readonly watch: StoreWatch;
  readonly book: LogBook;
  readonly settings: WorldSettings;
  readonly totals: Totals;
  /** What went wrong where nobody could catch it. The first one ends the run. */
  readonly report: (cause: unknown) => void;
  readonly failure: () => unknown;
}

export function makeSurroundings(seed: number, trace: Trace, pointsInTime = false): Surroundings {
  const chance = new Chance(seed);
  const random = new Chance(seed + 1_000_003);
  const chosen = chooseSettings(chance, new Chance(seed + 2_000_003));
  const settings = { ...chosen, pointsInTime };
  const scheduler = new Scheduler(trace);
  let failure: unknown;
  const report = (cause: unknown) => {
    failure ??= cause;
  };
  return {
    trace,
    scheduler,
    chance,
    random,
    weather: new Weather(chance),
    bucket: new MemoryObjectStorage({ clock: { now: () => scheduler.now } }),
    watch: new StoreWatch(scheduler, report),
    book: new LogBook(settings.partitions),
    settings,
    totals: noTotals(),
    report,
    failure: () => failure,
  };
}
