// A change of keys with a fault at each of its requests, and with a save, a sweep or another change in between: whatever
// happens, a key that was let in and not yet taken out opens every backup.
import { afterAll, describe, expect, it } from 'vitest';
import { SWEEP_GRACE_MS } from '../../src/core/limits.ts';
import type { EncryptionKey } from '../../src/stores/backup-store-settings.ts';
import { assertSameBackup, sampleBackup } from '../../src/testkit/sample-backups.ts';
import { expectOnPage } from '../support/testing-page.ts';
import { keys } from './damage.ts';
import { nativePlace } from './native-place.ts';
import type { Call, Fate } from './scripted-storage.ts';

const key = (id: string): EncryptionKey => ({
  id,
  secret: Buffer.alloc(32, id.charCodeAt(0)).toString('base64'),
});
const [A, B] = [key('a'), key('b')];
type Place = ReturnType<typeof nativePlace>;

const backup = (id = 1) => sampleBackup({ checkpointId: id });

async function placeOf(encryptionKeys: readonly EncryptionKey[], id = 1): Promise<Place> {
  const place = nativePlace();
  (await place.node({ encryptionKeys }).store.save(backup(id)))._unsafeUnwrap();
  return place;
}

async function opens(place: Place, encryptionKeys: readonly EncryptionKey[], id = 1): Promise<boolean> {
  const opened = await place.node({ encryptionKeys }).store.open(backup(id).id);
  if (opened.isErr()) return false;
  await assertSameBackup(opened.value, backup(id));
  return true;
}

/** Runs a change of keys to B, with something done at its request number `at`; says how many requests there were. */
async function rotate(
  place: Place,
  removeOthers: boolean,
  at: number,
  act: (call: Call) => Fate | Promise<Fate>,
): Promise<{ readonly calls: readonly Call[]; readonly isOk: boolean }> {
  const node = place.node({ encryptionKeys: [B, A] });
  const stop = new AbortController();
  node.storage.script = async (call) => {
    const fate = call.index === at ? await act(call) : 'done';
    // A process that is killed: nothing of it happens any more.
    if (fate.startsWith('silent')) setImmediate(() => stop.abort());
    return fate;
  };
  const rotated = await node.store.rotateKeys({ removeOthers, signal: stop.signal });
  return { calls: node.storage.calls, isOk: rotated.isOk() };
}

const FATES: readonly Fate[] = ['refused', 'lost', 'silent before', 'silent after'];
const KINDS = [
  { name: 'let the new key in', removeOthers: false, requests: 5 },
  { name: 'and take the old one out', removeOthers: true, requests: 7 },
] as const;
const rows: string[] = [];

