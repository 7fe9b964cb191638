import { errAsync, okAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { BackupCorrupt } from '../../src/core/errors.ts';
import { type RehearsalComponents, rehearseRestore } from '../../src/restore/rehearse-restore.ts';
import { SEVEN } from './sample-backups.ts';
import { setUp } from './set-up.ts';

async function rehearsal(change: Partial<RehearsalComponents<BackupCorrupt>> = {}) {
  const { manager, clock, log } = setUp();
  const restored = (await manager.restore(SEVEN))._unsafeUnwrap();
  const steps: string[] = [];
  const components: RehearsalComponents<BackupCorrupt> = {
    restore: () => okAsync(restored),
    remove: async () => void steps.push('removed'),
    clock,
    logger: {
      debug() {},
      info() {},
      warn() {},
      error: (_, message) => void log.push({ level: 'error', message, fields: {} }),
    },
    ...change,
  };
  return { components, clock, log, steps, restored };
}

describe('a rehearsal', () => {
  it('restores, checks what was restored, and removes it', async () => {
    const seen: string[] = [];
    const { components, clock, steps, restored } = await rehearsal({
      async check({ location }) {
        seen.push(location);
        await clock.sleep(2_000);
      },
    });
    const running = rehearseRestore(components);
    await clock.advance(2_000);
    expect((await running)._unsafeUnwrap()).toEqual({ restored, checkMs: 2_000 });
    expect([seen, steps]).toEqual([['/shelf'], ['removed']]);
    expect(clock.sleeping).toBe(0);
  });

  it('without a check is a restore alone', async () => {
    const { components, steps, restored } = await rehearsal();
    expect((await rehearseRestore(components))._unsafeUnwrap()).toEqual({ restored });
    expect(steps).toEqual(['removed']);
  });

  it('that cannot restore says why, checks nothing, and removes what there is', async () => {
    const { components, steps } = await rehearsal({
      restore: () => errAsync(new BackupCorrupt('chunk', 'changed')),
      check: async () => void steps.push('checked'),
    });
    expect((await rehearseRestore(components))._unsafeUnwrapErr().name).toBe('BackupCorrupt');
    expect(steps).toEqual(['removed']);
  });

  it('that does not pass says what the check said', async () => {
    const { components, steps } = await rehearsal({
      check: () => Promise.reject(new Error('the totals differ')),
    });
    expect((await rehearseRestore(components))._unsafeUnwrapErr()).toMatchObject({
      name: 'RestoreCheckFailed',
      location: '/shelf',
      message: expect.stringContaining('the totals differ'),
    });
    expect(steps).toEqual(['removed']);
  });

  it('ends a check that takes too long, and removes only when that is over', async () => {
    let isOver = () => {};
    const { components, clock, steps } = await rehearsal({
      check: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => steps.push('asked to end'));
          isOver = () => {
            steps.push('ended');
            resolve();
          };
        }),
    });
    const running = rehearseRestore(components, { checkTimeoutMs: 1_000 });
    await clock.advance(1_000);
    expect(steps).toEqual(['asked to end']);
    isOver();
    expect((await running)._unsafeUnwrapErr()).toMatchObject({ name: 'DeadlineExceeded', timeoutMs: 1_000 });
    expect(steps).toEqual(['asked to end', 'ended', 'removed']);
  });

  it('that cannot be cleared up says so, and is a success all the same', async () => {
    const { components, log } = await rehearsal({ remove: () => Promise.reject(new Error('busy')) });
    expect((await rehearseRestore(components)).isOk()).toBe(true);
    expect(log.at(-1)?.message).toContain('remove it yourself');
  });
});
