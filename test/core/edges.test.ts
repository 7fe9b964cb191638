// The last value that is right and the first that is not, for ids and names; and what a wait leaves behind.
import { getEventListeners } from 'node:events';
import { okAsync } from 'neverthrow';
import { checkpointId, INT64_MAX, isFlatFileName, logPosition } from 'tidemark';
import { describe, expect, it } from 'vitest';
import { abortReason, startDeadline, untilAborted, withDeadline } from '../../src/core/deadline.ts';
import { Aborted, DeadlineExceeded } from '../../src/core/errors.ts';
import { parseCheckpointId } from '../../src/core/parse-checkpoint-id.ts';
import { partitionsOfNode } from '../../src/core/partition-distribution.ts';
import { fromAsync } from '../../src/core/result.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';

describe('a file name', () => {
  it.each(['a', '...', '.a', 'a..', 'x'.repeat(255), 'é'.repeat(127), ' ', 'a:b', '~', '\u0080'])(
    'may be %j',
    (name) => {
      expect(isFlatFileName(name)).toBe(true);
    },
  );

  it.each([
    '',
    '.',
    '..',
    '/',
    'a/b',
    '\\',
    'a\\b',
    'x'.repeat(256),
    'é'.repeat(128),
    '\0',
    'a\u001f',
    '\u007f',
  ])('is not %j', (name) => {
    expect(isFlatFileName(name)).toBe(false);
  });
});

describe('an id', () => {
  it('lies within 64 bits, and a checkpoint above zero', () => {
    expect([checkpointId(1), checkpointId(INT64_MAX)]).toEqual([1n, INT64_MAX]);
    expect([logPosition(0), logPosition(INT64_MAX)]).toEqual([0n, INT64_MAX]);
    for (const wrong of [0, -1, INT64_MAX + 1n]) expect(() => checkpointId(wrong)).toThrow('1..2^63-1');
    for (const wrong of [-1, INT64_MAX + 1n]) expect(() => logPosition(wrong)).toThrow('0..2^63-1');
  });

  it('that is none is shown up to 40 characters', () => {
    const messageOf = (text: string) => parseCheckpointId(text)._unsafeUnwrapErr().message;
    expect(messageOf('x'.repeat(40))).toContain(`'${'x'.repeat(40)}'`);
    expect(messageOf('x'.repeat(41))).toContain(`'${'x'.repeat(40)}...'`);
    expect(messageOf('x')).toContain("got 'x'");
  });
});

it('no cluster has no nodes', () => {
  const numbers = { nodeId: 0, partitionsCount: 1, replicationFactor: 1 };
  expect(() => partitionsOfNode({ ...numbers, clusterSize: 0 })).toThrow('clusterSize is at least 1, got 0');
  expect(() => partitionsOfNode({ ...numbers, clusterSize: 1.5 })).toThrow(
    'clusterSize is at least 1, got 1.5',
  );
});

describe('a wait', () => {
  const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

  it('leaves no listener on a signal that outlives it, however it ends', async () => {
    const clock = new ManualClock();
    const { signal } = new AbortController();
    const options = { operation: 'wait', timeoutMs: 10, signal };
    await withDeadline(clock, options, () => okAsync(1));
    await untilAborted(signal, () => okAsync(1));
    const thrown = untilAborted(signal, () => fromAsync(() => Promise.reject(new Error('bug'))));
    await expect(Promise.resolve(thrown)).rejects.toThrow('bug');
    const deadline = startDeadline(clock, options);
    expect(listeners(signal)).toBe(1);
    deadline.stop();
    expect(listeners(signal)).toBe(0);
  });

  it('that was stopped does not end later', async () => {
    const clock = new ManualClock();
    const deadline = startDeadline(clock, { operation: 'wait', timeoutMs: 10 });
    deadline.stop();
    await clock.advance(20);
    expect(deadline.signal.aborted).toBe(false);
  });

  it('gives a result that came in time to nobody else', async () => {
    const caller = new AbortController();
    const discarded: number[] = [];
    const first = await untilAborted(
      caller.signal,
      () => okAsync(5),
      (late) => discarded.push(late),
    );
    caller.abort();
    await Promise.resolve();
    expect(first._unsafeUnwrap()).toBe(5);
    expect(discarded).toEqual([]);
  });

  it('that is called off while its result comes in keeps the result', async () => {
    const caller = new AbortController();
    const discarded: number[] = [];
    const run = () =>
      fromAsync<number, never>(async () => {
        queueMicrotask(() => queueMicrotask(() => caller.abort()));
        return okAsync(5);
      });
    const first = await untilAborted(caller.signal, run, (late) => discarded.push(late));
    await new Promise((resolve) => setImmediate(resolve));
    // Either the one or the other: never both, never neither.
    expect(first.isOk() ? [] : [5]).toEqual(discarded);
  });

  it('tells why it was called off, where the signal does', () => {
    const reasonOf = (reason: unknown) => {
      const caller = new AbortController();
      caller.abort(reason);
      return abortReason(caller.signal);
    };
    const known = [new DeadlineExceeded('a', 1), new Aborted('b')];
    expect(known.map(reasonOf)).toEqual(known);
    expect(reasonOf('SIGINT').message).toBe('called off: operation=operation');
    expect(reasonOf(undefined).name).toBe('Aborted');
  });
});
