// Listings of the native layout: names in, copies out. Reads no bodies; costs one request per 1,000 names.
import { err, ok, okAsync, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import type { CheckpointId, NodeId, PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import type { ObjectInfo, ObjectPage, ObjectStorage } from '../../ports/object-storage.ts';
import type { Marker } from './copy-state.ts';
import { BACKUPS_PREFIX, behindCheckpoint, checkpointPrefix, copiesPrefix, parseMarkerKey } from './keys.ts';

/** One copy of a partition backup and its objects. */
export interface Copy {
  readonly id: BackupId;
  readonly markers: readonly Marker[];
}

export interface CopyQuery {
  readonly checkpointId?: CheckpointId | undefined;
  readonly partitionId?: PartitionId | undefined;
  readonly nodeId?: NodeId | undefined;
  readonly before?: CheckpointId | undefined;
  /** At most this many checkpoints. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CopyPage {
  /** Newest checkpoint first, then by partition and node. */
  readonly copies: readonly Copy[];
  readonly next?: CheckpointId;
}

/** The copies that match. */
export function listCopies(storage: ObjectStorage, query: CopyQuery): ResultAsync<CopyPage, StoreError> {
  return fromAsync<CopyPage, StoreError>(async () => {
    const found = new Map<CheckpointId, Map<string, { id: BackupId; markers: Marker[] }>>();
    let next: CheckpointId | undefined;
    let last: CheckpointId | undefined;
    const where = { prefix: prefixOf(query), startAfter: startOf(query), signal: query.signal };
    const listed = await eachMarker(storage, where, (id, marker) => {
      if (!matches(query, id)) return 'go on';
      let copies = found.get(id.checkpointId);
      if (copies === undefined) {
        if (found.size >= query.limit) {
          next = last;
          return 'stop';
        }
        copies = new Map();
        found.set(id.checkpointId, copies);
        last = id.checkpointId;
      }
      const name = `${id.partitionId}/${id.nodeId}`;
      const copy = copies.get(name) ?? { id, markers: [] };
      copy.markers.push(marker);
      copies.set(name, copy);
      return 'go on';
    });
    if (listed.isErr()) return err(listed.error);
    const copies = [...found.values()].flatMap((group) => [...group.values()].sort(byPartitionAndNode));
    return ok(next === undefined ? { copies } : { copies, next });
  });
}

/** The objects of one copy. */
export function listCopy(
  storage: ObjectStorage,
  id: BackupId,
  signal: AbortSignal | undefined,
): ResultAsync<readonly Marker[], StoreError> {
  return listCopies(storage, { ...id, limit: 1, signal }).map((page) => page.copies[0]?.markers ?? []);
}

interface Where {
  readonly prefix: string;
  readonly startAfter?: string | undefined;
  /** Stops after this many requests. */
  readonly pagesMax?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Visits the objects of copies in the order of their names until the visitor says stop. */
export function eachMarker(
  storage: ObjectStorage,
  where: Where,
  visit: (id: BackupId, marker: Marker) => 'go on' | 'stop',
): ResultAsync<void, StoreError> {
  return eachObject(storage, where, (object, listedAtMs) => {
    const parsed = parseMarkerKey(object.key);
    if (parsed === undefined) return 'go on';
    const { key, sizeBytes, lastModified: lastModifiedMs } = object;
    const { kind, attempt } = parsed;
    return visit(parsed.id, { key, kind, attempt, sizeBytes, lastModifiedMs, listedAtMs });
  });
}

/** Visits objects in the order of their keys until the visitor says stop. */
export function eachObject(
  storage: ObjectStorage,
  where: Where,
  visit: (object: ObjectInfo, listedAtMs: number) => 'go on' | 'stop',
): ResultAsync<void, StoreError> {
  return eachPage(storage, where, ({ objects, now }) =>
    okAsync(objects.some((object) => visit(object, now) === 'stop') ? 'stop' : 'go on'),
  );
}

/** Visits a listing page by page, and asks for the next page when the visitor is done with one. */
export function eachPage<E>(
  storage: ObjectStorage,
  { prefix, startAfter, pagesMax = Number.POSITIVE_INFINITY, signal }: Where,
  visit: (page: ObjectPage) => ResultAsync<'go on' | 'stop', E>,
): ResultAsync<void, E | StoreError> {
  return fromAsync<void, E | StoreError>(async () => {
    let after = startAfter;
    for (let pages = 0; pages < pagesMax; pages += 1) {
      const page = await storage.list(prefix, {
        signal,
        ...(after === undefined ? {} : { startAfter: after }),
      });
      if (page.isErr()) return err(page.error);
      const visited = await visit(page.value);
      if (visited.isErr()) return err(visited.error);
      if (visited.value === 'stop' || !page.value.truncated) return ok();
      const last = page.value.objects.at(-1)?.key;
      if (last === undefined)
        return err(new StoreFailure('list', `prefix=${prefix} a page without keys is not the last`));
      after = last;
    }
    return ok();
  });
}

function prefixOf({ checkpointId, partitionId }: CopyQuery): string {
  if (checkpointId === undefined) return BACKUPS_PREFIX;
  if (partitionId === undefined) return checkpointPrefix(checkpointId);
  return copiesPrefix(checkpointId, partitionId);
}

function startOf({ checkpointId, before }: CopyQuery): string | undefined {
  return checkpointId !== undefined || before === undefined ? undefined : behindCheckpoint(before);
}

function matches(query: CopyQuery, id: BackupId): boolean {
  if (query.before !== undefined && id.checkpointId >= query.before) return false;
  if (query.partitionId !== undefined && id.partitionId !== query.partitionId) return false;
  return query.nodeId === undefined || id.nodeId === query.nodeId;
}

function byPartitionAndNode(a: Copy, b: Copy): number {
  return a.id.partitionId - b.id.partitionId || a.id.nodeId - b.id.nodeId;
}
