// A listing never takes a store that fails for damage, or a part of the rows for all: where an answer is missing, there is
// no listing.
import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import type { BackupQuery, BackupStore } from '../../src/ports/backup-store.ts';
import { sampleBackup } from '../../src/testkit/sample-backups.ts';
import { nativePlace } from './native-place.ts';
import type { Fate, ScriptedStorage } from './scripted-storage.ts';
import { zeebePlace } from './zeebe/zeebe-place.ts';

interface Node {
  readonly store: BackupStore;
  readonly storage: ScriptedStorage;
}

const PLACES: Record<string, () => { node(): Node }> = { native: nativePlace, "Zeebe's": zeebePlace };

const QUERIES: Record<string, BackupQuery> = {
  'of all': { details: true },
  'of one backup': { checkpointId: checkpointId(2), details: true },
  'of one copy': { checkpointId: checkpointId(2), partitionId: 1, nodeId: 0, details: true },
  'of a partition below an id': { partitionId: 1, before: checkpointId(3), details: true },
};

describe.each(Object.entries(PLACES))('a listing of the %s layout', (_, place) => {
  async function filled(): Promise<() => Node> {
    const { node } = place();
    const { store } = node();
    for (const id of [1, 2]) {
      for (const partitionId of [1, 2]) {
        (await store.save(sampleBackup({ checkpointId: id, partitionId })))._unsafeUnwrap();
      }
    }
    return node;
  }

  it.each(Object.entries(QUERIES))(
    '%s fails when any of its requests does, and says that the store is not available',
    async (_name, query) => {
      const node = await filled();
      const whole = node();
      const rows = (await whole.store.list(query))._unsafeUnwrap().backups;
      expect(rows.length).toBeGreaterThan(0);
      const requests = whole.storage.calls.length;
      for (let broken = 0; broken < requests; broken += 1) {
        const { store, storage } = node();
        storage.script = ({ index }) => (index === broken ? 'refused' : 'done');
        const listed = await store.list(query);
        expect(listed.isErr() ? listed.error.name : 'listed', `request ${broken}`).toBe('StoreUnavailable');
      }
    },
  );

  it('of what is unsettled fails when any of its requests does', async () => {
    const node = await filled();
    const whole = node();
    (await whole.store.unsettled(1))._unsafeUnwrap();
    const requests = whole.storage.calls.length;
    expect(requests).toBeGreaterThan(0);
    for (let broken = 0; broken < requests; broken += 1) {
      const { store, storage } = node();
      storage.script = ({ index }) => (index === broken ? 'refused' : 'done');
      expect((await store.unsettled(1)).isErr(), `request ${broken}`).toBe(true);
    }
  });

  it('leaves out what is deleted while it reads', async () => {
    const node = await filled();
    const { store, storage } = node();
    const other = node();
    let isDeleted = false;
    storage.script = async ({ operation }): Promise<Fate> => {
      if (operation === 'get' && !isDeleted) {
        isDeleted = true;
        const id = { checkpointId: checkpointId(2), partitionId: 1, nodeId: 0 };
        (await other.store.delete(id))._unsafeUnwrap();
      }
      return 'done';
    };
    const { backups } = (await store.list({ partitionId: 1, details: true }))._unsafeUnwrap();
    expect(isDeleted).toBe(true);
    expect(backups.map(({ id }) => id.checkpointId)).toEqual([checkpointId(1)]);
  });

  it('tells of a completed backup what its manifest says', async () => {
    const { store } = (await filled())();
    const { descriptor } = sampleBackup({ checkpointId: 2, partitionId: 1 });
    const id = { checkpointId: checkpointId(2), partitionId: 1, nodeId: 0 };
    const [row] = (await store.list({ ...id, details: true }))._unsafeUnwrap().backups;
    expect(row).toMatchObject({ id, statusCode: 'COMPLETED', descriptor });
    expect(row).not.toHaveProperty('failureReason');
    expect(row).not.toHaveProperty('isBeingDeleted');
  });

  it('has no next page when nothing follows, and one that can be asked for when something does', async () => {
    const { store } = (await filled())();
    const all = (await store.list({ partitionId: 1 }))._unsafeUnwrap();
    expect('next' in all).toBe(false);
    const first = (await store.list({ partitionId: 1, limit: 1 }))._unsafeUnwrap();
    expect(first.next).toBe(first.backups.at(-1)?.id.checkpointId);
    const rest = (await store.list({ partitionId: 1, before: first.next }))._unsafeUnwrap();
    expect([...first.backups, ...rest.backups].map(({ id }) => id)).toEqual(all.backups.map(({ id }) => id));
  });
});
