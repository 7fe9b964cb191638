// Deleting a backup in Zeebe's layout of which files are left without a manifest, as Zeebe's own delete leaves them.
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreBackups } from '../../src/cli/store-backups.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { keys } from '../stores/damage.ts';
import { zeebePlace } from '../stores/zeebe/zeebe-place.ts';
import { zeebeBackup } from './zeebe-world.ts';

const SEVEN = checkpointId(7);
const signal = new AbortController().signal;

describe.each([
  ['flat', '8.6.0', ''],
  ['split', '8.9.1', 'manifests/'],
])('in the %s place', (_, brokerVersion, root) => {
  let place: ReturnType<typeof zeebePlace>;
  beforeEach(async () => {
    place = zeebePlace();
    const { store } = place.node();
    for (const partitionId of [1, 2]) {
      const backup = zeebeBackup(partitionId);
      const descriptor = { ...backup.descriptor, brokerVersion };
      for (const [checkpoint, nodeId] of [
        [7n, 0],
        [7n, 10],
        [70n, 0],
      ] as const) {
        const id = { checkpointId: checkpointId(checkpoint), partitionId, nodeId };
        (await store.save({ ...backup, descriptor, id }))._unsafeUnwrap();
      }
    }
  });

  const lose = async (...manifests: string[]) =>
    (await place.memory.delete(manifests.map((name) => `${root}${name}/manifest.json`)))._unsafeUnwrap();
  const deleteSeven = (node = place.node()) => {
    const backups = new StoreBackups(node.store, { partitionsCount: 2 });
    return backups.delete(SEVEN, { signal });
  };
  const left = async () => (await keys(place.memory)).filter((key) => /\b[12]\/7\//.test(key));

  it.each([
    ['one manifest', ['1/7/0']],
    ['those of a partition', ['2/7/0', '2/7/10']],
    ['all manifests', ['1/7/0', '1/7/10', '2/7/0', '2/7/10']],
  ])('leaves nothing where %s had gone, and touches no other backup', async (_, gone) => {
    await lose(...gone);
    const others = (await keys(place.memory)).filter((key) => /\b[12]\/70\//.test(key));
    expect((await left()).length).toBeGreaterThan(0);
    (await deleteSeven())._unsafeUnwrap();
    expect(await left()).toEqual([]);
    expect(await keys(place.memory)).toEqual(others);
  });

  it('leaves alone what others keep where a copy would be', async () => {
    await lose('1/7/0');
    const notes = root === '' ? '1/7/5/notes.txt' : 'contents/1/7/5/notes.txt';
    await place.put(notes, 'x');
    (await deleteSeven())._unsafeUnwrap();
    expect(await left()).toEqual([notes]);
  });

  it('can be stopped at each of its requests and ended later', async () => {
    const backup = await keys(place.memory);
    const bytes = new Map<string, Uint8Array>();
    for (const key of backup) bytes.set(key, (await place.memory.get(key))._unsafeUnwrap());
    for (let at = 0; ; at += 1) {
      for (const [key, body] of bytes) await place.put(key, body);
      await lose('1/7/0', '2/7/10');
      const node = place.node();
      node.storage.script = ({ index }) => (index < at ? 'done' : 'refused');
      if ((await deleteSeven(node)).isOk()) break;
      // Whatever is COMPLETED has its files.
      const { backups } = (await place.node().store.list({ checkpointId: SEVEN }))._unsafeUnwrap();
      for (const { id, statusCode } of backups) {
        if (statusCode !== 'COMPLETED') continue;
        expect((await place.node().store.open(id)).isOk(), `stopped at ${at}`).toBe(true);
      }
      (await deleteSeven())._unsafeUnwrap();
      expect(await left(), `stopped at ${at}`).toEqual([]);
    }
  });

  it('lists leftovers to who asks alone, and looks for them only then', async () => {
    await lose('1/7/0');
    const { storage, store } = place.node();
    const plain = (await store.list({ checkpointId: SEVEN }))._unsafeUnwrap().backups;
    const before = storage.count('list');
    expect(plain).toHaveLength(3);
    const all = (await store.list({ checkpointId: SEVEN, withLeftovers: true }))._unsafeUnwrap().backups;
    expect(all).toHaveLength(4);
    expect(all.at(-1)).toMatchObject({
      id: { partitionId: 1, nodeId: 0 },
      statusCode: 'FAILED',
      isBeingDeleted: true,
      failureReason: expect.stringContaining('files are left'),
    });
    // Two partitions with two nodes each, a step to the end of each listing, and the look for files.
    expect(storage.count('list') - 2 * before).toBeLessThanOrEqual(3 + 2 * 3 + 1 + 2);
  });
});
