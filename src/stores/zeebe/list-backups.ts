// Listing as callers see it. The names come first and choose the page; then one manifest is read for each of its rows,
// for the state stands nowhere else.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupId } from '../../core/backup.ts';
import type { BackupCorrupt, StoreError } from '../../core/errors.ts';
import { BACKUPS_PER_PAGE } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStatus } from '../../core/status.ts';
import type { BackupPage, BackupQuery, ListBackupsError } from '../../ports/backup-store.ts';
import type { ZeebeLayout } from './layout.ts';
import { type FoundCopy, listCopies } from './list-copies.ts';
import { listLeftovers } from './list-leftovers.ts';
import { failureReasonOf, isBeingDeleted, type Manifest, statusCodeOf } from './manifest.ts';
import { type PlacedManifest, readManifest, readManifestAt } from './manifest-objects.ts';

/** Manifests read at the same time, as many as Zeebe reads. */
const MANIFESTS_IN_FLIGHT = 16;

export function listBackups(
  layout: ZeebeLayout,
  query: BackupQuery,
  signal: AbortSignal,
): ResultAsync<BackupPage, ListBackupsError> {
  return fromAsync<BackupPage, ListBackupsError>(async () => {
    const { checkpointId, partitionId, nodeId, before, limit = BACKUPS_PER_PAGE } = query;
    if (checkpointId !== undefined && partitionId !== undefined && nodeId !== undefined) {
      if (before !== undefined && checkpointId >= before) return ok({ backups: [] });
      const read = await readManifest(layout, { checkpointId, partitionId, nodeId }, signal);
      return read.map((found) => ({ backups: found === undefined ? [] : [rowOf(found.manifest)] }));
    }
    const copies = await listCopies(layout.storage, query, signal);
    if (copies.isErr()) return err(copies.error);
    const older = copies.value.filter(({ id }) => before === undefined || id.checkpointId < before);
    const page = [...new Set(older.map(({ id }) => id.checkpointId))].slice(0, limit);
    const last = page.at(-1);
    const shown = older.filter(({ id }) => last !== undefined && id.checkpointId >= last);
    const rows = await readRows(layout, shown, signal);
    if (rows.isErr()) return err(rows.error);
    const hasMore = last !== undefined && shown.length < older.length;
    if (hasMore) return ok({ backups: rows.value, next: last });
    const isOfOne = checkpointId !== undefined && (partitionId ?? nodeId ?? before) === undefined;
    if (!isOfOne || query.withLeftovers !== true) return ok({ backups: rows.value });
    const leftovers = await listLeftovers(layout.storage, checkpointId, copies.value, signal);
    return leftovers.map((ids) => ({ backups: [...rows.value, ...ids.map(leftover)] }));
  });
}

/** The copies whose manifests say that they are in progress. One that cannot be read is passed by. */
export function listUnsettled(
  layout: ZeebeLayout,
  partitionId: number,
  signal: AbortSignal,
): ResultAsync<readonly Manifest[], ListBackupsError> {
  return fromAsync<readonly Manifest[], ListBackupsError>(async () => {
    const copies = await listCopies(layout.storage, { partitionId }, signal);
    if (copies.isErr()) return err(copies.error);
    const unsettled: Manifest[] = [];
    for (const read of await readAll(layout, copies.value, signal)) {
      if (read.isErr() && read.error.name !== 'BackupCorrupt') return err(read.error);
      const manifest = read.isOk() ? read.value?.manifest : undefined;
      if (manifest?.statusCode === 'in_progress') unsettled.push(manifest);
    }
    return ok(unsettled);
  });
}

/** One damaged manifest must not hide all others: it reads as FAILED, and says why. */
async function readRows(
  layout: ZeebeLayout,
  copies: readonly FoundCopy[],
  signal: AbortSignal,
): Promise<Result<readonly BackupStatus[], StoreError>> {
  const rows: BackupStatus[] = [];
  for (const [index, read] of (await readAll(layout, copies, signal)).entries()) {
    const copy = copies[index];
    if (copy === undefined) continue;
    if (read.isOk()) {
      // Deleted between the listing and the reading.
      if (read.value !== undefined) rows.push(rowOf(read.value.manifest));
    } else if (read.error.name === 'BackupCorrupt') {
      layout.logger.warn({ ...copy.id, err: read.error }, 'listed a backup whose manifest cannot be read');
      rows.push({ id: copy.id, statusCode: 'FAILED', failureReason: read.error.message });
    } else {
      return err(read.error);
    }
  }
  return ok(rows);
}

type ReadCopy = Result<PlacedManifest | undefined, StoreError | BackupCorrupt>;

function readAll(
  layout: ZeebeLayout,
  copies: readonly FoundCopy[],
  signal: AbortSignal,
): Promise<readonly ReadCopy[]> {
  const atOnce = pLimit(MANIFESTS_IN_FLIGHT);
  return Promise.all(
    copies.map(({ id, place }) =>
      atOnce(async (): Promise<ReadCopy> => readManifestAt(layout, place, id, signal)),
    ),
  );
}

function leftover(id: BackupId): BackupStatus {
  const failureReason = 'Its manifest is gone and files are left; delete it to remove them.';
  return { id, statusCode: 'FAILED', failureReason, isBeingDeleted: true };
}

function rowOf(manifest: Manifest): BackupStatus {
  const { id, descriptor, createdAt, modifiedAt } = manifest;
  const failureReason = failureReasonOf(manifest);
  return {
    id,
    statusCode: statusCodeOf(manifest),
    ...(descriptor === null ? {} : { descriptor }),
    ...(failureReason === undefined ? {} : { failureReason }),
    ...(isBeingDeleted(manifest) ? { isBeingDeleted: true } : {}),
    createdAt,
    lastModified: modifiedAt,
  };
}
