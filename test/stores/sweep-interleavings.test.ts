// A save that reuses, a delete and a sweep at the same time, in every order of their requests: what is COMPLETED in the
// end is whole. With one of the protocol's steps left out the same search finds the order that loses a chunk.
import { describe, expect, it } from 'vitest';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { ObjectPage, ObjectStorage } from '../../src/ports/object-storage.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { assertSameBackup, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { expectOnPage } from '../support/testing-page.ts';
import { keys } from './damage.ts';
import { type Actor, type ActorParts, type Ended, explore, type World } from './interleavings.ts';

const HOUR = 3_600_000;
const GRACE = 2 * HOUR;
const POLLS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

const log = sampleFile('log', 900, 1);
/** The same, and the first backup need not be read to know that. */
const vouchedLog = { ...log, version: 'log' };
const again = sampleFile('sst', 700, 2);
const none = { snapshotFiles: [] };
const first = sampleBackup({ checkpointId: 1, ...none, segmentFiles: [vouchedLog] });
/** Reuses the log of the first, and sends what lies in the store as garbage. */
const second = sampleBackup({ checkpointId: 2, snapshotFiles: [again], segmentFiles: [log] });
/** Two that send nothing, the first of them unread: only what the first backup has sent keeps them alive. */
const third = sampleBackup({ checkpointId: 3, ...none, segmentFiles: [vouchedLog] });
const fourth = sampleBackup({ checkpointId: 4, ...none, segmentFiles: [log] });
/** The second as versions make it. */
const unread = sampleBackup({ checkpointId: 2, snapshotFiles: [again], segmentFiles: [vouchedLog] });

type Parts = Pick<ActorParts, 'storage'> & Partial<ActorParts>;
const random = { hex: (bytes: number) => '0'.repeat(bytes * 2), fraction: () => 0 };
function open(parts: Parts, storage: ObjectStorage = parts.storage) {
  return new TidemarkBackupStore({ random, ...parts, storage }, { chunkSizeBytes: 1024, chunksInFlight: 1 });
}

/** The first backup, and a chunk of another that is gone, both hours old. */
async function world(actors: World['actors'], switchesMax?: number): Promise<World> {
  const clock = new ManualClock();
  const storage = new MemoryObjectStorage({ clock });
  const store = open({ storage, clock });
  const gone = sampleBackup({ checkpointId: 9, ...none, segmentFiles: [again] });
  for (const backup of [first, gone]) (await store.save(backup))._unsafeUnwrap();
  (await store.delete(gone.id))._unsafeUnwrap();
  const writtenAt = clock.now();
  const objects = await Promise.all(
    (await keys(storage)).map(async (key) => ({
      key,
      bytes: (await storage.get(key))._unsafeUnwrap(),
      writtenAt,
    })),
  );
  const bound = switchesMax === undefined ? {} : { switchesMax };
  return { objects, nowMs: writtenAt + 10 * HOUR, naps: new Set(POLLS), isApart, actors, ...bound };
}

/** The identity, which nobody writes here, and looks of a save and a delete at what they alone write. */
function isApart(actor: string, what: string): boolean {
  if (what === 'get cluster.json') return true;
  return !actor.includes('sweep') && /^(list backups\/\d|head |list partitions\/1\/attempts\/)/.test(what);
}

type View = (storage: ObjectStorage) => ObjectStorage;
const asIs: View = (storage) => storage;

const save =
  (backups = [second], view = asIs): Actor =>
  async (parts) => {
    const store = open(parts, view(parts.storage));
    const saved: string[] = [];
    for (const backup of backups) {
      const result = await store.save(backup);
      // Deleted between its entry and its first sign of life.
      if (result.isErr() && result.error.name === 'AttemptFenced') return saved;
      if (result.isErr()) throw result.error;
      saved.push(String(backup.id.checkpointId));
    }
    return saved;
  };
const remove =
  (...backups: (typeof first)[]): Actor =>
  async (parts) => {
    // One that is not complete yet is refused; that is fine.
    for (const { id } of backups) await open(parts).delete(id);
  };
const sweep =
  (view = asIs): Actor =>
  async (parts) =>
    (
      await open(parts, view(parts.storage)).sweep({ partitionIds: [1], gracePeriodMs: GRACE })
    )._unsafeUnwrap();

