// A bucket that others use too: keys of theirs that begin like those of a partition.
import { describe, expect, it } from 'vitest';
import { sampleBackup } from '../../../src/testkit/sample-backups.ts';
import { zeebePlace } from './zeebe-place.ts';

describe('keys of others below a number', () => {
  it.each(['1/~cache/a', '1/ü/a', '1/\u{1F600}', '1/~', 'manifests/1/~/a', '9/~/a', '007/é/a'])(
    '%s: are passed by, and the listing ends',
    async (key) => {
      const { node, put } = zeebePlace();
      const { store, storage } = node();
      for (const partitionId of [1, 2, 10]) {
        (await store.save(sampleBackup({ checkpointId: 7, partitionId })))._unsafeUnwrap();
      }
      await put(key, 'x');
      storage.calls.length = 0;
      // A listing that goes in circles would go on for ever.
      storage.script = () => (storage.calls.length > 50 ? 'refused' : 'done');
      const rows = (await store.list({}))._unsafeUnwrap().backups;
      expect(rows.map(({ id }) => id.partitionId)).toEqual([1, 2, 10]);
    },
  );
});

it('many keys of others at the top cost a request per page, not one each', async () => {
  const { node, put } = zeebePlace();
  const { store, storage } = node();
  for (let n = 0; n < 1_500; n += 1) await put(`2026-01-01-${String(n).padStart(4, '0')}.log`, 'x');
  for (let n = 0; n < 500; n += 1) await put(`2026-02-${String(n).padStart(4, '0')}/a.log`, 'x');
  for (const partitionId of [1, 2, 3, 21]) {
    (await store.save(sampleBackup({ checkpointId: 7, partitionId })))._unsafeUnwrap();
  }
  storage.calls.length = 0;
  const rows = (await store.list({}))._unsafeUnwrap().backups;
  expect(rows.map(({ id }) => id.partitionId)).toEqual([1, 2, 3, 21]);
  expect(storage.count('list')).toBeLessThan(20);
});
