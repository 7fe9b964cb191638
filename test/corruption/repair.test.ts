// Every object of a place damaged in every way, and then repaired: what a verification says, what a repair puts back or names
// as lost, and that it changes nothing else. Then the repair itself with a fault at each of its requests.
import { afterAll, describe, expect, it } from 'vitest';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { verifyNative } from '../../src/cli/verify/verify-copy.ts';
import { checkpointId } from '../../src/core/ids.ts';
import type { RepairStep } from '../../src/ports/backup-store.ts';
import type { EncryptionKey, LayoutSettings } from '../../src/stores/backup-store-settings.ts';
import { sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from '../stores/damage.ts';
import { nativePlace } from '../stores/native-place.ts';
import type { Fate } from '../stores/scripted-storage.ts';
import { expectOnPage } from '../support/testing-page.ts';
import { type Damage, damagesOf } from './damages.ts';

const key = (id: string): EncryptionKey => ({
  id,
  secret: Buffer.alloc(32, id.charCodeAt(0)).toString('base64'),
});
const BOTH: LayoutSettings = { encryptionKeys: [key('a'), key('b')] };
const LAYOUTS = [
  { layout: 'native', settings: {} },
  { layout: 'native, zstd', settings: { compression: 'auto' } },
  { layout: 'native, encrypted', settings: BOTH },
  { layout: 'native, encrypted, zstd', settings: { ...BOTH, compression: 'auto' } },
] as const satisfies readonly { readonly layout: string; readonly settings: LayoutSettings }[];
type Place = ReturnType<typeof nativePlace>;

const words = Buffer.from('the same words again and again, '.repeat(120));

/** Two partitions that hold the same, but for one file: so most chunks have a twin. Wrapped by both keys. */
async function placeOf(settings: LayoutSettings): Promise<Place> {
  const place = nativePlace();
  const { store } = place.node(settings);
  for (const partitionId of [1, 2]) {
    const backup = sampleBackup({
      partitionId,
      snapshotFiles: [sampleFile('words', words), sampleFile('noise', sampleBytes(2_500, 9))],
      segmentFiles: [sampleFile('own', sampleBytes(1_500, partitionId))],
    });
    const { descriptor } = backup;
    (await store.save({ ...backup, descriptor: { ...descriptor, numberOfPartitions: 2 } }))._unsafeUnwrap();
  }
  if (settings.encryptionKeys !== undefined) {
    const swapped = { ...settings, encryptionKeys: settings.encryptionKeys.toReversed() };
    (await place.node(swapped).store.rotateKeys())._unsafeUnwrap();
  }
  return place;
}

async function objectsOf({ memory }: Place): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const name of await keys(memory)) {
    all.set(name, Buffer.from((await memory.get(name))._unsafeUnwrap()).toString('latin1'));
  }
  return all;
}

/** Another place with these objects. */
async function placeWith(objects: ReadonlyMap<string, string>): Promise<Place> {
  const place = nativePlace();
  for (const [name, bytes] of objects) {
    (await place.memory.put(name, Buffer.from(bytes, 'latin1')))._unsafeUnwrap();
  }
  return place;
}

/** The chunks that a repair puts back when they are gone. */
async function withTwins(objects: ReadonlyMap<string, string>, settings: LayoutSettings): Promise<string[]> {
  const found: string[] = [];
  for (const name of [...objects.keys()].filter((each) => each.includes('partitions/1/chunks/'))) {
    const place = await placeWith(objects);
    (await place.memory.delete([name]))._unsafeUnwrap();
    const { steps } = (await place.node(settings).store.repair())._unsafeUnwrap();
    if (steps.some(({ kind }) => kind === 'rebuilt')) found.push(name);
  }
  expect(found.length).toBeGreaterThan(1);
  return found;
}

async function restorable(place: Place, settings: LayoutSettings): Promise<boolean> {
  const { signal } = new AbortController();
  const options = { checkpointId: checkpointId(1), partitionsCount: 2, signal };
  const verified = await verifyBackup(place.node(settings).store, verifyNative, options);
  if (verified.isErr()) {
    expect(verified.error.name).toBe('BackupNotFound');
    return false;
  }
  return verified.value.restorable;
}

