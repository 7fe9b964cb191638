// What a save and a read do when the thread that hashes for them dies in the midst of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { assertSameBackup, readWhole, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';
import { nativePlace } from './native-place.ts';

const LARGE = 256 * 1024;
const backup = sampleBackup({ snapshotFiles: [], segmentFiles: [sampleFile('log', 12 * LARGE, 3)] });
const { postMessage } = Worker.prototype;

/** The next job ends the thread. */
function loseThread(): void {
  Worker.prototype.postMessage = function (...args: Parameters<Worker['postMessage']>) {
    Worker.prototype.postMessage = postMessage;
    void this.terminate();
    postMessage.apply(this, args);
  };
}

describe('a hashing thread that is lost', () => {
  afterEach(() => {
    Worker.prototype.postMessage = postMessage;
  });

  it('fails a save, and the next one goes well', async () => {
    const { store } = nativePlace().node({ chunkSizeBytes: LARGE });
    loseThread();
    const error = (await store.save(backup))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreFailure');
    expect(error.message).toContain("the thread ended: name='tidemark hashing");
    const next = sampleBackup({ checkpointId: 2, snapshotFiles: [], segmentFiles: backup.segmentFiles });
    (await store.save(next))._unsafeUnwrap();
    await assertSameBackup((await store.open(next.id))._unsafeUnwrap(), next);
  });

  it('fails a read, and what is fetched ahead rejects at nobody', async () => {
    const { store } = nativePlace().node({ chunkSizeBytes: LARGE });
    (await store.save(backup))._unsafeUnwrap();
    const stored = (await store.open(backup.id))._unsafeUnwrap();
    const [file] = stored.segmentFiles;
    if (file === undefined) throw new Error('the backup has a file');
    const unhandled: unknown[] = [];
    const onUnhandled = (cause: unknown) => void unhandled.push(cause);
    process.on('unhandledRejection', onUnhandled);
    try {
      const reading = file.open()[Symbol.asyncIterator]();
      // Far enough for several to be fetched ahead.
      for (let nth = 0; nth < 4; nth += 1) await reading.next();
      loseThread();
      const rest = async () => {
        for (let nth = 0; nth < 12; nth += 1) await reading.next();
      };
      await expect(rest()).rejects.toMatchObject({ name: 'StoreFailure' });
      await sleep(20);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', onUnhandled);
    }
    await readWhole(file);
  });

  it('fails the read of a pack, and keeps nothing of it for the next one', async () => {
    const current = { id: 'a', secret: Buffer.alloc(32, 1).toString('base64') };
    const { store } = nativePlace().node({ chunkSizeBytes: LARGE, encryptionKeys: [current] });
    const small = [sampleFile('a', 80_000, 1), sampleFile('b', 80_000, 2)];
    const packed = sampleBackup({ snapshotFiles: small, segmentFiles: [] });
    (await store.save(packed))._unsafeUnwrap();
    const stored = (await store.open(packed.id))._unsafeUnwrap();
    const [file] = stored.snapshotFiles;
    if (file === undefined) throw new Error('the backup has files');
    loseThread();
    await expect(readWhole(file)).rejects.toMatchObject({
      name: 'StoreFailure',
    });
    await assertSameBackup(stored, packed);
  });
});
