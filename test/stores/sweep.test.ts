// What a sweep frees, what it leaves and why, and what it costs.
import { describe, expect, it } from 'vitest';
import { assertSameBackup, GatedFile, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { manifestBytes, manifestJson, sealedLines } from './manifest-json.ts';
import { CHUNK, nativePlace, STALE } from './native-place.ts';
import type { Fate } from './scripted-storage.ts';

const HOUR = 3_600_000;
const GRACE = 2 * HOUR;
const one = (size: number, seed: number) => ({
  snapshotFiles: [],
  segmentFiles: [sampleFile('log', size, seed)],
});
const first = sampleBackup({ checkpointId: 1, ...one(2 * CHUNK, 1) });
/** Shares one chunk with the first, and has one of its own. */
const second = sampleBackup({
  checkpointId: 2,
  ...one(CHUNK, 1),
  snapshotFiles: [sampleFile('a', CHUNK, 7)],
});
const of = (chunks: number) => ({ chunks, bytes: chunks * CHUNK });

async function placeWith(...backups: (typeof first)[]) {
  const place = nativePlace();
  const { store } = place.node();
  for (const backup of backups) (await store.save(backup))._unsafeUnwrap();
  const chunks = async () => (await keys(place.memory)).filter((key) => key.includes('/chunks/')).length;
  const sweep = async (options = {}) => {
    const node = place.node();
    const report = (await node.store.sweep({ gracePeriodMs: GRACE, ...options }))._unsafeUnwrap();
    return { ...report, calls: node.storage.calls };
  };
  return { ...place, store, chunks, sweep };
}

describe('a sweep', () => {
  it('frees what no backup uses once it is old enough, and nothing else', async () => {
    const { clock, store, chunks, sweep, memory } = await placeWith(first, second);
    (await store.delete(first.id))._unsafeUnwrap();
    const young = { inUse: of(2), tooYoung: of(1), garbage: of(0), backups: 1 };
    expect((await sweep()).partitions).toEqual([{ partitionId: 1, found: young, freed: of(0), settled: [] }]);
    await clock.advance(GRACE + 1);
    const unknown = [
      'other',
      'partitions/1/chunks/ff/short',
      'partitions/x',
      'backups/9/notes',
      'cluster.txt',
    ];
    for (const key of unknown) (await memory.put(key, new Uint8Array(1)))._unsafeUnwrap();
    await clock.advance(GRACE + 1);
    const found = { ...young, tooYoung: of(0), garbage: of(1) };
    expect((await sweep()).partitions).toEqual([{ partitionId: 1, found, freed: of(1), settled: [] }]);
    expect(await chunks()).toBe(3);
    await assertSameBackup((await store.open(second.id))._unsafeUnwrap(), second);
    expect((await sweep()).partitions[0]?.freed).toEqual(of(0));
    expect(await keys(memory)).toEqual(expect.arrayContaining(unknown));
    expect((await keys(memory)).filter((key) => key.includes('/sweeps/'))).toEqual([]);
  });

  it('only looks in a dry run', async () => {
    const { clock, store, chunks, sweep } = await placeWith(first);
    (await store.delete(first.id))._unsafeUnwrap();
    await clock.advance(GRACE + 1);
    const { partitions, calls, dryRun } = await sweep({ dryRun: true });
    expect(dryRun).toBe(true);
    expect(partitions[0]).toMatchObject({ found: { garbage: of(2) }, freed: of(0) });
    expect(new Set(calls.map(({ operation }) => operation))).toEqual(new Set(['get', 'list']));
    expect(await chunks()).toBe(2);
  });

  it('waits while a backup of the partition is taken, and sweeps the others', async () => {
    const other = sampleBackup({ checkpointId: 1, partitionId: 2, ...one(CHUNK, 3) });
    const { clock, store, sweep } = await placeWith(first, other);
    for (const { id } of [first, other]) (await store.delete(id))._unsafeUnwrap();
    await clock.advance(GRACE + 1);
    const gate = new GatedFile('gate');
    const backup = sampleBackup({ checkpointId: 3, snapshotFiles: [], segmentFiles: [gate] });
    const saving = store.save(backup);
    await gate.reached;
    const { partitions } = await sweep();
    expect(partitions).toMatchObject([
      { partitionId: 1, freed: of(0), waitingFor: { kind: 'attempt', id: backup.id } },
      { partitionId: 2, freed: of(1) },
    ]);
    expect(partitions[0]).not.toHaveProperty('found');
    const dry = (await sweep({ dryRun: true })).partitions[0];
    expect(dry).toMatchObject({ found: { garbage: of(2) }, waitingFor: { kind: 'attempt' } });
    gate.letThrough();
    (await saving)._unsafeUnwrap();
    expect((await sweep()).partitions[0]).toMatchObject({ freed: of(2) });
  });

  it('does not guess what a damaged manifest uses', async () => {
    const { clock, memory, store, sweep, chunks } = await placeWith(first, second);
    (await store.delete(first.id))._unsafeUnwrap();
    const [key = ''] = (await keys(memory)).filter((name) => name.includes('/completed.'));
    const bytes = (await memory.get(key))._unsafeUnwrap();
    (await memory.put(key, bytes.subarray(1)))._unsafeUnwrap();
    await clock.advance(GRACE + 1);
    const [partition] = (await sweep()).partitions;
    expect(partition?.waitingFor).toMatchObject({
      kind: 'manifest',
      id: second.id,
      object: `memory:/${key}`,
    });
    expect(await chunks()).toBe(3);
    (await store.delete(second.id))._unsafeUnwrap();
    expect((await sweep()).partitions[0]?.freed).toEqual(of(3));
  });

  it('reads the names in a manifest whose chunks are encrypted or compressed by a later version', async () => {
    const { clock, memory, store, sweep } = await placeWith(first);
    const [key = ''] = (await keys(memory)).filter((name) => name.includes('/completed.'));
    const json = manifestJson((await memory.get(key))._unsafeUnwrap());
    for (const chunk of json.chunks)
      Object.assign(chunk, { name: chunk.sha256, sha256: '0'.repeat(64), codec: 'zstd' });
    (await memory.put(key, manifestBytes({ ...json, encryption: { keyId: 'k' } })))._unsafeUnwrap();
    await clock.advance(GRACE + 1);
    expect((await store.open(first.id)).isErr()).toBe(true);
    expect((await sweep()).partitions[0]).toMatchObject({ found: { inUse: of(2), garbage: of(0) } });
  });

  it('frees nothing where a manifest has more or fewer chunks than its first line says', async () => {
    const { clock, memory, sweep } = await placeWith(first);
    const [key = ''] = (await keys(memory)).filter((name) => name.includes('/completed.'));
    const [head = '', ...lines] = new TextDecoder()
      .decode((await memory.get(key))._unsafeUnwrap())
      .split('\n')
      .slice(0, -2);
    await clock.advance(GRACE + 1);
    for (const told of [1, 3]) {
      const counted = head.replace('"chunks":2', `"chunks":${told}`);
      expect(counted).not.toBe(head);
      (await memory.put(key, sealedLines([counted, ...lines])))._unsafeUnwrap();
      const [partition] = (await sweep()).partitions;
      expect(partition?.freed.chunks ?? 0, `${told} chunks told`).toBe(0);
      expect(await keys(memory, 'partitions/1/chunks/')).toHaveLength(2);
    }
  });

  it('refuses a grace period in which a living save looks dead, and the place of another cluster', async () => {
    const { node, sweep } = await placeWith(first);
    for (const gracePeriodMs of [STALE, 0, Number.NaN]) {
      const refused = await node().store.sweep({ gracePeriodMs });
      expect(refused._unsafeUnwrapErr()).toMatchObject({ name: 'InvalidInput', field: 'gracePeriodMs' });
    }
    const swept = await node({ clusterId: 'b' }).store.sweep();
    expect(swept._unsafeUnwrapErr().name).toBe('ForeignCluster');
    expect((await sweep({ partitionIds: [] })).partitions).toEqual([]);
  });
});

describe('what dead writers have left', () => {
  /** A save that stops for ever at its `at`th request. */
  async function dead(place: Awaited<ReturnType<typeof placeWith>>, at: number) {
    const died = Promise.withResolvers<void>();
    const writer = place.node();
    writer.storage.script = ({ index }) => {
      if (index < at) return 'done';
      died.resolve();
      return 'silent before';
    };
    void writer.store.save(second).match(
      () => {},
      () => {},
    );
    await died.promise;
  }

  it.each(Array.from({ length: 13 }, (_, at) => at))('at request %i is ended and freed', async (at) => {
    const place = await placeWith(first);
    await dead(place, at);
    const { clock, store, sweep, memory } = place;
    await clock.advance(GRACE - 1);
    const before = (await keys(memory)).filter((key) => !key.includes('/begun.'));
    await sweep();
    expect((await keys(memory)).filter((key) => !key.includes('/begun.'))).toEqual(before);
    await clock.advance(2 * GRACE);
    const { partitions } = await sweep();
    expect(partitions[0]).not.toHaveProperty('waitingFor');
    const left = await keys(memory);
    expect(left.filter((key) => key.startsWith('partitions/1/attempts/'))).toEqual([]);
    const rows = (await store.list({ ...second.id }))._unsafeUnwrap().backups;
    if (rows[0]?.statusCode === 'COMPLETED')
      await assertSameBackup((await store.open(second.id))._unsafeUnwrap(), second);
    const used = rows[0]?.statusCode === 'COMPLETED' ? 3 : 2;
    expect(left.filter((key) => key.includes('/chunks/'))).toHaveLength(used);
    await assertSameBackup((await store.open(first.id))._unsafeUnwrap(), first);
  });

  it('among it a seal without an attempt', async () => {
    const { clock, memory, sweep } = await placeWith(first);
    const key = 'partitions/1/attempts/9223372036854775800.0.1-1-00000000.seal';
    (await memory.put(key, new Uint8Array()))._unsafeUnwrap();
    await sweep();
    expect(await keys(memory)).toContain(key);
    await clock.advance(GRACE + 1);
    await sweep({ dryRun: true });
    expect(await keys(memory)).toContain(key);
    await sweep();
    expect(await keys(memory)).not.toContain(key);
  });
});

describe('a sweep that died behind its announcement', () => {
  async function withAnnouncement() {
    const place = await placeWith(first);
    const died = Promise.withResolvers<() => void>();
    const sweeper = place.node();
    (await place.store.save(sampleBackup({ checkpointId: 9, ...one(CHUNK, 7) })))._unsafeUnwrap();
    (await place.store.delete(sampleBackup({ checkpointId: 9 }).id))._unsafeUnwrap();
    await place.clock.advance(GRACE + 1);
    sweeper.storage.script = async ({ operation, key }): Promise<Fate> => {
      if (operation === 'delete' && key.includes('/chunks/'))
        await new Promise<void>((resolve) => died.resolve(resolve));
      return 'done';
    };
    const sweeping = sweeper.store.sweep({ gracePeriodMs: GRACE });
    return { ...place, sweeping, wake: await died.promise };
  }

  it('makes a save send everything under new names, which its late deletes cannot reach', async () => {
    const { clock, store, memory, sweeping, wake, sweep } = await withAnnouncement();
    const saving = store.save(second);
    await clock.advance(31_000);
    await clock.advance(1_000);
    (await saving)._unsafeUnwrap();
    wake();
    expect((await sweeping)._unsafeUnwrap().partitions[0]?.freed).toEqual(of(1));
    await assertSameBackup((await store.open(second.id))._unsafeUnwrap(), second);
    const [key = ''] = (await keys(memory)).filter((name) => name.includes('/completed.'));
    expect(Buffer.from((await memory.get(key))._unsafeUnwrap()).toString()).toMatch(
      /"base":null[\s\S]*"name":/,
    );
    // The next one builds on it as on any other.
    const next = sampleBackup({ checkpointId: 3, ...one(CHUNK, 1) });
    (await store.save(next))._unsafeUnwrap();
    (await store.delete(first.id))._unsafeUnwrap();
    await clock.advance(GRACE + 1);
    await sweep();
    for (const backup of [second, next])
      await assertSameBackup((await store.open(backup.id))._unsafeUnwrap(), backup);
  });

  it('disturbs nobody after an hour, and deletes nothing after half of it', async () => {
    const { clock, store, chunks, memory, sweeping, wake, sweep, node } = await withAnnouncement();
    await clock.advance(HOUR + 1);
    const { storage } = node();
    (await store.save(second))._unsafeUnwrap();
    expect(storage.calls).toEqual([]);
    const before = await chunks();
    wake();
    expect((await sweeping).isErr()).toBe(true);
    expect(await chunks()).toBe(before);
    await sweep();
    expect((await keys(memory)).filter((key) => key.includes('/sweeps/'))).toEqual([]);
    await assertSameBackup((await store.open(second.id))._unsafeUnwrap(), second);
  });
});

describe('a sweep that stops', () => {
  /** A backup that shares a chunk with one that is gone, garbage, and what a dead writer left. */
  async function littered() {
    const place = await placeWith(first, second);
    (await place.store.delete(first.id))._unsafeUnwrap();
    const entry = 'partitions/1/attempts/9223372036854775800.0.1-1-00000000';
    for (const key of [entry, `${entry.slice(0, -1)}1.seal`, 'partitions/1/sweeps/1-00000000'])
      (await place.memory.put(key, new Uint8Array()))._unsafeUnwrap();
    await place.clock.advance(GRACE + 1);
    return place;
  }
  const fates: [Fate, boolean][] = [
    ['refused', false],
    ['lost', false],
    ['refused', true],
    ['silent before', true],
    ['silent after', true],
  ];

  it.each(fates)(
    'with a request %s (lasting: %s), at any of them, harms nobody and can be repeated',
    async (fate, lasting) => {
      const counting = await littered();
      const requests = (await counting.sweep()).calls.length;
      expect(requests).toBeGreaterThan(15);
      for (let at = 0; at < requests; at += 1) {
        const place = await littered();
        const { clock, store, memory, sweep, node } = place;
        const sweeper = node();
        const stopped = Promise.withResolvers<void>();
        sweeper.storage.script = ({ index }) => {
          if (index < at || (index > at && !lasting)) return 'done';
          stopped.resolve();
          return index === at || fate.startsWith('silent') ? fate : 'refused';
        };
        const stop = new AbortController();
        const sweeping = sweeper.store.sweep({ gracePeriodMs: GRACE, signal: stop.signal });
        await Promise.race([stopped.promise, sweeping]);
        await clock.advance(0);
        // Whatever has become of it, a backup can be taken that shares what is garbage.
        const saving = store.save(sampleBackup({ checkpointId: 5, ...one(2 * CHUNK, 1) }));
        await clock.advance(35_000);
        (await saving)._unsafeUnwrap();
        stop.abort();
        await clock.advance(10_000);
        await sweeping;
        await assertSameBackup((await store.open(second.id))._unsafeUnwrap(), second);
        const third = sampleBackup({ checkpointId: 5, ...one(2 * CHUNK, 1) });
        await assertSameBackup((await store.open(third.id))._unsafeUnwrap(), third);
        await clock.advance(2 * GRACE);
        expect((await sweep()).partitions[0]).not.toHaveProperty('waitingFor');
        const left = await keys(memory);
        expect(left.filter((key) => /attempts|sweeps/.test(key))).toEqual([]);
        const [partition] = (await sweep({ dryRun: true })).partitions;
        expect(partition?.found).toMatchObject({ tooYoung: of(0), garbage: of(0) });
        await assertSameBackup((await store.open(third.id))._unsafeUnwrap(), third);
      }
    },
  );
});

describe('what a sweep costs', () => {
  it('is a GET for each backup, and LISTs and DELETEs of a thousand', async () => {
    const place = nativePlace();
    const { store } = place.node();
    for (let id = 1; id <= 400; id += 1) {
      const files = { snapshotFiles: [], segmentFiles: [sampleFile('log', 6 * CHUNK, id)] };
      (await store.save(sampleBackup({ checkpointId: id, ...files })))._unsafeUnwrap();
      if (id <= 200) (await store.delete(sampleBackup({ checkpointId: id }).id))._unsafeUnwrap();
    }
    await place.clock.advance(GRACE + 1);
    const { storage, store: sweeper } = place.node();
    const report = (await sweeper.sweep({ gracePeriodMs: GRACE }))._unsafeUnwrap();
    expect(report.partitions[0]).toMatchObject({ freed: of(1_200), found: { inUse: of(1_200) } });
    const count = (operation: 'get' | 'list' | 'put' | 'delete', part: string) =>
      storage.count(operation, part);
    expect([count('get', '/completed.'), count('list', 'backups/'), count('list', '/chunks/')]).toEqual([
      200, 2, 6,
    ]);
    // One before it begins, one behind the announcement, one before each delete.
    expect([count('list', '/attempts/'), count('delete', '/chunks/')]).toEqual([4, 2]);
    expect([count('put', ''), count('delete', '/sweeps/')]).toEqual([1, 1]);
  });
});