const kindOf = (name: string) =>
  name.startsWith('keys/')
    ? 'wrapped key'
    : name.includes('/chunks/')
      ? 'chunk'
      : name.includes('/completed.')
        ? 'manifest'
        : 'cluster.json';

/** What repairs did with the damages of one kind of object. */
class Counts {
  damages = 0;
  harmful = 0;
  rebuilt = 0;
  lost = 0;
  unreadable = 0;
  nothing = 0;
  restorable = 0;
}

const rows: string[] = [];

/** What must hold after a repair, whatever was damaged: nothing but the damaged object is another one. */
function expectNothingElse(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  name: string,
): void {
  for (const [other, bytes] of before) if (other !== name) expect(after.get(other)).toBe(bytes);
  expect([...after.keys()].filter((other) => !before.has(other) && other !== name)).toEqual([]);
}

async function damageAndRepair(
  place: Place,
  settings: LayoutSettings,
  { name, bytes, damage }: { name: string; bytes: string; damage: Damage },
  counts: Counts,
): Promise<void> {
  const what = `${name} ${damage.how} at ${damage.at}`;
  const changed =
    damage.bytes === undefined ? place.memory.delete([name]) : place.memory.put(name, damage.bytes);
  (await changed)._unsafeUnwrap();
  const before = await objectsOf(place);
  const isHarmless = await restorable(place, settings);
  const repaired = await place.node(settings).store.repair();
  const after = await objectsOf(place);
  expectNothingElse(before, after, name);
  counts.damages += 1;
  if (!isHarmless) counts.harmful += 1;
  const steps: readonly RepairStep[] = repaired.isOk() ? repaired.value.steps : [];
  if (repaired.isErr()) {
    // A format of the future, or a claim on the place that cannot be read: nothing is touched.
    expect(['StoreFailure', 'ForeignCluster'], what).toContain(repaired.error.name);
    expect(after, what).toEqual(before);
    counts.nothing += 1;
  } else if (steps.length === 0) {
    // Nothing to do: a harmless damage, or a manifest that is not there at all.
    expect(isHarmless || name.includes('/completed.'), what).toBe(true);
    counts.nothing += 1;
  }
  for (const { kind, object } of steps) {
    expect(object, what).toContain(name.startsWith('keys/') ? 'keys/' : name);
    if (kind === 'rebuilt') counts.rebuilt += 1;
    else if (kind === 'lost') counts.lost += 1;
    else counts.unreadable += 1;
  }
  const isRebuilt = steps.some(({ kind }) => kind === 'rebuilt');
  if (isRebuilt && !name.startsWith('keys/')) expect(after.get(name), what).toBe(bytes);
  const isWell = await restorable(place, settings);
  if (isRebuilt || isHarmless) expect(isWell, what).toBe(true);
  if (isWell) counts.restorable += 1;
  (await place.memory.put(name, Buffer.from(bytes, 'latin1')))._unsafeUnwrap();
}

