// Puts a month together over any object storage: its clock, its store, its ledger.
import { join } from 'node:path';
import { silentLogger, systemRandom } from 'tidemark';
import { TidemarkBackupStore } from 'tidemark/objects';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { CompressedTime } from './compressed-time.ts';
import { DatedStorage } from './dated-storage.ts';
import { Month } from './month.ts';
import { MonthLedger } from './month-ledger.ts';

const START_MS = Date.UTC(2026, 2, 1);

export async function openMonth(under: ObjectStorage, home: string, seed: number, clusterId?: string) {
  // A minute before the first hour, so that there is something to back up.
  const time = new CompressedTime(START_MS - 60_000);
  const storage = new DatedStorage(under, time.clock);
  const store = new TidemarkBackupStore(
    { storage, clock: time.clock, random: systemRandom, logger: silentLogger },
    { clusterId },
  );
  const ledger = await MonthLedger.start(time, store, join(home, 'partitions'), seed);
  const month = new Month({ time, ledger, store, storage, scratch: home, seed, startMs: START_MS });
  const close = async () => {
    await ledger.close();
    await store.close();
  };
  return { month, close };
}
