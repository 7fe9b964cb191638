import { ResultAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { Aborted } from '../../src/core/errors.ts';
import { SEVEN, withContent } from './sample-backups.ts';
import { setUp } from './set-up.ts';

const hang = () => new Promise<never>(() => {});

/** Lets everything run that does not wait for time. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('calling off', () => {
  it('before it begins does nothing', async () => {
    const { target, manager } = setUp();
    const error = (await manager.restore(SEVEN, { signal: AbortSignal.abort() }))._unsafeUnwrapErr();
    expect(error.name).toBe('Aborted');
    expect(target.calls).toEqual([]);
  });

  it('in the midst of a file waits for the writers, then discards', async () => {
    const { backups, store, target, manager, clock } = setUp();
    const controller = new AbortController();
    const [first, ...rest] = backups[0]!.segmentFiles;
    const stuck = withContent(first!, async function* ({ signal } = {}) {
      yield Buffer.from('log-');
      controller.abort();
      if (signal?.aborted) throw new Aborted('read');
      throw new Error('the signal did not come through');
    });
    store.backups[0] = { ...backups[0]!, segmentFiles: [stuck, ...rest] };
    const error = (await manager.restore(SEVEN, { signal: controller.signal }))._unsafeUnwrapErr();
    expect(error.name).toBe('Aborted');
    expect(target.calls.at(-1)).toBe('discard while 0 write');
    expect(target.installed).toBeUndefined();
    expect(clock.sleeping).toBe(0);
  });

  it('stops at the next bytes of a store that does not listen', async () => {
    const { backups, store, target, manager } = setUp();
    const controller = new AbortController();
    const endless = {
      name: 'log-0',
      sizeBytes: Number.MAX_SAFE_INTEGER,
      async *open() {
        for (;;) yield new Uint8Array(await new Promise<number>((resolve) => setImmediate(() => resolve(1))));
      },
    };
    store.backups[0] = { ...backups[0]!, segmentFiles: [endless] };
    const onProgress = ({ bytesDone }: { bytesDone: number }) => {
      if (bytesDone > 90) controller.abort();
    };
    const error = (
      await manager.restore(SEVEN, { signal: controller.signal, onProgress })
    )._unsafeUnwrapErr();
    expect(error.name).toBe('Aborted');
    expect(target.calls.at(-1)).toBe('discard while 0 write');
  });

  it('when the time is up says so', async () => {
    const { store, target, manager, clock } = setUp({ deadlineMs: 1_000 });
    store.open = () => new ResultAsync(hang());
    const result = manager.restore(SEVEN);
    await clock.advance(1_000);
    expect((await result)._unsafeUnwrapErr()).toMatchObject({ name: 'DeadlineExceeded', timeoutMs: 1_000 });
    expect(target.calls).toEqual(['occupants']);
  });

  it('gives up on a target that hangs, and discards nothing under it', async () => {
    const { target, manager, clock, log } = setUp({ deadlineMs: 1_000 });
    target.before = (step) => (step === 'write' ? hang() : undefined);
    let ended = false;
    const result = manager.restore(SEVEN).map((report) => report);
    void result.then(() => {
      ended = true;
    });
    await clock.advance(1_000);
    expect(ended).toBe(false);
    await clock.advance(5 * 60_000);
    expect((await result)._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
    expect(target.calls.some((call) => call.startsWith('discard'))).toBe(false);
    expect(log[0]?.message).toContain('could not remove');
  });

  it('discards what a slow begin makes after the time is up', async () => {
    const { target, manager, clock } = setUp({ deadlineMs: 1_000 });
    let go = () => {};
    target.before = (step) => (step === 'begin' ? new Promise((resolve) => (go = resolve)) : undefined);
    const result = manager.restore(SEVEN);
    await clock.advance(1_000);
    expect((await result)._unsafeUnwrapErr().name).toBe('DeadlineExceeded');
    go();
    await settle();
    expect(target.calls.at(-1)).toBe('discard while 0 write');
    expect(target.staged).toBeUndefined();
  });

  it('does not reach an installation that has begun', async () => {
    const { target, manager } = setUp();
    const controller = new AbortController();
    target.before = (step) => (step === 'install' ? controller.abort() : undefined);
    expect((await manager.restore(SEVEN, { signal: controller.signal })).isOk()).toBe(true);
    expect(target.installed).toBeDefined();
  });

  it('takes nothing away under an installation that hangs', async () => {
    const { target, manager, clock } = setUp();
    target.before = (step) => (step === 'install' ? hang() : undefined);
    const result = manager.restore(SEVEN);
    await clock.advance(5 * 60_000);
    expect((await result)._unsafeUnwrapErr()).toMatchObject({ name: 'DeadlineExceeded' });
    expect(target.calls.some((call) => call.startsWith('discard'))).toBe(false);
  });
});

describe('a progress callback that throws', () => {
  it.each([1, 2, 7])('at its call %i disturbs no restore', async (at) => {
    const { target, manager, clock, log } = setUp();
    let calls = 0;
    const onProgress = () => {
      calls += 1;
      if (calls >= at) throw new Error('a bug in the callback');
    };
    expect((await manager.restore(SEVEN, { onProgress })).isOk()).toBe(true);
    expect(target.installed).toBeDefined();
    expect(clock.sleeping).toBe(0);
    expect(log.filter(({ message }) => message.includes('callback'))).toHaveLength(1);
  });
});
