// A limit of bytes per second, counted on a clock that a test moves.
import { describe, expect, it } from 'vitest';
import { ByteRate } from '../../src/stores/byte-rate.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { assertSameBackup, sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { nativePlace } from './native-place.ts';

const { signal } = new AbortController();

function limited(bytesPerSecond: number) {
  const clock = new ManualClock();
  const rate = new ByteRate({ clock }, { bytesPerSecond });
  const gone: string[] = [];
  const take = (partition: number, bytes: number, name: string, until = signal) =>
    rate.turn(partition, bytes, until).then(() => void gone.push(name));
  return { clock, take, gone };
}

describe('a rate', () => {
  it('lets through what a second allows, and catches up no more than a tenth of one', async () => {
    const { clock, take, gone } = limited(1_000);
    for (let nth = 1; nth <= 30; nth += 1) void take(1, 100, String(nth));
    await clock.advance(0);
    // One for the tenth of a second before, one on credit of the next.
    expect(gone.length).toBe(2);
    for (let second = 1; second <= 2; second += 1) {
      await clock.advance(1_000);
      expect(gone.length).toBe(2 + 10 * second);
    }
    await clock.advance(60_000);
    expect(gone.length).toBe(30);
    expect(clock.sleeping, 'nobody waits').toBe(0);
    // A minute without work is no credit.
    for (let nth = 1; nth <= 10; nth += 1) void take(1, 100, 'later');
    await clock.advance(0);
    expect(gone.length).toBe(32);
  });

  it('gives the partitions turns, however much one of them has queued', async () => {
    const { clock, take, gone } = limited(1_000);
    for (const name of ['a1', 'a2', 'a3', 'a4']) void take(1, 1_000, name);
    for (const name of ['b1', 'b2']) void take(2, 1_000, name);
    void take(3, 1_000, 'c1');
    await clock.advance(10_000);
    expect(gone).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('is left at once by who is called off, whose bytes then do not count, and sleeps no longer for nobody', async () => {
    const { clock, take, gone } = limited(1_000);
    const controller = new AbortController();
    await take(1, 1_000, 'first');
    void take(1, 50_000, 'called off', controller.signal);
    void take(2, 1_000, 'second');
    controller.abort();
    await clock.advance(0);
    expect(gone).toEqual(['first', 'called off']);
    await clock.advance(1_000);
    expect(gone).toEqual(['first', 'called off', 'second']);
    const other = new AbortController();
    void take(1, 1_000, 'alone', other.signal);
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);
    other.abort();
    void take(2, 1_000, 'right behind');
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1_000);
    expect(gone.slice(3)).toEqual(['alone', 'right behind']);
    expect(clock.sleeping).toBe(0);
    await take(1, 1, 'too late', AbortSignal.abort());
    expect(clock.sleeping).toBe(0);
  });
});

const CHUNK = 1_000;
const backup = (id: number, partitionId = 1, times = 20) =>
  sampleBackup({
    checkpointId: id,
    partitionId,
    snapshotFiles: [],
    segmentFiles: [sampleFile('log', sampleBytes(times * CHUNK, id * 10 + partitionId))],
  });

/** How long something takes on the clock, to a second. */
async function secondsUntil(clock: ManualClock, done: Promise<unknown>): Promise<number> {
  let ended = false;
  void done.then(() => {
    ended = true;
  });
  let seconds = 0;
  for (await clock.advance(0); !ended && seconds < 1_000; seconds += 1) await clock.advance(1_000);
  return seconds;
}

describe('a store with a rate', () => {
  it('saves and reads at that rate, and without one at once', async () => {
    const { node, clock } = nativePlace();
    const fast = node({ chunkSizeBytes: CHUNK }).store;
    const slow = node({ chunkSizeBytes: CHUNK, maxBytesPerSecond: 2 * CHUNK }).store;
    const read = async (store: typeof slow, id: number) =>
      assertSameBackup((await store.open(backup(id).id))._unsafeUnwrap(), backup(id));
    expect(await secondsUntil(clock, Promise.resolve(fast.save(backup(1))))).toBe(0);
    expect(await secondsUntil(clock, read(fast, 1))).toBe(0);
    expect(await secondsUntil(clock, Promise.resolve(slow.save(backup(2))))).toBe(10);
    expect(await secondsUntil(clock, read(slow, 2))).toBeGreaterThanOrEqual(9);
  });

  it('goes on showing that it lives, and can be called off while it waits', async () => {
    const { node, clock } = nativePlace();
    const { store } = node({ chunkSizeBytes: CHUNK, maxBytesPerSecond: 10, staleAfterMs: 60_000 });
    const controller = new AbortController();
    const saving = store.save(backup(1), { signal: controller.signal });
    await clock.advance(300_000);
    const [row] = (await store.list({}))._unsafeUnwrap().backups;
    expect(row?.statusCode).toBe('IN_PROGRESS');
    controller.abort();
    await clock.advance(0);
    expect((await saving)._unsafeUnwrapErr().name).toBe('Aborted');
    expect(clock.sleeping).toBe(0);
  });
});
