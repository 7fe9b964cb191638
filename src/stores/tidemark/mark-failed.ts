// Ends what is unsettled of a copy as FAILED. The new leader calls it for what an old one left behind.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import { putFailed, sealAttempt } from './attempt-objects.ts';
import { copyState, isSettled, isSilent, type Marker } from './copy-state.ts';
import { type Attempt, entriesOfCopyPrefix, markerKey, newAttempt, sealKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { listCopy } from './list-copies.ts';
import { type ListedEntry, listEntries } from './list-entries.ts';

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
    const known = attemptsOf(markers.value, entries.value);
    const isOver = (attempt: Attempt) =>
      isSettled(attempt, markers.value) || (before === 'COMPLETED' && attempt.term <= term);
    const failing: Attempt[] =
      known.length === 0 ? [newAttempt(term, layout.clock.now(), layout.random.hex(4))] : [];
    for (const attempt of known.filter((other) => !isOver(other) && other.term <= term)) {
      const mayFail = await claimEnd(layout, id, attempt, signal);
      if (mayFail.isErr()) return err(mayFail.error);
      if (mayFail.value) failing.push(attempt);
    }
    for (const attempt of failing) {
      const failed = await putFailed(layout, { id, attempt, descriptor: null }, reason, signal);
      if (failed.isErr()) return err(failed.error);
    }
    const isEnded = (attempt: Attempt) =>
      isOver(attempt) || failing.some(({ text }) => text === attempt.text);
    const leftovers = [...markers.value.filter(({ kind }) => kind === 'begun'), ...entries.value]
      .filter(({ attempt }) => isEnded(attempt))
      .map(({ key }) => key);
    const seals = failing.filter(() => known.length > 0).map((attempt) => sealKey(id, attempt));
    const removed = [...new Set([...leftovers, ...seals])];
    if (removed.length > 0) {
      const deleted = await storage.delete(removed, { signal });
      if (deleted.isErr()) return err(deleted.error);
    }
    return lookAgain(layout, id, failing, signal);
  });
}

/**
 * Whether the attempt may be ended as failed. Sealed by its writer, it is publishing at this moment, or has
 * done so, unless the writer died with the seal in its hand and has gone silent since. A writer whose `begun` never
 * arrived leaves nothing but its entry and the seal: then that one's age tells.
 */
function claimEnd(
  layout: Layout,
  id: BackupId,
  attempt: Attempt,
  signal: AbortSignal,
): ResultAsync<boolean, StoreError> {
  return fromAsync<boolean, StoreError>(async () => {
    const sealed = await sealAttempt(layout, { id, attempt }, 'failed', signal);
    if (sealed.isErr()) return err(sealed.error);
    if (sealed.value === 'failed') return ok(true);
    const markers = await listCopy(layout.storage, id, signal);
    if (markers.isErr()) return err(markers.error);
    const own = markers.value.filter((marker) => marker.attempt.text === attempt.text);
    const begun = own.find(({ kind }) => kind === 'begun');
    const { staleAfterMs } = layout.values;
    if (begun !== undefined) return ok(isSilent(begun, staleAfterMs));
    if (own.length > 0) return ok(false);
    const entries = await listEntries(layout.storage, entriesOfCopyPrefix(id), signal);
    if (entries.isErr()) return err(entries.error);
    const seal = entries.value.find((entry) => entry.kind === 'seal' && entry.attempt.text === attempt.text);
    return ok(seal !== undefined && isSilent(seal, staleAfterMs));
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

function attemptsOf(markers: readonly Marker[], entries: readonly ListedEntry[]): Attempt[] {
  const open = entries.filter(({ kind }) => kind === 'entry');
  const all = [...markers, ...open].map(({ attempt }) => attempt);
  return [...new Map(all.map((attempt) => [attempt.text, attempt])).values()];
}
