// The objects of one attempt: put when it begins, removed when it ends. The order of the steps is the
// protocol of the format document.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { type BackupDescriptor, type BackupId, timestamp } from '../../core/backup.ts';
import type { BackupError, ObjectAlreadyExists, StoreError } from '../../core/errors.ts';
import { BODY_SIZE_BYTES_MAX, FAILURE_REASON_LENGTH_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { type Attempt, entryKey, markerKey, sealKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { jsonBytes } from './lossless-text.ts';
import { descriptorFields, FORMAT, idFields } from './manifest.ts';

/** One attempt and where its objects lie. */
export interface AttemptInStore {
  readonly id: BackupId;
  readonly attempt: Attempt;
  readonly descriptor: BackupDescriptor;
  readonly entryKey: string;
  readonly begunKey: string;
  readonly begunBody: Uint8Array;
  readonly completedKey: string;
}

export function attemptInStore(id: BackupId, attempt: Attempt, descriptor: BackupDescriptor): AttemptInStore {
  const body = {
    format: FORMAT,
    id: idFields(id),
    attempt: attempt.text,
    descriptor: descriptorFields(descriptor),
  };
  return {
    id,
    attempt,
    descriptor,
    entryKey: entryKey(id, attempt),
    begunKey: markerKey('begun', id, attempt),
    begunBody: jsonBytes(body),
    completedKey: markerKey('completed', id, attempt),
  };
}

/** Puts the entry that names the base, then `begun`. */
export function putBegun(
  { storage }: Layout,
  attempt: AttemptInStore,
  base: string | null,
  signal: AbortSignal,
): ResultAsync<void, StoreError> {
  const entry = jsonBytes({ format: FORMAT, base });
  return storage
    .put(attempt.entryKey, entry, { ifAbsent: true, signal })
    .orElse(fineIfThere)
    .andThen(() => storage.put(attempt.begunKey, attempt.begunBody, { signal }).orElse(fineIfThere));
}

/**
 * Puts `failed` of one attempt. The reason is cut to what people read. An object that is there stays as it
 * is.
 */
export function putFailed(
  { storage, clock }: Layout,
  failed: { readonly id: BackupId; readonly attempt: Attempt; readonly descriptor: BackupDescriptor | null },
  reason: string,
  signal: AbortSignal | undefined,
): ResultAsync<void, StoreError> {
  const body = jsonBytes({
    format: FORMAT,
    id: idFields(failed.id),
    attempt: failed.attempt.text,
    descriptor: failed.descriptor === null ? null : descriptorFields(failed.descriptor),
    failedAt: timestamp(clock.now()),
    reason: reason.slice(0, FAILURE_REASON_LENGTH_MAX),
  });
  const key = markerKey('failed', failed.id, failed.attempt);
  return storage.put(key, body, { ifAbsent: true, signal }).orElse(fineIfThere);
}

/** Removes what says that the attempt runs. */
export function removeBegun(
  { storage }: Layout,
  attempt: AttemptInStore,
  signal: AbortSignal | undefined,
): ResultAsync<void, StoreError> {
  return storage.delete([attempt.begunKey, attempt.entryKey, sealKey(attempt.id, attempt.attempt)], {
    signal,
  });
}

/** How an attempt is to end. */
export type Ending = 'completed' | 'failed';

/**
 * Tries to decide how an attempt ends, and gives what is decided: the first who asks wins, where the
 * storage honours create-only puts.
 */
export function sealAttempt(
  { storage }: Layout,
  { id, attempt }: { readonly id: BackupId; readonly attempt: Attempt },
  ending: Ending,
  signal: AbortSignal,
): ResultAsync<Ending, StoreError> {
  return fromAsync<Ending, StoreError>(async () => {
    const key = sealKey(id, attempt);
    const put = await storage.put(key, jsonBytes({ format: FORMAT, ending }), { ifAbsent: true, signal });
    if (put.isOk()) return ok(ending);
    if (put.error.name !== 'ObjectAlreadyExists') return err(put.error);
    // Ours perhaps: the answer to an earlier try may have been lost.
    const seal = await storage.get(key, { range: { start: 0, length: BODY_SIZE_BYTES_MAX }, signal });
    if (seal.isOk())
      return ok(new TextDecoder().decode(seal.value).includes('"failed"') ? 'failed' : 'completed');
    // Gone again: whoever sealed it has ended the attempt.
    return seal.error.name === 'ObjectNotFound'
      ? ok(ending === 'failed' ? 'completed' : 'failed')
      : err(seal.error);
  });
}

/**
 * Ends a failed attempt: tells why, unless it was called off, for then a deleted backup would come back. With its seal
 * the writer says that it does so by itself. Sealed by another, all is left to that one: should it die over it, the
 * attempt goes stale.
 */
export function settleFailed(
  layout: Layout,
  attempt: AttemptInStore,
  error: BackupError,
  signal: AbortSignal,
): ResultAsync<void, StoreError> {
  return fromAsync<void, StoreError>(async () => {
    const sealed = await sealAttempt(layout, attempt, 'completed', signal);
    if (sealed.isErr()) return err(sealed.error);
    if (sealed.value === 'failed') return ok();
    const wanted = await isThere(layout.storage, attempt.entryKey, signal);
    if (wanted.isErr()) return err(wanted.error);
    if (wanted.value) {
      const failed = await putFailed(layout, attempt, error.message, signal);
      if (failed.isErr()) return err(failed.error);
    }
    return removeBegun(layout, attempt, signal);
  });
}

export function isThere(
  storage: ObjectStorage,
  key: string,
  signal: AbortSignal | undefined,
): ResultAsync<boolean, StoreError> {
  return storage
    .head(key, { signal })
    .map(() => true)
    .orElse((error) => (error.name === 'ObjectNotFound' ? ok(false) : err(error)));
}

/** Names hold chance: what is there already was put by an earlier try whose answer was lost. */
function fineIfThere(error: StoreError | ObjectAlreadyExists): Result<void, StoreError> {
  return error.name === 'ObjectAlreadyExists' ? ok() : err(error);
}
