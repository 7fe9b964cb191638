// A place of the doctor's own below the backups, and clearing it away. It must never name a key outside of itself.

import { err, ok, type ResultAsync } from 'neverthrow';
import { withDeadline } from '../../core/deadline.ts';
import type { StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { Clock, Random } from '../../ports/environment.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';

/** Neither layout has names that begin so. */
const ROOT = 'tidemark-doctor/';
/** What is written before it is known that a listing works. */
export const FIRST_KEY = 'access/x';
const CLEAR_MS = 60_000;
/** No run takes so long: what is older was left by one that was killed. */
const LEFT_BEHIND_MS = 60 * 60_000;

export function newScratch(clock: Clock, random: Random): string {
  return `${ROOT}${Math.floor(clock.now())}-${random.hex(4)}/`;
}

/** Deletes what a run has written, and what runs that were killed have left. It takes no signal: it has to be done. */
export function clearScratch(
  clock: Clock,
  storage: ObjectStorage,
  scratch: string,
): ResultAsync<void, StoreError> {
  return withDeadline(clock, { operation: 'clear up after the doctor', timeoutMs: CLEAR_MS }, (signal) =>
    fromAsync<void, StoreError>(async () => {
      let startAfter: string | undefined;
      for (;;) {
        const after = startAfter === undefined ? {} : { startAfter };
        const page = await storage.list(ROOT, { ...after, signal });
        // Then no more was written than what can be deleted by its name.
        if (page.isErr() && page.error.name === 'StoreAccessDenied')
          return storage.delete([`${scratch}${FIRST_KEY}`], { signal });
        if (page.isErr()) return err(page.error);
        const { objects, now, truncated } = page.value;
        const mine = objects.filter(
          ({ key, lastModified }) => key.startsWith(scratch) || now - lastModified > LEFT_BEHIND_MS,
        );
        const deleted = await storage.delete(
          mine.map(({ key }) => key),
          { signal },
        );
        if (deleted.isErr()) return err(deleted.error);
        startAfter = objects.at(-1)?.key;
        if (!truncated || startAfter === undefined) return ok();
      }
    }),
  );
}
