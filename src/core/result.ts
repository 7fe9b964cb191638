// The few neverthrow helpers that we own. `bracket` is the only way to hold a resource across Results:
// neverthrow's `safeTry` never runs a `finally`, so one written there would leak exactly on the failure path.
import { err, ok, type Result, ResultAsync } from 'neverthrow';
import { StoreFailure } from './errors.ts';

/** Runs an async function that gives a Result. What it throws rejects: a throw is a bug and stays loud. */
export function fromAsync<T, E>(run: () => Promise<Result<T, E>>): ResultAsync<T, E> {
  return new ResultAsync(run());
}

/** Runs a foreign promise (a broker's port, a library) and maps whatever it throws to an expected error. */
export function fromForeign<T, E>(
  run: () => T | PromiseLike<T>,
  toError: (cause: unknown) => E,
): ResultAsync<T, E> {
  return new ResultAsync(
    (async () => {
      try {
        return ok<T, E>(await run());
      } catch (cause) {
        return err<T, E>(toError(cause));
      }
    })(),
  );
}

/** Acquires, uses and always releases: on success, on an expected error and on a throw. */
export function bracket<R, T, E1, E2>(
  acquire: () => ResultAsync<R, E1>,
  use: (resource: R) => ResultAsync<T, E2>,
  release: (resource: R) => Promise<void>,
): ResultAsync<T, E1 | E2> {
  return fromAsync<T, E1 | E2>(async () => {
    const acquired = await acquire();
    if (acquired.isErr()) return err(acquired.error);
    try {
      const used = await use(acquired.value);
      return used.isErr() ? err(used.error) : ok(used.value);
    } finally {
      await release(acquired.value);
    }
  });
}

/** Calls a store that someone else wrote, and turns whatever it throws all the same into a StoreFailure. */
export function contain<T, E>(
  operation: string,
  call: () => ResultAsync<T, E>,
): ResultAsync<T, E | StoreFailure> {
  return fromAsync<T, E | StoreFailure>(async () => {
    try {
      return await call();
    } catch (cause) {
      return err(threw(operation, cause));
    }
  });
}

/** What somebody threw who was to give a Result. Its words are told: they may say what to do. */
export function threw(operation: string, cause: unknown): StoreFailure {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StoreFailure(operation, `it threw instead of giving a Result: ${reason}`, cause);
}
