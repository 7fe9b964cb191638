// Finds the copies of a backup of which only files are left: a Zeebe that deletes more than a thousand objects takes
// the manifest with the first of them. Costs a request for each partition, and one for each of its nodes, in both
// places.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupFileKind, BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { COPY_PLACES, type CopyPlace, contentsRoot, fileKey, manifestKey } from './keys.ts';
import { type FoundCopy, listNumbers } from './list-copies.ts';

const KINDS: readonly BackupFileKind[] = ['segment', 'snapshot'];

/** Those of the checkpoint that are not among `copies`, which have a manifest; each once. */
export function listLeftovers(
  storage: ObjectStorage,
  checkpointId: CheckpointId,
  copies: readonly FoundCopy[],
  signal: AbortSignal,
): ResultAsync<readonly BackupId[], StoreError> {
  return fromAsync<readonly BackupId[], StoreError>(async () => {
    const known = new Set(copies.map(({ id }) => manifestKey('flat', id)));
    const leftovers: BackupId[] = [];
    for (const place of COPY_PLACES) {
      const found = await directoriesOf(storage, place, checkpointId, signal);
      if (found.isErr()) return err(found.error);
      for (const id of found.value.filter((each) => !known.has(manifestKey('flat', each)))) {
        const files = await hasFiles(storage, place, id, signal);
        if (files.isErr()) return err(files.error);
        if (!files.value) continue;
        known.add(manifestKey('flat', id));
        leftovers.push(id);
      }
    }
    return ok(leftovers);
  });
}

/** What lies below the numbers of partitions, the checkpoint and nodes. */
function directoriesOf(
  storage: ObjectStorage,
  place: CopyPlace,
  checkpointId: CheckpointId,
  signal: AbortSignal,
): ResultAsync<readonly BackupId[], StoreError> {
  return fromAsync<readonly BackupId[], StoreError>(async () => {
    const root = contentsRoot(place);
    const partitions = await listNumbers(storage, root, signal);
    if (partitions.isErr()) return err(partitions.error);
    const ids: BackupId[] = [];
    for (const partitionId of partitions.value) {
      const nodes = await listNumbers(storage, `${root}${partitionId}/${checkpointId}/`, signal);
      if (nodes.isErr()) return err(nodes.error);
      ids.push(...nodes.value.map((nodeId) => ({ checkpointId, partitionId, nodeId })));
    }
    return ok(ids);
  });
}

/** Whether a copy's files are there. What others keep beside them is none. */
function hasFiles(
  storage: ObjectStorage,
  place: CopyPlace,
  id: BackupId,
  signal: AbortSignal,
): ResultAsync<boolean, StoreError> {
  return fromAsync<boolean, StoreError>(async () => {
    for (const kind of KINDS) {
      const files = await storage.list(fileKey(place, id, kind, ''), { limit: 1, signal });
      if (files.isErr()) return err(files.error);
      if (files.value.objects.length > 0) return ok(true);
    }
    return ok(false);
  });
}
