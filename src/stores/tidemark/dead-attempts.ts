// What writers that died have left in a partition's index: attempts that nobody will end, seals without an attempt,
// announcements of sweeps. Ends and removes it once it is older than the grace period, and tells what still lives.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { isSilent } from './copy-state.ts';
import { entriesPrefix, type ParsedEntry, parseEntryKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { eachPage, listCopy } from './list-copies.ts';
import { markFailed } from './mark-failed.ts';
import { listAnnouncements } from './sweep-announcement.ts';

/** What a partition's index holds. */
export interface AttemptsOfPartition {
  /** The storage's clock before anything else was looked at. */
  readonly nowMs: number;
  /** One that may still publish. */
  readonly living?: BackupId;
  /** Those that were ended, or would be. */
  readonly settled: readonly BackupId[];
}

export interface TidyOptions {
  readonly gracePeriodMs: number;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

const REASON = 'The node that took it has given no sign of life for too long. A sweep found it.';

/** Looks at the index of a partition, and tidies it up. */
export function tidyAttempts(
  layout: Layout,
  partitionId: PartitionId,
  options: TidyOptions,
): ResultAsync<AttemptsOfPartition, StoreError> {
  return fromAsync<AttemptsOfPartition, StoreError>(async () => {
    const { dryRun, signal } = options;
    const index = await readIndex(layout, partitionId, signal);
    if (index.isErr()) return err(index.error);
    const { nowMs, entries } = index.value;
    const isOld = ({ lastModified }: Entry) => nowMs - lastModified > options.gracePeriodMs;
    const open = entries.filter(({ kind }) => kind === 'entry');
    const settled: BackupId[] = [];
    let living: BackupId | undefined;
    for (const attempts of Map.groupBy(open, ({ id }) => `${id.checkpointId}/${id.nodeId}`).values()) {
      const ended = await settle(layout, attempts, attempts.every(isOld), options);
      if (ended.isErr()) return err(ended.error);
      const ids = attempts.map(({ id }) => id);
      if (ended.value) settled.push(...ids);
      else living ??= ids[0];
    }
    const names = new Set(open.map(({ attempt }) => attempt.text));
    const seals = entries.filter((entry) => entry.kind === 'seal' && !names.has(entry.attempt.text));
    const announcements = await listAnnouncements(layout, partitionId, signal);
    if (announcements.isErr()) return err(announcements.error);
    const litter = [...seals.filter(isOld).map(({ key }) => key), ...announcements.value.over];
    if (!dryRun && litter.length > 0) {
      const removed = await layout.storage.delete(litter, { signal });
      if (removed.isErr()) return err(removed.error);
    }
    return ok(living === undefined ? { nowMs, settled } : { nowMs, settled, living });
  });
}

/** An attempt of the partition that has not ended, or undefined. */
export function anyAttempt(
  layout: Layout,
  partitionId: PartitionId,
  signal: AbortSignal,
): ResultAsync<BackupId | undefined, StoreError> {
  return readIndex(layout, partitionId, signal).map(
    ({ entries }) => entries.find(({ kind }) => kind === 'entry')?.id,
  );
}

/** Ends the attempts of one copy when nobody can be at work on them any more; says whether that is so. */
function settle(
  layout: Layout,
  attempts: readonly Entry[],
  areOld: boolean,
  { gracePeriodMs, dryRun, signal }: TidyOptions,
): ResultAsync<boolean, StoreError> {
  return fromAsync<boolean, StoreError>(async () => {
    const [first] = attempts;
    if (first === undefined || !areOld) return ok(false);
    const markers = await listCopy(layout.storage, first.id, signal);
    if (markers.isErr()) return err(markers.error);
    const isBeating = markers.value.some(
      (marker) =>
        marker.kind === 'begun' &&
        attempts.some(({ attempt }) => attempt.text === marker.attempt.text) &&
        !isSilent(marker, gracePeriodMs),
    );
    if (isBeating || dryRun) return ok(!isBeating);
    const term = attempts.reduce((most, { attempt }) => (attempt.term > most ? attempt.term : most), 0n);
    const marked = await markFailed(layout, first.id, REASON, term, signal);
    return marked.isErr() ? err(marked.error) : ok(marked.value !== 'IN_PROGRESS');
  });
}

interface Entry extends ParsedEntry {
  readonly key: string;
  readonly lastModified: number;
}

function readIndex(
  { storage }: Layout,
  partitionId: PartitionId,
  signal: AbortSignal,
): ResultAsync<{ readonly nowMs: number; readonly entries: readonly Entry[] }, StoreError> {
  return fromAsync(async () => {
    let nowMs: number | undefined;
    const entries: Entry[] = [];
    const listed = await eachPage(storage, { prefix: entriesPrefix(partitionId), signal }, (page) =>
      fromAsync<'go on', never>(async () => {
        nowMs ??= page.now;
        for (const { key, lastModified } of page.objects) {
          const entry = parseEntryKey(key);
          if (entry !== undefined) entries.push({ ...entry, key, lastModified });
        }
        return ok('go on');
      }),
    );
    if (listed.isErr()) return err(listed.error);
    return nowMs === undefined ? err(new StoreFailure('list', 'it gave no page')) : ok({ nowMs, entries });
  });
}