/** Whatever is COMPLETED can be read; a sweep by itself leaves what is used and nothing else. */
async function check({ storage, clock }: Ended): Promise<void> {
  const whole = async (store: TidemarkBackupStore) => {
    const rows = (await store.list({}))._unsafeUnwrap().backups;
    for (const { id, statusCode } of rows) {
      expect(statusCode).toBe('COMPLETED');
      const saved = [first, second, third, fourth].find((each) => each.id.checkpointId === id.checkpointId);
      if (saved === undefined) throw new Error(`nobody saved ${id.checkpointId}`);
      await assertSameBackup((await store.open(id))._unsafeUnwrap(), saved);
    }
    return rows.length;
  };
  const left = await keys(storage);
  expect(left.filter((key) => /attempts|sweeps|begun|failed/.test(key))).toEqual([]);
  const count = await whole(open({ storage }));
  const later = new ManualClock(clock.now() + 10 * HOUR);
  const aged = new MemoryObjectStorage({ clock: new ManualClock(clock.now()) });
  for (const key of left) (await aged.put(key, (await storage.get(key))._unsafeUnwrap()))._unsafeUnwrap();
  const view = { ...listedAt(aged, later), delete: aged.delete.bind(aged) };
  const store = open({ storage: view, clock: later });
  const report = (await store.sweep({ gracePeriodMs: GRACE }))._unsafeUnwrap();
  const [partition] = report.partitions;
  expect(partition?.freed).toEqual(partition?.found?.garbage);
  expect(await whole(store)).toBe(count);
  const chunks = (await keys(aged)).filter((key) => key.includes('/chunks/'));
  expect(chunks).toHaveLength(partition?.found?.inUse.chunks ?? -1);
}

function listedAt(storage: MemoryObjectStorage, clock: ManualClock): ObjectStorage {
  return delegating(storage, {
    list: (prefix, options) => storage.list(prefix, options).map((page) => ({ ...page, now: clock.now() })),
  });
}

function delegating(storage: ObjectStorage, changed: Partial<ObjectStorage>): ObjectStorage {
  return {
    location: storage.location,
    put: (key, body, options) => storage.put(key, body, options),
    get: (key, options) => storage.get(key, options),
    head: (key, options) => storage.head(key, options),
    list: (prefix, options) => storage.list(prefix, options),
    delete: (all, options) => storage.delete(all, options),
    startUpload: (key, options) => storage.startUpload(key, options),
    close: () => storage.close(),
    ...changed,
  };
}

/** A storage on which nobody sees what is under this. */
const blindFor =
  (part: string): View =>
  (storage) =>
    delegating(storage, {
      list: (prefix, options) =>
        storage
          .list(prefix, options)
          .map((page) => ({ ...page, objects: page.objects.filter(({ key }) => !key.includes(part)) })),
    });

/** A storage that lists the backups once and for all. */
const remembering: View = (storage) => {
  let remembered: ObjectPage | undefined;
  return delegating(storage, {
    list: (prefix, options) =>
      storage.list(prefix, options).map((page) => {
        if (!prefix.startsWith('backups/')) return page;
        remembered ??= page;
        return remembered;
      }),
  });
};

const SCENARIOS: [string, number | undefined, World['actors']][] = [
  [
    'a save, a delete of its base, and a sweep',
    undefined,
    { save: save(), delete: remove(first), sweep: sweep() },
  ],
  [
    'the same, and the save does not read what the base vouches for',
    undefined,
    { save: save([unread]), delete: remove(first), sweep: sweep() },
  ],
  // Of these there are too many orders.
  ['a save and two sweeps', 3, { save: save(), sweep: sweep(), sweepToo: sweep() }],
  [
    'two saves that build on each other, deletes of both bases, and a sweep',
    4,
    { saves: save([third, fourth]), delete: remove(first, third), sweep: sweep() },
  ],
];
const PLANTED: [string, World['actors']][] = [
  ['a save does not look for sweeps', { save: save([second], blindFor('/sweeps/')), sweep: sweep() }],
  ['a sweep does not look for attempts', { save: save(), sweep: sweep(blindFor('/attempts/')) }],
  ['a sweep does not list the backups again', { save: save(), sweep: sweep(remembering) }],
];

describe('every order of the requests of', () => {
  const rows: string[] = [];
  it.each(SCENARIOS)(
    '%s',
    async (name, bound, actors) => {
      const { violation, situations, endings } = await explore(await world(actors, bound), check);
      expect(violation).toBeUndefined();
      rows.push(`| ${name} | ${bound ?? 'any'} | ${situations} | ${endings} |`);
    },
    600_000,
  );

  it.each(PLANTED)(
    'finds the lost chunk when %s',
    async (name, actors) => {
      const explored = await explore(await world({ ...actors, delete: remove(first) }), check);
      expect(explored.violation?.error).toMatchObject({ name: 'BackupCorrupt' });
      rows.push(`| without a step: ${name} | any | a chunk is lost after ${explored.situations} | |`);
    },
    600_000,
  );

  it('is on the page about the tests', () => {
    const head = '| together | interruptions | situations | different ends |\n| --- | --- | --- | --- |';
    expectOnPage('sweep-interleavings', [head, ...rows].join('\n'));
  });
});