describe.each(KINDS)('$name', ({ name, removeOthers, requests }) => {
  it('with a fault at each request: a key opens it, and the same again brings it to its end', async () => {
    let runs = 0;
    for (let at = 0; at < requests; at += 1) {
      for (const fate of FATES) {
        const place = await placeOf([A]);
        const { calls, isOk } = await rotate(place, removeOthers, at, () => fate);
        expect(calls.length).toBeGreaterThan(at);
        expect(await opens(place, [B, A]), `${calls[at]?.operation} ${fate}`).toBe(true);
        if (!removeOthers) expect(await opens(place, [A])).toBe(true);
        if (isOk) expect(await opens(place, [B])).toBe(true);
        const again = await rotate(place, removeOthers, -1, () => 'done');
        expect(again.isOk).toBe(true);
        expect(await opens(place, [B])).toBe(true);
        expect(await opens(place, [A])).toBe(!removeOthers);
        runs += 1;
      }
    }
    expect((await rotate(await placeOf([A]), removeOthers, -1, () => 'done')).calls).toHaveLength(requests);
    rows.push(
      `| ${name} | fails, is done without an answer, dies before, dies after | ${requests} | ${runs} |`,
    );
  });

  it('with a save of a node that has the old key alone: it is refused, or the new key opens it', async () => {
    for (let at = 0; at < requests; at += 1) {
      for (const isFirst of [true, false]) {
        const place = isFirst ? nativePlace() : await placeOf([A]);
        let isSaved = false;
        await rotate(place, removeOthers, at, async (): Promise<Fate> => {
          const saved = await place.node({ encryptionKeys: [A] }).store.save(backup(2));
          isSaved = saved.isOk();
          if (saved.isErr()) expect(saved.error.name).toBe('EncryptionKeyMissing');
          return 'done';
        });
        // The first backup of a place may make a data key that this change has not seen: it takes the next one.
        expect(await opens(place, [B, A], 2)).toBe(isSaved);
        expect((await rotate(place, removeOthers, -1, () => 'done')).isOk).toBe(true);
        expect(await opens(place, [B], 2)).toBe(isSaved);
      }
    }
    rows.push(`| ${name} | a save with the old key | ${requests} | ${2 * requests} |`);
  });

  it('with a sweep: it frees nothing that is needed', async () => {
    for (let at = 0; at < requests; at += 1) {
      const place = await placeOf([A]);
      await place.clock.advance(SWEEP_GRACE_MS + 1);
      await rotate(place, removeOthers, at, async (): Promise<Fate> => {
        const swept = (await place.node().store.sweep())._unsafeUnwrap();
        expect(swept.partitions.map(({ freed }) => freed.chunks)).toEqual([0]);
        return 'done';
      });
      expect(await opens(place, [B])).toBe(true);
    }
    rows.push(`| ${name} | a sweep | ${requests} | ${requests} |`);
  });

  it('with a change back to the old key at the same time: one of the two is left', async () => {
    let runs = 0;
    for (let at = 0; at < requests; at += 1) {
      // The other one stops in between as well, and goes on when this one has ended.
      for (let waits = 0; waits <= 7; waits += 1) {
        const place = await placeOf([A]);
        const goOn = Promise.withResolvers<void>();
        const reached = Promise.withResolvers<void>();
        const other = place.node({ encryptionKeys: [A, B] });
        other.storage.script = async (call): Promise<Fate> => {
          if (call.index < waits) return 'done';
          reached.resolve();
          await goOn.promise;
          return 'done';
        };
        let back: Promise<unknown> = Promise.resolve();
        await rotate(place, removeOthers, at, async (): Promise<Fate> => {
          back = Promise.resolve(other.store.rotateKeys({ removeOthers: true }));
          await Promise.race([reached.promise, back]);
          return 'done';
        });
        goOn.resolve();
        await back;
        expect(await opens(place, [A, B]), `at ${at}, stopped after ${waits}`).toBe(true);
        runs += 1;
      }
    }
    rows.push(
      `| ${name} | a change back to the old key that takes the new one out | ${requests} | ${runs} |`,
    );
  });
});

