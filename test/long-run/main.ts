// `npm run month`: thirty days of hourly backups, markers between them, retention and sweeps in some minutes, on a real S3
// server. Every day the newest backup, one at random and a chosen second are restored and audited, and in the end several
// seconds. Exit code 1 when anything is lost, or anything grows for ever.
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
import type { ChosenSeconds } from './chosen-seconds.ts';
import { type Day, SETTLED_DAY } from './month.ts';
import { openMonth } from './open-month.ts';

const USAGE = `npm run month -- [options]
  --days N     default 30
  --seed N     who transfers what, and which backups and seconds are restored; default 1
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
    const { passed: shown, counts } = await pass(place, home, days, seed);
    console.log(summaryOf(shown, counts));
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

interface Passed {
  readonly passed: Day[];
  readonly counts: ChosenSeconds['counts'];
}

async function pass(place: LedgerStore, home: string, days: number, seed: number): Promise<Passed> {
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
    return { passed, counts: await month.end() };
  } finally {
    await close();
  }
}

function lineOf({ day, kept, objects, storedBytes, deleted, freedBytes, restored, ...more }: Day): string {
  const sizes = `${objects} objects, ${megabytes(storedBytes)} MB stored, ${megabytes(freedBytes)} MB freed`;
  const memory = `heap ${megabytes(more.heapBytes)} MB, RSS ${megabytes(more.rssBytes)} MB`;
  const points = `${more.points} points in ${more.ranges} ranges`;
  const back = `${restored} backups and ${more.seconds} seconds restored, ${more.refused} refused`;
  return `day ${day}: ${kept} kept, ${deleted} deleted, ${sizes}, ${memory}, ${points}, ${back}`;
}

/** What the month is for, in four lines. */
function summaryOf(days: readonly Day[], { between, onMarkers, refused }: ChosenSeconds['counts']): string {
  const settled = days.filter(({ day }) => day >= Math.min(SETTLED_DAY, days.length));
  const span = (pick: (day: Day) => number, show: (value: number) => string = String) => {
    const values = settled.map(pick);
    return `${show(Math.min(...values))} to ${show(Math.max(...values))}`;
  };
  const since = `from day ${settled[0]?.day} on`;
  const most = Math.max(...days.map(({ objects }) => objects));
  return [
    `seconds: ${between + onMarkers} restored and audited to the cent, ${between} between two checkpoints and ${onMarkers} exactly on a marker;`,
    `         ${refused} of which nothing is left were refused, with the ranges around them named`,
    `objects: ${most} at most; ${since} ${span(({ objects }) => objects)}`,
    `memory:  ${since} a heap of ${span(({ heapBytes }) => heapBytes, megabytes)} MB, an RSS of ${span(({ rssBytes }) => rssBytes, megabytes)} MB`,
    `always restorable: the newest backup was restored at the end of each of ${days.length} days, ${days.at(-1)?.restored} backups in all`,
  ].join('\n');
}

function tableOf(days: readonly Day[]): string {
  const rows = days
    .filter(({ day }) => SHOWN_DAYS.includes(day))
    .map((day) =>
      [
        day.day,
        day.taken,
        day.kept,
        day.deleted,
        day.objects,
        megabytes(day.storedBytes),
        megabytes(day.freedBytes),
        megabytes(day.heapBytes),
        day.restored,
        day.points,
        day.seconds,
        day.refused,
      ].join(' | '),
    );
  return [
    '| day | backups taken | kept | deleted by the retention | objects | MB stored | MB freed by sweeps | MB of heap | backups restored and audited | points there are | seconds restored and audited | seconds refused |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}

process.exitCode = await main();
