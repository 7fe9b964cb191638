// One place, one cluster.
import { describe, expect, it } from 'vitest';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
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

  it('is looked at once for each store, not once for each save', async () => {
    const { node } = nativePlace();
    const { storage, store } = node();
    for (const checkpointId of [1, 2, 3]) (await store.save(sampleBackup({ checkpointId })))._unsafeUnwrap();
    expect([storage.count('get', 'cluster.json'), storage.count('put', 'cluster.json')]).toEqual([2, 2]);
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
});
