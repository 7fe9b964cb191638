import { errAsync, okAsync, ResultAsync } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { bracket, contain, fromForeign } from '../../src/core/result.ts';

describe('bracket', () => {
  const trail = () => {
    const steps: string[] = [];
    const release = async (resource: string) => {
      steps.push(`released ${resource}`);
    };
    return { steps, release };
  };

  it('releases after success, after an expected error and after a throw', async () => {
    for (const [use, outcome] of [
      [() => okAsync(1), 'ok'],
      [() => errAsync('expected'), 'err'],
      [() => new ResultAsync<number, string>(Promise.reject(new Error('a bug'))), 'throw'],
    ] as const) {
      const { steps, release } = trail();
      const result = await Promise.resolve(
        bracket(() => okAsync('pin'), use as () => ResultAsync<number, string>, release),
      ).then(
        (settled) => (settled.isOk() ? 'ok' : 'err'),
        () => 'throw',
      );
      expect(result).toBe(outcome);
      expect(steps).toEqual(['released pin']);
    }
  });

  it('neither uses nor releases what it could not acquire', async () => {
    const { steps, release } = trail();
    const result = await bracket(
      () => errAsync<string, string>('none'),
      () => okAsync(steps.push('used')),
      release,
    );
    expect(result._unsafeUnwrapErr()).toBe('none');
    expect(steps).toEqual([]);
  });
});

describe('contain', () => {
  it('turns what a store throws, at once or later, into a StoreFailure with its cause', async () => {
    const cause = new TypeError('x is not a function');
    const throwing = [
      () => {
        throw cause;
      },
      () => new ResultAsync<never, never>(Promise.reject(cause)),
    ];
    for (const call of throwing) {
      const error = (await contain('save', call))._unsafeUnwrapErr();
      expect(error).toMatchObject({ name: 'StoreFailure', operation: 'save', cause });
    }
  });
});

describe('fromForeign', () => {
  it('takes values, promises, throws and rejections', async () => {
    const toError = (cause: unknown) => String(cause);
    expect((await fromForeign(() => 1, toError))._unsafeUnwrap()).toBe(1);
    expect((await fromForeign(async () => 2, toError))._unsafeUnwrap()).toBe(2);
    expect((await fromForeign(() => Promise.reject('no'), toError))._unsafeUnwrapErr()).toBe('no');
    const thrower = () => {
      throw 'never';
    };
    expect((await fromForeign(thrower, toError))._unsafeUnwrapErr()).toBe('never');
  });
});
