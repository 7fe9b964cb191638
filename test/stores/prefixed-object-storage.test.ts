// A part of a storage is a storage: the same contract, and nothing of it outside of its prefix.
import { describe, expect, it } from 'vitest';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import { describeContract } from '../../src/testkit/contract.ts';
import { objectStorageContract } from '../../src/testkit/object-storage-contract.ts';
import { keys } from './damage.ts';

describeContract({ describe, it }, 'a base path keeps the contract', objectStorageContract, async () => {
  const storage = new PrefixedObjectStorage(new MemoryObjectStorage({ clock: systemClock }), 'base/path');
  return { context: { storage, prefix: '', createOnly: true }, close: () => storage.close() };
});

it('neighbours with a similar name do not see each other', async () => {
  const memory = new MemoryObjectStorage({ clock: systemClock });
  const places = ['a', 'ab', 'a/b'].map((path) => new PrefixedObjectStorage(memory, path));
  for (const place of places) (await place.put('key', new Uint8Array(1)))._unsafeUnwrap();
  expect(await keys(memory)).toEqual(['a/b/key', 'a/key', 'ab/key']);
  expect(await Promise.all(places.map((place) => keys(place)))).toEqual([['b/key', 'key'], ['key'], ['key']]);
});
