// Listing as callers see it: copies become rows, and with `details` one small body is read for each row.
import { err, errAsync, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { type BackupDescriptor, timestamp } from '../../core/backup.ts';
import { BackupCorrupt, type ObjectNotFound } from '../../core/errors.ts';
import { BACKUPS_PER_PAGE, BODY_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStatus } from '../../core/status.ts';
import type { BackupPage, BackupQuery, ListBackupsError } from '../../ports/backup-store.ts';
import { begunShape, failedShape } from './body-shapes.ts';
import { copyState, type Marker } from './copy-state.ts';
import { type Layout, objectName } from './layout.ts';
import { type Copy, listCopies } from './list-copies.ts';
import { parseBody } from './parse-body.ts';
import { readDescriptor } from './read-manifest.ts';

/** Bodies read at the same time. They are small, but for the manifests of huge backups. */
const BODIES_IN_FLIGHT = 16;

export function listBackups(
  layout: Layout,
  query: BackupQuery,
  signal: AbortSignal,
): ResultAsync<BackupPage, ListBackupsError> {
  return fromAsync<BackupPage, ListBackupsError>(async () => {
    const limit = query.limit ?? BACKUPS_PER_PAGE;
    const page = await listCopies(layout.storage, { ...query, limit, signal });
    if (page.isErr()) return err(page.error);
    const atOnce = pLimit(BODIES_IN_FLIGHT);
    const rows = await Promise.all(
      page.value.copies.map((copy) => atOnce(async () => row(layout, copy, query, signal))),
    );
    const backups: BackupStatus[] = [];
    for (const read of rows) {
      if (read.isErr()) return err(read.error);
      if (read.value !== undefined) backups.push(read.value);
    }
    const { next } = page.value;
    return ok(next === undefined ? { backups } : { backups, next });
  });
}

type Details = Pick<BackupStatus, 'failureReason' | 'descriptor'>;

/** One row, or undefined when the copy was deleted while its body was about to be read. */
function row(
  layout: Layout,
  copy: Copy,
  query: BackupQuery,
  signal: AbortSignal,
): ResultAsync<BackupStatus | undefined, ListBackupsError> {
  return fromAsync<BackupStatus | undefined, ListBackupsError>(async () => {
    const { staleAfterMs } = layout.values;
    const { statusCode, decisive } = copyState(copy.markers, staleAfterMs);
    if (decisive === undefined) return ok(undefined);
    const isStale = statusCode === 'FAILED' && decisive.kind === 'begun';
    const status: BackupStatus = {
      id: copy.id,
      statusCode,
      createdAt: timestamp(decisive.attempt.startedAtMs),
      lastModified: timestamp(decisive.lastModifiedMs),
      ...(isStale ? { failureReason: silentFor(decisive, staleAfterMs) } : {}),
    };
    if (query.details !== true) return ok(status);
    const details = await readDetails(layout, copy, decisive, signal);
    if (details.isOk()) return ok({ ...status, ...details.value });
    const { error } = details;
    if (error.name === 'ObjectNotFound') {
      // A missing `begun` has just ended one way or the other; the rest has been deleted.
      return ok(decisive.kind === 'begun' ? status : undefined);
    }
    const isDamage = error.name === 'BackupCorrupt' || error.name === 'StoreFailure';
    const isAskedFor = query.checkpointId !== undefined && decisive.kind === 'completed';
    if (!isDamage || isAskedFor) return err(error);
    // One damaged copy must not hide all others, and what never completed must not keep a whole copy from a restore.
    layout.logger.warn({ ...copy.id, err: error }, 'listed a backup without its details');
    return ok(statusCode === 'FAILED' ? { failureReason: error.message, ...status } : status);
  });
}

function silentFor({ listedAtMs, lastModifiedMs }: Marker, staleAfterMs: number): string {
  const silentMs = listedAtMs - lastModifiedMs;
  return `the node that took it gave no sign of life for ${silentMs} ms (limit ${staleAfterMs} ms)`;
}

function readDetails(
  layout: Layout,
  copy: Copy,
  marker: Marker,
  signal: AbortSignal,
): ResultAsync<Details, ListBackupsError | ObjectNotFound> {
  if (marker.kind === 'completed') {
    return readDescriptor(layout, copy.id, marker, signal).map((descriptor): Details => ({ descriptor }));
  }
  const object = objectName(layout.storage, marker.key);
  if (marker.sizeBytes > BODY_SIZE_BYTES_MAX) {
    return errAsync(new BackupCorrupt(object, `has ${marker.sizeBytes} bytes, too many for what it is`));
  }
  return layout.storage.get(marker.key, { signal }).andThen((body) => parseDetails(marker, object, body));
}

function parseDetails(marker: Marker, object: string, body: Uint8Array): Result<Details, ListBackupsError> {
  if (marker.kind === 'begun') return parseBody(object, body, begunShape);
  return parseBody(object, body, failedShape).map(({ reason: failureReason, descriptor }) =>
    descriptor === null ? { failureReason } : { failureReason, descriptor: descriptor as BackupDescriptor },
  );
}
