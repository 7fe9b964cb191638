// One place, one cluster.
import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { ObjectAlreadyExists, type StoreError } from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { ObjectStorage, PutOptions } from '../../src/ports/object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { sampleBackup } from '../../src/testkit/sample-backups.ts';
import { keys } from './damage.ts';
import { nativePlace } from './native-place.ts';
import { type Fate, ScriptedStorage } from './scripted-storage.ts';

describe('a place', () => {
  it('belongs to the first cluster that saves in it, and refuses all others by name', async () => {
    const { node, memory } = nativePlace();
    const owner = node({ clusterId: 'a' });
    (await owner.store.save(sampleBackup()))._unsafeUnwrap();
    expect(owner.store.conditionalPut).toBe(true);
    const before = await keys(memory);
    const other = node({ clusterId: 'b' });
    const id = sampleBackup({ checkpointId: 2 }).id;
    const refused = { name: 'ForeignCluster', expected: 'b', actual: 'a' };
    expect((await other.store.save(sampleBackup({ checkpointId: 2 })))._unsafeUnwrapErr()).toMatchObject(
      refused,
    );
    expect((await other.store.markFailed(id, 'x', { term: 1n }))._unsafeUnwrapErr()).toMatchObject(refused);
    expect((await other.store.delete(sampleBackup().id))._unsafeUnwrapErr()).toMatchObject(refused);
    expect(await keys(memory)).toEqual(before);
    expect((await other.store.open(sampleBackup().id)).isOk(), 'a restore elsewhere is allowed').toBe(true);
  });

  it('that nobody claimed is open to those without a cluster id, and claimed by the first with one', async () => {
    const { node, memory } = nativePlace();
    (await node({ clusterId: undefined }).store.save(sampleBackup()))._unsafeUnwrap();
    expect(await keys(memory, 'cluster.json')).toEqual([]);
    (await node({ clusterId: 'a' }).store.save(sampleBackup({ checkpointId: 2 })))._unsafeUnwrap();
    (await node({ clusterId: undefined }).store.save(sampleBackup({ checkpointId: 3 })))._unsafeUnwrap();
    expect((await memory.get('cluster.json'))._unsafeUnwrap()).toEqual(
      new TextEncoder().encode('{"format":1,"clusterId":"a"}'),
    );
  });

  it('is looked at for each store, not for each save', async () => {
    const { node } = nativePlace();
    const { storage, store } = node();
    for (const checkpointId of [1, 2, 3]) (await store.save(sampleBackup({ checkpointId })))._unsafeUnwrap();
    expect([storage.count('get', 'cluster.json'), storage.count('put', 'cluster.json')]).toEqual([3, 2]);
  });

  it.each([
    ['is no JSON', '{'],
    ['is of another format', '{"format":2,"clusterId":"a"}'],
    ['names nobody', '{"format":1}'],
  ])('whose identity %s takes no backup', async (_, text) => {
    const { node, memory } = nativePlace();
    (await memory.put('cluster.json', new TextEncoder().encode(text)))._unsafeUnwrap();
    expect((await node().store.save(sampleBackup()))._unsafeUnwrapErr().name).toBe('StoreFailure');
  });
});

describe('two clusters that claim a place at once', () => {
  /** Runs both saves; before the claim's request `at` of the first, the second one claims and saves as a whole. */
  async function race(storage: ObjectStorage, at: number) {
    const first = new ScriptedStorage(storage);
    const second = new TidemarkBackupStore({ storage }, { clusterId: 'b' });
    let other: string | undefined;
    first.script = async ({ index }): Promise<Fate> => {
      if (index === at) {
        const saved = await second.save(sampleBackup({ nodeId: 1 }));
        other = saved.isOk() ? 'ok' : saved.error.name;
      }
      return 'done';
    };
    const store = new TidemarkBackupStore({ storage: first }, { clusterId: 'a' });
    const saved = await store.save(sampleBackup());
    const next = [
      await store.save(sampleBackup({ checkpointId: 2 })),
      await second.save(sampleBackup({ checkpointId: 2, nodeId: 1 })),
    ];
    return {
      first: [saved.isOk() ? 'ok' : saved.error.name, other].sort(),
      next: next.map((result) => (result.isOk() ? 'ok' : result.error.name)).sort(),
    };
  }

  const one = ['ForeignCluster', 'ok'];

  it.each([0, 1, 2, 3, 4, 5])('do not both win (request %i)', async (at) => {
    const storage = new MemoryObjectStorage({ clock: systemClock });
    expect(await race(storage, at)).toEqual({ first: one, next: one });
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'do not both go on where create-only puts are not honoured (request %i)',
    async (at) => {
      const memory = new MemoryObjectStorage({ clock: systemClock });
      const storage = new Proxy(memory, {
        get(target, name) {
          if (name === 'put') {
            return (key: string, body: Uint8Array) => target.put(key, body);
          }
          const value = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
      const { first, next } = await race(storage, at);
      // One that has claimed, saved and gone before the other one overwrites its claim has had its backup.
      if (at !== 1) expect(first).toEqual(one);
      expect(next).toEqual(one);
    },
  );

  it('do not both go on where the storage only looks before it writes', async () => {
    const memory = new MemoryObjectStorage({ clock: systemClock });
    let inBetween = async () => {};
    const storage = new Proxy(memory, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== 'put') return typeof value === 'function' ? value.bind(target) : value;
        return (key: string, body: Uint8Array, options?: PutOptions) =>
          fromAsync<void, StoreError | ObjectAlreadyExists>(async () => {
            const isThere = options?.ifAbsent === true && (await target.head(key)).isOk();
            if (isThere) return err(new ObjectAlreadyExists(key));
            const once = inBetween;
            inBetween = async () => {};
            await once();
            return target.put(key, body);
          });
      },
    });
    const first = new TidemarkBackupStore({ storage }, { clusterId: 'a' });
    const second = new TidemarkBackupStore({ storage }, { clusterId: 'b' });
    // The first one finds no claim. Before it writes its own the second one claims the place.
    inBetween = async () => {
      (await second.markFailed(sampleBackup({ nodeId: 1 }).id, 'x', { term: 1n }))._unsafeUnwrap();
    };
    (await first.save(sampleBackup()))._unsafeUnwrap();
    expect([first.conditionalPut, second.conditionalPut]).toEqual([true, true]);
    const late = await second.save(sampleBackup({ checkpointId: 2, nodeId: 1 }));
    expect(late._unsafeUnwrapErr().name).toBe('ForeignCluster');
  });

  it('are warned of a storage that does not honour create-only puts', async () => {
    const warnings: string[] = [];
    const quiet = () => {};
    const logger = {
      debug: quiet,
      info: quiet,
      error: quiet,
      warn: (_: object, text: string) => void warnings.push(text),
    };
    for (const honoured of [true, false]) {
      const memory = new MemoryObjectStorage({ clock: systemClock });
      const put = memory.put.bind(memory);
      if (!honoured) memory.put = (key, body) => put(key, body);
      const store = new TidemarkBackupStore({ storage: memory, logger }, { clusterId: 'a' });
      (await store.save(sampleBackup()))._unsafeUnwrap();
      expect(store.conditionalPut).toBe(honoured);
      expect(warnings).toHaveLength(honoured ? 0 : 1);
    }
  });
});
