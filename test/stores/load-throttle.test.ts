// A save that gives way to the broker: how far, for how long, and how it comes back. All on a clock that a test moves.
import { describe, expect, it } from 'vitest';
import type { BackupProgress } from '../../src/core/status.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import type { LoadProbe } from '../../src/ports/environment.ts';
import { LoadThrottle } from '../../src/stores/tidemark/load-throttle.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { sampleBackup, sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';

const { signal } = new AbortController();
const HOUR = 3_600_000;

function throttled({ chunks = 1_000, deadlineMs = HOUR } = {}) {
  const clock = new ManualClock();
  const broker = { load: 0 };
  const windows: number[] = [];
  const throttle = new LoadThrottle(
    { clock, load: () => broker.load, onWindow: (window) => void windows.push(window) },
    { chunksInFlight: 6, chunks, deadlineMs },
  );
  /** One turn after the other; gives how long each of them paused. */
  const turns = async (count: number) => {
    const pauses: number[] = [];
    for (let nth = 0; nth < count; nth += 1) {
      const before = throttle.throttledMs;
      const turn = throttle.turn(signal);
      if (clock.sleeping > 0) await clock.advance(3_000);
      await turn;
      pauses.push(throttle.throttledMs - before);
    }
    return pauses;
  };
  return { broker, windows, throttle, turns };
}

describe('the pace of a save', () => {
  it('is untouched while the broker has room, or hardly any', async () => {
    const { broker, windows, throttle, turns } = throttled();
    expect(await turns(5)).toEqual([0, 0, 0, 0, 0]);
    broker.load = 0.7;
    expect(await turns(5)).toEqual([0, 0, 0, 0, 0]);
    expect(windows).toEqual([]);
    expect(throttle.throttledMs).toBe(0);
  });

  it('falls by halves under load, first in chunks at a time, then by pauses, which have an end', async () => {
    const { broker, windows, turns } = throttled();
    broker.load = 0.9;
    const waits = await turns(12);
    expect(windows).toEqual([3, 1]);
    // 1,000 chunks and half an hour for pauses: 1,800 ms each at most, and a little more for what the first left.
    expect(waits.slice(0, 9)).toEqual([0, 0, 25, 50, 100, 200, 400, 800, 1_600]);
    for (const wait of waits.slice(9)) expect(wait).toBeGreaterThan(1_800);
    for (const wait of waits) expect(wait).toBeLessThan(2_001);
  });

  it('comes back step by step when the load falls', async () => {
    const { broker, windows, turns } = throttled();
    broker.load = 1;
    await turns(6);
    broker.load = 0.2;
    expect(await turns(9)).toEqual([100, 50, 25, 0, 0, 0, 0, 0, 0]);
    expect(windows).toEqual([3, 1, 2, 3, 4, 5, 6]);
    await turns(3);
    expect(windows.at(-1)).toBe(6);
    expect(windows.length).toBe(7);
  });

  it.each([
    [10, 60_000],
    [500, 10_000],
    [20, HOUR],
    [1, 1_000],
  ])(
    'leaves half of the time for the work, and something for each chunk: %i chunks in %i ms',
    async (chunks, deadlineMs) => {
      const { broker, throttle, turns } = throttled({ chunks, deadlineMs });
      broker.load = 1;
      const waits = await turns(chunks);
      expect(throttle.throttledMs).toBeLessThanOrEqual(deadlineMs / 2 + 1);
      for (const wait of waits) expect(wait).toBeLessThanOrEqual(2_001);
      // More turns than were foreseen have no more than what is left.
      await turns(10);
      expect(throttle.throttledMs).toBeLessThanOrEqual(deadlineMs / 2 + 1);
    },
  );

  it('is untouched by a probe that throws or makes no sense', async () => {
    const probes: LoadProbe[] = [
      () => {
        throw new Error('no idea');
      },
      () => Number.NaN,
    ];
    for (const load of probes) {
      const settings = { chunksInFlight: 2, chunks: 3, deadlineMs: 1_000 };
      const throttle = new LoadThrottle(
        { clock: new ManualClock(), load, onWindow: () => expect.fail() },
        settings,
      );
      for (let nth = 0; nth < 5; nth += 1) await throttle.turn(signal);
      expect(throttle.throttledMs).toBe(0);
    }
  });
});

const CHUNK = 1_000;

function loaded(load: LoadProbe | undefined) {
  const clock = new ManualClock();
  const storage = new MemoryObjectStorage({ clock });
  const store = new TidemarkBackupStore(
    { storage, clock, load },
    { chunkSizeBytes: CHUNK, chunksInFlight: 4 },
  );
  let reading = 0;
  const seen = { most: 0, mostLater: 0, progress: undefined as BackupProgress | undefined };
  const bytes = sampleBytes(60 * CHUNK);
  const file = {
    ...sampleFile('log', bytes),
    async read(target: Uint8Array, position: number) {
      reading += 1;
      seen.most = Math.max(seen.most, reading);
      await clock.sleep(10);
      if (position > bytes.length / 2) seen.mostLater = Math.max(seen.mostLater, reading);
      target.set(bytes.subarray(position, position + target.length));
      reading -= 1;
    },
  };
  const files = [file, { ...file, name: 'log-2' }, { ...file, name: 'log-3' }];
  const backup = sampleBackup({ snapshotFiles: [], segmentFiles: files });
  const save = (options: { deadlineMs?: number; signal?: AbortSignal } = {}) =>
    store.save(backup, {
      ...options,
      onProgress: (progress) => {
        seen.progress = progress;
      },
    });
  return { clock, seen, save };
}

describe('a save with a probe', () => {
  it('reads one chunk at a time from a busy broker, tells how long it paused, and comes to its end', async () => {
    const { clock, seen, save } = loaded(() => 1);
    const saving = save({ deadlineMs: 60_000 });
    await clock.advance(60_000);
    (await saving)._unsafeUnwrap();
    expect(seen.progress?.throttledMs).toBeGreaterThan(20_000);
    expect(seen.progress?.throttledMs).toBeLessThanOrEqual(30_000);
    expect(seen.progress?.bytesDone).toBe(180 * CHUNK);
  });

  it('reads fewer chunks at a time even where no time is left for pauses', async () => {
    const { clock, seen, save } = loaded(() => 1);
    const saving = save({ deadlineMs: 1 });
    await clock.advance(60_000);
    (await saving)._unsafeUnwrap();
    expect(seen.mostLater).toBe(1);
    expect(seen.progress?.throttledMs).toBe(0);
  });

  it('does as without one while the broker idles', async () => {
    for (const load of [() => 0, undefined]) {
      const { clock, seen, save } = loaded(load);
      const saving = save();
      await clock.advance(10_000);
      (await saving)._unsafeUnwrap();
      expect([seen.most, seen.mostLater]).toEqual([3, 3]);
      expect(seen.progress?.throttledMs).toBe(load === undefined ? undefined : 0);
    }
  });

  it('can be called off while it pauses', async () => {
    const { clock, save } = loaded(() => 1);
    const controller = new AbortController();
    const saving = save({ signal: controller.signal });
    await clock.advance(5_000);
    controller.abort();
    await clock.advance(10);
    expect((await saving)._unsafeUnwrapErr().name).toBe('Aborted');
  });
});
