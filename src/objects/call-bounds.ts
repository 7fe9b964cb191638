// The bounds of a call, read the same way by every storage: page sizes and byte ranges.
// A bound that makes no sense is a bug of the caller and throws.
import { invariant } from '../core/invariant.ts';
import { OBJECTS_PER_REQUEST_MAX } from '../core/limits.ts';
import type { GetOptions, ListObjectsOptions } from '../ports/object-storage.ts';

/** How many objects a page may hold: 1 to 1,000. */
export function pageLimit(options: ListObjectsOptions | undefined): number {
  const limit = options?.limit ?? OBJECTS_PER_REQUEST_MAX;
  invariant(
    Number.isSafeInteger(limit) && limit >= 1,
    `a page holds at least one object, got limit=${limit}`,
  );
  return Math.min(limit, OBJECTS_PER_REQUEST_MAX);
}

/** Throws unless the range, if there is one, is two whole numbers of bytes from zero on. */
export function assertRange(range: GetOptions['range']): void {
  if (range === undefined) return;
  const { start, length } = range;
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length >= 0;
  invariant(whole, `a range is whole bytes from zero on, got start=${start} length=${length}`);
}