describe.each(LAYOUTS)('damage to a place in the $layout layout', ({ layout, settings }) => {
  it('is repaired where it can be proven, named where not, and nothing else is touched', {
    timeout: 240_000,
  }, async () => {
    const place = await placeOf(settings);
    const all = await objectsOf(place);
    expect(await restorable(place, settings)).toBe(true);
    const kinds = new Map<string, Counts>();
    for (const [name, bytes] of all) {
      const kind = kindOf(name);
      const counts = kinds.get(kind) ?? new Counts();
      kinds.set(kind, counts);
      const other = [...all].find(([one]) => one !== name && kindOf(one) === kind);
      const neighbours = other && { other: { key: other[0], bytes: Buffer.from(other[1], 'latin1') } };
      for (const damage of damagesOf(Buffer.from(bytes, 'latin1'), neighbours ?? {})) {
        // Only this one gets the other's bytes: a swap would be two damages.
        await damageAndRepair(place, settings, { name, bytes, damage }, counts);
      }
    }
    const chunks = kinds.get('chunk');
    expect(chunks?.rebuilt).toBeGreaterThan(50);
    expect(chunks?.lost).toBeGreaterThan(20);
    expect((chunks?.rebuilt ?? 0) + (chunks?.lost ?? 0)).toBe(chunks?.harmful);
    for (const [kind, { damages, harmful, rebuilt, lost, unreadable, nothing, restorable: well }] of kinds) {
      rows.push(
        `| ${[layout, kind, damages, harmful, rebuilt, lost, unreadable, nothing, well].join(' | ')} |`,
      );
    }
  });

  it('a repair with a fault at each request makes nothing worse, and the next one brings it to its end', async () => {
    const whole = await objectsOf(await placeOf(settings));
    const wrapped = [...whole.keys()].find((name) => name.startsWith('keys/'));
    const twins = await withTwins(whole, settings);
    const broken = async () => {
      const [gone = '', damaged = ''] = twins;
      const place = await placeWith(whole);
      (await place.memory.delete([gone]))._unsafeUnwrap();
      for (const name of [damaged, wrapped]) {
        if (name !== undefined) (await place.memory.put(name, Buffer.from('{')))._unsafeUnwrap();
      }
      return place;
    };
    const count = async (place: Place, script: (index: number) => Fate = () => 'done') => {
      const node = place.node(settings);
      const stop = new AbortController();
      node.storage.script = ({ index }) => {
        const fate = script(index);
        if (fate.startsWith('silent')) setImmediate(() => stop.abort());
        return fate;
      };
      await node.store.repair({ signal: stop.signal });
      return node.storage.calls.length;
    };
    const requests = await count(await broken());
    expect(requests).toBeGreaterThan(10);
    for (let at = 0; at < requests; at += 1) {
      for (const fate of ['refused', 'lost', 'silent before', 'silent after'] as const) {
        const place = await broken();
        const damaged = await objectsOf(place);
        await count(place, (index) => (index === at ? fate : 'done'));
        // Each chunk is as it was, or as it should be; nothing is gone.
        for (const [name, bytes] of await objectsOf(place)) {
          const isKey = name.startsWith('keys/');
          expect([damaged.get(name), isKey ? bytes : whole.get(name)], name).toContain(bytes);
        }
        for (const name of damaged.keys()) expect((await place.memory.head(name)).isOk()).toBe(true);
        await count(place);
        const end = await objectsOf(place);
        for (const [name, bytes] of whole) if (name !== wrapped) expect(end.get(name), name).toBe(bytes);
        expect((await place.node(settings).store.repair())._unsafeUnwrap().steps).toEqual([]);
      }
    }
  });
});

it('a repair never puts in the clear what is encrypted elsewhere', async () => {
  // Whoever may write plants a manifest in the clear that names a file he would like to know of.
  const guess = Buffer.from(words.subarray(0, 1024));
  const place = nativePlace();
  (
    await place
      .node({})
      .store.save(
        sampleBackup({ checkpointId: 1, snapshotFiles: [], segmentFiles: [sampleFile('guess', guess)] }),
      )
  )._unsafeUnwrap();
  const [planted = ''] = await keys(place.memory, 'partitions/1/chunks/');
  (
    await place
      .node(BOTH)
      .store.save(
        sampleBackup({ checkpointId: 2, snapshotFiles: [], segmentFiles: [sampleFile('log', guess)] }),
      )
  )._unsafeUnwrap();
  (await place.memory.delete([planted]))._unsafeUnwrap();
  const report = (await place.node(BOTH).store.repair())._unsafeUnwrap();
  expect(report.steps).toMatchObject([{ kind: 'lost', checkpointId: 1n }]);
  for (const name of await keys(place.memory)) {
    const bytes = Buffer.from((await place.memory.get(name))._unsafeUnwrap());
    expect(bytes.includes('the same words')).toBe(false);
  }
});

it('without the key a repair of an encrypted place says which, and changes nothing of it', async () => {
  const place = await placeOf(BOTH);
  const before = await objectsOf(place);
  const failed = (await place.node({}).store.repair())._unsafeUnwrapErr();
  expect(failed).toMatchObject({ name: 'EncryptionKeyMissing', keyIds: ['a', 'b'] });
  expect(await objectsOf(place)).toEqual(before);
});

afterAll(() => {
  if (rows.length < 14) return;
  const heads = ['damages', 'harmful', 'rebuilt', 'lost', 'unreadable', 'nothing to do', 'restorable then'];
  const table = [
    `| layout | object | ${heads.join(' | ')} |`,
    `| --- | --- |${' --- |'.repeat(heads.length)}`,
    ...rows,
  ];
  expectOnPage('repair-matrix', table.join('\n'));
});
