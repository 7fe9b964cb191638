// `npm run month`: thirty days of hourly backups, retention and sweeps in some minutes, on a real S3 server. Every day
// the newest backup and one at random are restored and audited. Exit code 1 when anything is lost, or anything grows for ever.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { silentLogger, systemClock, systemRandom } from 'tidemark';
import { type LedgerStore, openLedgerStore } from '../../examples/ledger/store.ts';
import { openBucket } from '../../src/stores/s3-place.ts';
import { writeOnPage } from '../support/write-on-page.ts';
import { settingsOf } from '../torture/open-store.ts';
import type { Day } from './month.ts';
import { openMonth } from './open-month.ts';

const USAGE = `npm run month -- [options]
  --days N     default 30
  --seed N     who transfers what, and which backups are restored; default 1
The server is the one that S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY and S3_BUCKET name, or one that is started here.
`;

const SHOWN_DAYS: readonly number[] = [1, 2, 7, 14, 21, 30];
const MEGABYTE = 1024 * 1024;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      days: { type: 'string', default: '30' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const [days, seed] = [Number(values.days), Number(values.seed)];
  if (values.help || !(days >= 1) || !Number.isSafeInteger(seed)) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const home = mkdtempSync(join(tmpdir(), 'tidemark-month-'));
  const started = performance.now();
  const place = await openLedgerStore({ S3_BUCKET: 'tidemark-month', ...process.env }, home);
  try {
    const shown = await pass(place, home, days, seed);
    const seconds = Math.round((performance.now() - started) / 1_000);
    console.log(
      `${days} days in ${seconds} s on ${place.description.kind} ${place.description.endpoint}, lost 0`,
    );
    if (process.env.UPDATE_DOCS === '1') writeOnPage('month', tableOf(shown));
    rmSync(home, { recursive: true, force: true });
    return 0;
  } catch (cause) {
    console.error(cause);
    console.error(`kept for a look: ${home}; again: npm run month -- --days ${days} --seed ${seed}`);
    return 1;
  } finally {
    await place.close();
  }
}

async function pass(place: LedgerStore, home: string, days: number, seed: number): Promise<Day[]> {
  const { backup } = settingsOf({ ...place.environment });
  if (backup.store !== 'S3') throw new Error('the ledger has no bucket');
  const environment = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const clusterId = place.environment.ZEEBE_BROKER_CLUSTER_CLUSTERID;
  const { month, close } = await openMonth(openBucket(backup, environment), home, seed, clusterId);
  const passed: Day[] = [];
  try {
    for (let day = 1; day <= days; day += 1) {
      const each = await month.day();
      console.log(lineOf(each));
      passed.push(each);
    }
  } finally {
    await close();
  }
  return passed;
}

function lineOf({ day, kept, objects, storedBytes, heapBytes, deleted, freedBytes, restored }: Day): string {
  const sizes = `${objects} objects, ${megabytes(storedBytes)} MB stored, ${megabytes(freedBytes)} MB freed`;
  return `day ${day}: ${kept} kept, ${deleted} deleted, ${sizes}, heap ${megabytes(heapBytes)} MB, ${restored} restored`;
}

function tableOf(days: readonly Day[]): string {
  const rows = days
    .filter(({ day }) => SHOWN_DAYS.includes(day))
    .map(({ day, taken, kept, deleted, objects, storedBytes, freedBytes, heapBytes, restored }) =>
      [
        day,
        taken,
        kept,
        deleted,
        objects,
        megabytes(storedBytes),
        megabytes(freedBytes),
        megabytes(heapBytes),
        restored,
      ].join(' | '),
    );
  return [
    '| day | backups taken | kept | deleted by the retention | objects | MB stored | MB freed by sweeps | MB of heap | restored and audited |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}

process.exitCode = await main();
