// Finds the copies that match, by the names of their manifests alone. Reads no bodies. Costs two requests per
// partition, and one per 1,000 names of a partition; names of files between two pages are jumped over.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupId } from '../../core/backup.ts';
import { type StoreError, StoreFailure } from '../../core/errors.ts';
import type { CheckpointId, NodeId, PartitionId } from '../../core/ids.ts';
import { OBJECTS_PER_REQUEST_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import { compareKeys } from '../../objects/object-key.ts';
import type { ObjectPage, ObjectStorage } from '../../ports/object-storage.ts';
import {
  behindFiles,
  COPY_PLACES,
  type CopyPlace,
  manifestKey,
  manifestsRoot,
  parseManifestKey,
} from './keys.ts';

export interface FoundCopy {
  readonly id: BackupId;
  readonly place: CopyPlace;
}

export interface CopyQuery {
  readonly checkpointId?: CheckpointId | undefined;
  readonly partitionId?: PartitionId | undefined;
  readonly nodeId?: NodeId | undefined;
}

const PARTITIONS_IN_FLIGHT = 16;

/** Newest checkpoint first, then by partition and node; each copy once. */
export function listCopies(
  storage: ObjectStorage,
  query: CopyQuery,
  signal: AbortSignal,
): ResultAsync<readonly FoundCopy[], StoreError> {
  return fromAsync<readonly FoundCopy[], StoreError>(async () => {
    const found = new Map<string, FoundCopy>();
    for (const place of COPY_PLACES) {
      const copies = await copiesIn(storage, place, query, signal);
      if (copies.isErr()) return err(copies.error);
      for (const copy of copies.value) {
        const name = manifestKey('flat', copy.id);
        if (!found.has(name)) found.set(name, copy);
      }
    }
    return ok([...found.values()].sort(newestFirst));
  });
}

async function copiesIn(
  storage: ObjectStorage,
  place: CopyPlace,
  { checkpointId, partitionId, nodeId }: CopyQuery,
  signal: AbortSignal,
): Promise<Result<readonly FoundCopy[], StoreError>> {
  const root = manifestsRoot(place);
  const partitions = partitionId === undefined ? await listNumbers(storage, root, signal) : ok([partitionId]);
  if (partitions.isErr()) return err(partitions.error);
  const atOnce = pLimit(PARTITIONS_IN_FLIGHT);
  const lists = await Promise.all(
    partitions.value.map((partition) =>
      atOnce(() => {
        const prefix = `${root}${partition}/${checkpointId === undefined ? '' : `${checkpointId}/`}`;
        return listManifests(storage, prefix, signal);
      }),
    ),
  );
  const copies: FoundCopy[] = [];
  for (const list of lists) {
    if (list.isErr()) return err(list.error);
    for (const id of list.value) if (nodeId === undefined || id.nodeId === nodeId) copies.push({ id, place });
  }
  return ok(copies);
}

/**
 * The numbers that begin a key below `root`: jumps from each to the next, and goes by whole pages through the keys of
 * others.
 */
export async function listNumbers(
  storage: ObjectStorage,
  root: string,
  signal: AbortSignal,
): Promise<Result<readonly number[], StoreError>> {
  const numbers: number[] = [];
  let limit = 1;
  for (let startAfter = `${root}/`; ; ) {
    const page: Result<ObjectPage, StoreError> = await storage.list(root, { startAfter, limit, signal });
    if (page.isErr()) return err(page.error);
    const { objects, truncated } = page.value;
    if (objects.length === 0) return truncated ? err(emptyPage(root)) : ok(numbers);
    for (const { key } of objects) {
      if (compareKeys(key, startAfter) <= 0) continue;
      const [segment = '', ...rest] = key.slice(root.length).split('/');
      // Digits stand together in the order of keys.
      if (segment > ':') return ok(numbers);
      const isNumber = /^(0|[1-9]\d{0,9})$/.test(segment) && rest.length > 0;
      if (isNumber) numbers.push(Number(segment));
      limit = isNumber ? 1 : OBJECTS_PER_REQUEST_MAX;
      // Behind whatever lies below the number, in any script: `0` is what follows the slash in the order of keys.
      startAfter = rest.length > 0 ? `${root}${segment}0` : key;
    }
  }
}

async function listManifests(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): Promise<Result<readonly BackupId[], StoreError>> {
  const ids: BackupId[] = [];
  for (let startAfter = ''; ; ) {
    const page: Result<ObjectPage, StoreError> = await storage.list(prefix, {
      signal,
      ...(startAfter === '' ? {} : { startAfter }),
    });
    if (page.isErr()) return err(page.error);
    let behind = '';
    for (const { key } of page.value.objects) {
      const id = parseManifestKey(key);
      if (id === undefined) continue;
      ids.push(id);
      behind = behindFiles(key);
    }
    if (!page.value.truncated) return ok(ids);
    const last = page.value.objects.at(-1)?.key;
    if (last === undefined) return err(emptyPage(prefix));
    startAfter = behind > last ? behind : last;
  }
}

function emptyPage(prefix: string): StoreFailure {
  return new StoreFailure('list', `prefix=${prefix} a page without keys is not the last`);
}

function newestFirst(a: FoundCopy, b: FoundCopy): number {
  if (a.id.checkpointId !== b.id.checkpointId) return a.id.checkpointId > b.id.checkpointId ? -1 : 1;
  return a.id.partitionId - b.id.partitionId || a.id.nodeId - b.id.nodeId;
}
