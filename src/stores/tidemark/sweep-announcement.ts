// How a sweep and a save of one partition see each other. The sweep first puts an announcement and then looks for
// attempts; the save first puts its attempts entry and then looks for announcements: one of the two sees the other.
import { err, ok, type ResultAsync } from 'neverthrow';
import { withDeadline } from '../../core/deadline.ts';
import { Aborted, type StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { SWEEP_COUNTS_MS, SWEEP_DELETES_MS } from '../../core/limits.ts';
import { contain, fromAsync } from '../../core/result.ts';
import { sweepKey, sweepsPrefix } from './keys.ts';
import type { Layout } from './layout.ts';
import { eachObject } from './list-copies.ts';
import { jsonBytes } from './lossless-text.ts';
import { FORMAT } from './manifest.ts';

/** How long a save waits for a sweep, step by step: half a minute. One that lives stops before its next request. */
const POLLS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

/** How long taking an announcement away may take. What stays behind stops counting by itself. */
const WITHDRAW_MS = 10_000;

/** What is announced. */
export interface SweepAnnouncement {
  /** How long the sweep may still delete: its own clock says so, and leaves as long again for requests on their way. */
  deletesForMs(): number;
}

/** Runs `use` behind an announcement, which is taken away however it ends. */
export function announced<T>(
  layout: Layout,
  partitionId: PartitionId,
  signal: AbortSignal,
  use: (announcement: SweepAnnouncement) => ResultAsync<T, StoreError>,
): ResultAsync<T, StoreError> {
  return fromAsync<T, StoreError>(async () => {
    const { storage, clock, random, logger } = layout;
    const key = sweepKey(partitionId, clock.now(), random.hex(4));
    const putAt = clock.monotonic();
    const deletesForMs = () => SWEEP_DELETES_MS - (clock.monotonic() - putAt);
    const used = await contain('sweep', () =>
      storage
        .put(key, jsonBytes({ format: FORMAT }), { ifAbsent: true, signal })
        // Its name holds chance: it is there because an earlier try arrived.
        .orElse((error) => (error.name === 'ObjectAlreadyExists' ? ok() : err(error)))
        .andThen(() => use({ deletesForMs })),
    );
    const limit = { operation: 'withdraw sweep', timeoutMs: WITHDRAW_MS };
    const withdrawn = await withDeadline(clock, limit, (last) => storage.delete([key], { signal: last }));
    if (withdrawn.isErr()) {
      const fields = { partitionId, err: withdrawn.error };
      logger.warn(fields, 'could not take back the announcement of a sweep, it counts for an hour');
    }
    return used;
  });
}

/**
 * Waits until no sweep of the partition is announced. To be called after the attempts entry was put: a sweep that is
 * at work sees that and stops. False when one does not: then nothing that is in the store may be relied on.
 */
export function sweepsHaveStopped(
  layout: Layout,
  partitionId: PartitionId,
  signal: AbortSignal,
): ResultAsync<boolean, StoreError> {
  return fromAsync<boolean, StoreError>(async () => {
    for (const waitMs of POLLS_MS) {
      const running = await listAnnouncements(layout, partitionId, signal);
      if (running.isErr()) return err(running.error);
      if (running.value.counting.length === 0) return ok(true);
      await layout.clock.sleep(waitMs, signal);
      if (signal.aborted) return err(new Aborted('save backup'));
    }
    layout.logger.warn({ partitionId }, 'a sweep does not stop, sending everything');
    return ok(false);
  });
}

/** The keys of the announcements that count and of those that no longer do. */
export function listAnnouncements(
  { storage }: Layout,
  partitionId: PartitionId,
  signal: AbortSignal,
): ResultAsync<{ readonly counting: readonly string[]; readonly over: readonly string[] }, StoreError> {
  const counting: string[] = [];
  const over: string[] = [];
  const where = { prefix: sweepsPrefix(partitionId), signal };
  return eachObject(storage, where, ({ key, lastModified }, listedAtMs) => {
    (listedAtMs - lastModified > SWEEP_COUNTS_MS ? over : counting).push(key);
    return 'go on';
  }).map(() => ({ counting, over }));
}
