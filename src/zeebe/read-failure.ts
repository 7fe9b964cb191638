// What an opened file of a backup can throw, as an expected failure. Bugs stay loud.
import {
  Aborted,
  BrokerFailure,
  DeadlineExceeded,
  StoreAccessDenied,
  type StoreError,
  StoreFailure,
  StoreNotFound,
  StoreUnavailable,
} from '../core/errors.ts';
import { InvariantViolation } from '../core/invariant.ts';

/** The failure behind a throw of a file's stream. Rethrows what is a bug. */
export function readFailure(cause: unknown): StoreError | BrokerFailure {
  if (
    cause instanceof StoreUnavailable ||
    cause instanceof StoreAccessDenied ||
    cause instanceof StoreNotFound ||
    cause instanceof StoreFailure ||
    cause instanceof DeadlineExceeded ||
    cause instanceof Aborted ||
    cause instanceof BrokerFailure
  ) {
    return cause;
  }
  if (cause instanceof InvariantViolation) throw cause;
  return new StoreFailure('read', `reason=${cause instanceof Error ? cause.message : String(cause)}`, cause);
}
