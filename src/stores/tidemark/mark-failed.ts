// Ends what is unsettled of a copy as FAILED. The new leader calls it for what an old one left behind.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import { putFailed } from './attempt-objects.ts';
import { copyState, isSettled, type Marker } from './copy-state.ts';
import { type Attempt, entriesOfCopyPrefix, entryKey, markerKey, newAttempt } from './keys.ts';
import type { Layout } from './layout.ts';
import { listCopy } from './list-copies.ts';
import { listEntries } from './list-entries.ts';

/** Marks attempts up to `term` as failed and answers with the state after it. */
export function markFailed(
  layout: Layout,
  id: BackupId,
  reason: string,
  term: bigint,
  signal: AbortSignal,
): ResultAsync<BackupStatusCode, StoreError> {
  return fromAsync<BackupStatusCode, StoreError>(async () => {
    const { storage, values } = layout;
    const markers = await listCopy(storage, id, signal);
    if (markers.isErr()) return err(markers.error);
    const entries = await listEntries(storage, entriesOfCopyPrefix(id), signal);
    if (entries.isErr()) return err(entries.error);
    const before = copyState(markers.value, values.staleAfterMs).statusCode;
    const known = attemptsOf(
      markers.value,
      entries.value.map(({ attempt }) => attempt),
    );
    const ended = known.filter(
      (attempt) => isSettled(attempt, markers.value) || (before === 'COMPLETED' && attempt.term <= term),
    );
    const unsettled = known.filter((attempt) => !ended.includes(attempt) && attempt.term <= term);
    const failing =
      known.length === 0 ? [newAttempt(term, layout.clock.now(), layout.random.hex(4))] : unsettled;
    for (const attempt of failing) {
      const failed = await putFailed(layout, { id, attempt, descriptor: null }, reason, signal);
      if (failed.isErr()) return err(failed.error);
    }
    const removed = [...ended, ...unsettled].flatMap((attempt) => [
      markerKey('begun', id, attempt),
      entryKey(id, attempt),
    ]);
    // Only what was seen: a request for nothing costs as much as any other.
    const seen = new Set([
      ...markers.value.map(({ key }) => key),
      ...entries.value.map(({ attempt }) => entryKey(id, attempt)),
    ]);
    const present = removed.filter((key) => seen.has(key));
    if (present.length > 0) {
      const deleted = await storage.delete(present, { signal });
      if (deleted.isErr()) return err(deleted.error);
    }
    return failing.length === 0 ? ok(before) : lookAgain(layout, id, failing, signal);
  });
}

/** A writer that had passed its last check may have published meanwhile: what it published counts. */
function lookAgain(
  { storage, values }: Layout,
  id: BackupId,
  failed: readonly Attempt[],
  signal: AbortSignal,
): ResultAsync<BackupStatusCode, StoreError> {
  return fromAsync<BackupStatusCode, StoreError>(async () => {
    const markers = await listCopy(storage, id, signal);
    if (markers.isErr()) return err(markers.error);
    const { statusCode } = copyState(markers.value, values.staleAfterMs);
    const taken = markers.value.filter(
      ({ kind, attempt }) => kind === 'completed' && failed.some((other) => other.text === attempt.text),
    );
    if (taken.length > 0) {
      const keys = taken.map(({ attempt }) => markerKey('failed', id, attempt));
      const deleted = await storage.delete(keys, { signal });
      if (deleted.isErr()) return err(deleted.error);
    }
    return ok(statusCode);
  });
}

function attemptsOf(markers: readonly Marker[], entries: readonly Attempt[]): Attempt[] {
  const all = [...markers.map(({ attempt }) => attempt), ...entries];
  return [...new Map(all.map((attempt) => [attempt.text, attempt])).values()];
}