describe('a wrapped key', () => {
  const only = async (place: Place) => (await keys(place.memory, 'keys/'))[0] ?? '';

  it('that is damaged does no harm while another key opens, and a rotation or a repair makes it anew', async () => {
    for (const mends of ['rotate', 'repair'] as const) {
      const place = await placeOf([A]);
      await rotate(place, false, -1, () => 'done');
      const name = (await keys(place.memory, 'keys/')).find((one) => one.endsWith('/b')) ?? '';
      (await place.memory.put(name, Buffer.from('{"format":1,"nonce":"')))._unsafeUnwrap();
      expect(await opens(place, [B, A])).toBe(true);
      expect(await opens(place, [B])).toBe(false);
      const { store } = place.node({ encryptionKeys: [B, A] });
      if (mends === 'rotate')
        expect((await store.rotateKeys())._unsafeUnwrap()).toMatchObject({ wrapped: 1 });
      else {
        const dry = (await store.repair({ dryRun: true }))._unsafeUnwrap();
        expect(await opens(place, [B])).toBe(false);
        const done = (await place.node({ encryptionKeys: [B, A] }).store.repair())._unsafeUnwrap();
        expect(done.steps).toMatchObject([{ kind: 'rebuilt', object: expect.stringContaining(name) }]);
        expect(dry.steps).toEqual(done.steps);
      }
      expect(await opens(place, [B])).toBe(true);
    }
  });

  it('that cannot be told from another secret is never written over', async () => {
    const place = await placeOf([A]);
    await rotate(place, false, -1, () => 'done');
    const before = await keys(place.memory, 'keys/');
    const bytes = await Promise.all(before.map(async (n) => (await place.memory.get(n))._unsafeUnwrap()));
    const mistyped = { id: 'b', secret: Buffer.alloc(32, 99).toString('base64') };
    const { store } = place.node({ encryptionKeys: [mistyped, A] });
    expect((await store.repair())._unsafeUnwrap().steps).toEqual([]);
    expect((await store.rotateKeys())._unsafeUnwrapErr()).toMatchObject({ name: 'EncryptionKeyWrong' });
    const after = await Promise.all(before.map(async (n) => (await place.memory.get(n))._unsafeUnwrap()));
    expect(after).toEqual(bytes);
  });

  it('that has gone while a node runs is put back before that node saves again', async () => {
    const place = nativePlace();
    const { store } = place.node({ encryptionKeys: [A] });
    (await store.save(backup(1)))._unsafeUnwrap();
    (await place.memory.delete([await only(place)]))._unsafeUnwrap();
    expect(await opens(place, [A])).toBe(false);
    (await store.save(backup(2)))._unsafeUnwrap();
    expect(await opens(place, [A], 1)).toBe(true);
    expect(await opens(place, [A], 2)).toBe(true);
  });

  it('of which a server kept half is put whole', async () => {
    const place = nativePlace();
    const node = place.node({ encryptionKeys: [A] });
    let cut = 0;
    node.storage.script = async ({ operation, key: name }): Promise<Fate> => {
      if (operation !== 'put' || !name.startsWith('keys/') || cut > 0) return 'done';
      cut += 1;
      // What a retry finds after a put that was cut.
      (await place.memory.put(name, Buffer.from('{"format":1,"non')))._unsafeUnwrap();
      return 'done';
    };
    (await node.store.save(backup()))._unsafeUnwrap();
    expect(cut).toBe(1);
    expect(await opens(place, [A])).toBe(true);
  });

  it('that is damaged keeps nobody from the next data key; another secret does, for it would only be hidden', async () => {
    const place = await placeOf([A]);
    const first = `keys/${'0'.repeat(32)}/a`;
    (await place.memory.put(first, Buffer.from('{')))._unsafeUnwrap();
    const save = (id: number) => place.node({ encryptionKeys: [A] }).store.save(backup(id));
    (await save(2))._unsafeUnwrap();
    expect(await opens(place, [A], 2)).toBe(true);
    // Whole, and taken from another name: its tag does not fit.
    const body = (await place.memory.get((await keys(place.memory, 'keys/'))[1] ?? ''))._unsafeUnwrap();
    (await place.memory.put(first, body))._unsafeUnwrap();
    expect((await save(3))._unsafeUnwrapErr()).toMatchObject({ name: 'EncryptionKeyWrong', keyId: 'a' });
    const alone = nativePlace();
    (await alone.memory.put(first, Buffer.from('{')))._unsafeUnwrap();
    const { store } = alone.node({ encryptionKeys: [A] });
    expect((await store.save(backup()))._unsafeUnwrapErr()).toMatchObject({
      name: 'EncryptionKeyDamaged',
      object: expect.stringContaining(first),
    });
    expect(await keys(alone.memory, 'backups/')).toEqual([]);
  });
});

afterAll(() => {
  if (rows.length < 8) return;
  const head = [
    '| a change of keys | what happens at each request | requests | runs |',
    '| --- | --- | --- | --- |',
  ];
  expectOnPage('key-rotation', [...head, ...rows].join('\n'));
});
