import { describe, expect, it } from 'vitest';
import { checkpointId } from '../../src/core/ids.ts';
import { keys } from './damage.ts';
import { nativePlace } from './native-place.ts';

const seven = checkpointId(7);
const nine = checkpointId(9);

describe('labels', () => {
  it('are set, set again, and removed', async () => {
    const place = nativePlace();
    const { labels } = place.node().store;
    (await labels.set(seven, 'release', '8.6'))._unsafeUnwrap();
    await place.clock.advance(1);
    (await labels.set(seven, 'release', '8.7'))._unsafeUnwrap();
    (await labels.set(seven, 'release-note', 'a:b'))._unsafeUnwrap();
    (await labels.set(nine, 'tested', ''))._unsafeUnwrap();
    const all = [
      { checkpointId: nine, labels: { tested: '' } },
      { checkpointId: seven, labels: { release: '8.7', 'release-note': 'a:b' } },
    ];
    expect((await labels.list())._unsafeUnwrap()).toEqual(all);
    expect((await labels.list(nine))._unsafeUnwrap()).toEqual(all.slice(0, 1));
    for (let time = 0; time < 2; time += 1) (await labels.remove(seven, 'release'))._unsafeUnwrap();
    expect((await labels.list(seven))._unsafeUnwrap()).toMatchObject([{ labels: { 'release-note': 'a:b' } }]);
    expect(await keys(place.memory, 'labels/')).toHaveLength(2);
  });

  it('are the last that was set when setting one stopped half way', async () => {
    const { clock, node } = nativePlace();
    const { store, storage } = node();
    (await store.labels.set(seven, 'release', '8.7'))._unsafeUnwrap();
    storage.script = ({ operation }) => (operation === 'delete' ? 'refused' : 'done');
    await clock.advance(1);
    expect((await store.labels.set(seven, 'release', '8.6')).isErr()).toBe(true);
    expect((await store.labels.list(seven))._unsafeUnwrap()).toMatchObject([{ labels: { release: '8.6' } }]);
  });

  it.each([
    ['', 'x'],
    ['Release', 'x'],
    ['a/b', 'x'],
    ['-a', 'x'],
    ['a'.repeat(64), 'x'],
    ['a', 'two words'],
    ['a', '../x'],
    ['a', 'x=y'],
    ['a', 'x'.repeat(128)],
  ])('refuse %j=%j', async (name, value) => {
    const { store, storage } = nativePlace().node();
    expect((await store.labels.set(seven, name, value))._unsafeUnwrapErr().name).toBe('InvalidInput');
    expect(storage.calls).toEqual([]);
  });
});
