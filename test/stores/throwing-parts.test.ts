// What others give to a store and may throw all the same: a storage, a progress callback, a file, an odd clock.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { CHUNK, nativePlace } from './native-place.ts';

const backup = sampleBackup({
  snapshotFiles: [sampleFile('a', 10, 1), sampleFile('big', 9 * CHUNK, 2)],
  segmentFiles: [sampleFile('log', 9 * CHUNK, 3)],
});
const unhandled: unknown[] = [];
const note = (cause: unknown) => unhandled.push(cause);
beforeEach(() => process.on('unhandledRejection', note));
afterEach(() => {
  process.off('unhandledRejection', note);
  unhandled.length = 0;
});

async function rowOf(place: ReturnType<typeof nativePlace>) {
  const page = await place.node().store.list({ ...backup.id, details: true });
  return page._unsafeUnwrap().backups[0];
}

describe('a save is FAILED, and the process lives on', () => {
  it('when the storage throws', async () => {
    const place = nativePlace();
    const { store, storage } = place.node();
    storage.script = ({ key, operation }) => {
      if (operation === 'put' && key.includes('/chunks/')) throw new Error('a bug in the storage');
      return 'done';
    };
    expect((await store.save(backup))._unsafeUnwrapErr().name).toBe('StoreFailure');
    await place.clock.advance(0);
    expect(unhandled).toEqual([]);
    expect(await rowOf(place)).toMatchObject({ statusCode: 'FAILED' });
    await store.close();
  });

  it.each([1, 2, 5])('when the callback throws at its call %i', async (at) => {
    const place = nativePlace();
    const { store } = place.node();
    let calls = 0;
    const onProgress = () => {
      calls += 1;
      if (calls >= at) throw new Error('a bug in the callback');
    };
    expect((await store.save(backup, { onProgress }))._unsafeUnwrapErr().name).toBe('StoreFailure');
    await place.clock.advance(0);
    expect(unhandled).toEqual([]);
    expect(await rowOf(place)).toMatchObject({ statusCode: 'FAILED' });
    await store.close();
  });
});

describe('a clock with fractions of a millisecond', () => {
  it('gives names that can be read again', async () => {
    const { memory, clock } = nativePlace();
    const fine = {
      now: () => 1_767_225_600_000.25,
      monotonic: () => clock.monotonic(),
      sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
    };
    const store = new TidemarkBackupStore({ storage: memory, clock: fine });
    (await store.save(backup))._unsafeUnwrap();
    expect((await store.list({}))._unsafeUnwrap().backups).toHaveLength(1);
    await store.close();
  });
});

describe('reading from a storage that throws', () => {
  it('ends with a StoreFailure, also for the pieces that were fetched ahead', async () => {
    const place = nativePlace();
    (await place.node().store.save(backup))._unsafeUnwrap();
    const { store, storage } = place.node();
    const opened = (await store.open(backup.id))._unsafeUnwrap();
    let gets = 0;
    storage.script = ({ operation }) => {
      gets += operation === 'get' ? 1 : 0;
      if (gets > 2) throw new Error('a bug in the storage');
      return 'done';
    };
    const read = async () => {
      for await (const bytes of opened.segmentFiles[0]?.open() ?? []) expect(bytes).toHaveLength(CHUNK);
    };
    await expect(read()).rejects.toMatchObject({ name: 'StoreFailure' });
    await place.clock.advance(0);
    expect(unhandled).toEqual([]);
  });
});
