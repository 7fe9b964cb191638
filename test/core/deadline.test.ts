import { errAsync, okAsync, ResultAsync } from 'neverthrow';
import { ManualClock } from 'tidemark/testkit';
import { describe, expect, it } from 'vitest';
import { startDeadline, untilAborted, withDeadline } from '../../src/core/deadline.ts';

const never = new ResultAsync<never, never>(new Promise(() => {}));
const limit = (timeoutMs: number, signal?: AbortSignal) => ({ operation: 'test', timeoutMs, signal });

describe('withDeadline', () => {
  it('gives the result and frees its timer', async () => {
    const clock = new ManualClock();
    expect((await withDeadline(clock, limit(100), () => okAsync(5)))._unsafeUnwrap()).toBe(5);
    expect((await withDeadline(clock, limit(100), () => errAsync('no')))._unsafeUnwrapErr()).toBe('no');
    expect(clock.sleeping).toBe(0);
  });

  it('ends an operation that ignores its signal when the time is up, and tells it why', async () => {
    const clock = new ManualClock();
    let seen: AbortSignal | undefined;
    const result = withDeadline(clock, limit(100), (signal) => {
      seen = signal;
      return never;
    });
    await clock.advance(99);
    expect(seen?.aborted).toBe(false);
    await clock.advance(1);
    expect((await result)._unsafeUnwrapErr()).toMatchObject({ name: 'DeadlineExceeded', timeoutMs: 100 });
    expect(seen?.reason).toMatchObject({ name: 'DeadlineExceeded' });
  });

  it('ends as Aborted when the caller aborts, before or while it runs', async () => {
    const clock = new ManualClock();
    const caller = new AbortController();
    const result = withDeadline(clock, limit(100, caller.signal), () => never);
    caller.abort();
    expect((await result)._unsafeUnwrapErr().name).toBe('Aborted');
    expect(
      (await withDeadline(clock, limit(100, caller.signal), () => okAsync(1)))._unsafeUnwrapErr().name,
    ).toBe('Aborted');
    expect(clock.sleeping).toBe(0);
  });
});

describe('untilAborted', () => {
  it('hands a result that comes too late to be discarded', async () => {
    const clock = new ManualClock();
    const deadline = startDeadline(clock, limit(10));
    const { promise, resolve } = Promise.withResolvers<string>();
    const discarded: string[] = [];
    const result = untilAborted(
      deadline.signal,
      () => ResultAsync.fromSafePromise(promise),
      (late) => discarded.push(late),
    );
    await clock.advance(10);
    expect((await result).isErr()).toBe(true);
    resolve('a reservation');
    await clock.advance(0);
    expect(discarded).toEqual(['a reservation']);
  });
});

describe('an operation that throws', () => {
  it('after it was called off, is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const note = (cause: unknown) => unhandled.push(cause);
    process.on('unhandledRejection', note);
    try {
      const clock = new ManualClock();
      const deadline = startDeadline(clock, limit(10));
      const { promise, reject } = Promise.withResolvers<string>();
      const result = untilAborted(deadline.signal, () => ResultAsync.fromSafePromise(promise));
      await clock.advance(10);
      expect((await result).isErr()).toBe(true);
      reject(new Error('too late'));
      await clock.advance(0);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
