// All objects under a prefix, with their sizes: the one way to know how large the files of a copy are.
import type { ResultAsync } from 'neverthrow';
import type { StoreError } from '../../core/errors.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import { eachObject } from '../tidemark/list-copies.ts';

/** Size in bytes by key. */
export function listObjects(
  storage: ObjectStorage,
  prefix: string,
  signal: AbortSignal,
): ResultAsync<ReadonlyMap<string, number>, StoreError> {
  const sizes = new Map<string, number>();
  return eachObject(storage, { prefix, signal }, ({ key, sizeBytes }) => {
    sizes.set(key, sizeBytes);
    return 'go on';
  }).map(() => sizes);
}
