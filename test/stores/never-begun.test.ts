// An attempt whose `begun` never arrived, and whose writer could not say so either. The simulation found it at seed 262.
import { expect, it } from 'vitest';
import { sampleBackup } from '../../src/testkit/sample-backups.ts';
import { nativePlace, STALE } from './native-place.ts';

it('an attempt that left nothing but its entry and its seal can be settled once it has gone silent', async () => {
  const place = nativePlace();
  const { store, storage } = place.node();
  const backup = sampleBackup();
  storage.script = ({ operation, key }) => {
    const isBegun = operation === 'put' && key.includes('/begun.');
    return isBegun || (operation === 'head' && key.includes('/attempts/')) ? 'refused' : 'done';
  };
  expect((await store.save(backup))._unsafeUnwrapErr().name).toBe('StoreUnavailable');

  const leader = place.node().store;
  const [left] = (await leader.unsettled(1))._unsafeUnwrap();
  expect(left).toEqual({ id: backup.id, term: backup.term });
  // Its writer may be about to tell by itself why it failed.
  await leader.markFailed(backup.id, 'too early', { term: backup.term });
  expect((await leader.unsettled(1))._unsafeUnwrap()).toHaveLength(1);

  await place.clock.advance(STALE + 1);
  const state = await leader.markFailed(backup.id, 'nobody ended it', { term: backup.term });
  expect(state._unsafeUnwrap()).toBe('FAILED');
  expect((await leader.unsettled(1))._unsafeUnwrap()).toEqual([]);
});
