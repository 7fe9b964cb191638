// Goes through the chunks of a partition and says of each whether it is in use, too young to tell, or garbage.
// Changes nothing.
import { okAsync, type ResultAsync } from 'neverthrow';
import type { StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import type { PartitionSweep, SweptObjects } from '../../ports/backup-store.ts';
import type { ObjectInfo } from '../../ports/object-storage.ts';
import type { UsedByPartition } from './chunks-in-use.ts';
import { chunksPrefix, parseChunkKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { eachPage } from './list-copies.ts';

export interface ChunksOfPartition {
  readonly partitionId: PartitionId;
  readonly used: UsedByPartition;
  /** What was written later than this, by the storage's clock, is too young. */
  readonly cutoffMs: number;
  readonly signal: AbortSignal;
}

export type SortedChunks = Omit<NonNullable<PartitionSweep['found']>, 'backups'>;

/** Counts the chunks. `visit` gets the garbage of each page, and may stop. */
export function sortChunks(
  { storage }: Layout,
  { partitionId, used, cutoffMs, signal }: ChunksOfPartition,
  visit: (garbage: readonly ObjectInfo[]) => ResultAsync<'go on' | 'stop', StoreError> = () =>
    okAsync('go on'),
): ResultAsync<SortedChunks, StoreError> {
  const sums = { inUse: new Sum(), tooYoung: new Sum(), garbage: new Sum() };
  const where = { prefix: chunksPrefix(partitionId), signal };
  return eachPage(storage, where, ({ objects }) => {
    const garbage: ObjectInfo[] = [];
    for (const object of objects) {
      const name = parseChunkKey(object.key);
      if (name === undefined) continue;
      if (used.chunks.has(name)) sums.inUse.add(object);
      else if (object.lastModified > cutoffMs) sums.tooYoung.add(object);
      else garbage.push(object);
    }
    for (const object of garbage) sums.garbage.add(object);
    return visit(garbage);
  }).map(() => ({
    inUse: sums.inUse.value,
    tooYoung: sums.tooYoung.value,
    garbage: sums.garbage.value,
  }));
}

/** Adds objects up. */
export class Sum {
  #chunks = 0;
  #bytes = 0;

  get value(): SweptObjects {
    return { chunks: this.#chunks, bytes: this.#bytes };
  }

  add({ sizeBytes }: ObjectInfo): void {
    this.#chunks += 1;
    this.#bytes += sizeBytes;
  }
}
