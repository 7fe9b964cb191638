// Frees the chunks that no backup uses. The order of the steps is the protocol of the format document: with it a
// save, a delete and another sweep may run at the same time. Never touches an object whose name it does not know.
import { err, ok, okAsync, type ResultAsync } from 'neverthrow';
import { InvalidInput, type StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { SWEEP_GRACE_MS } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { PartitionSweep, SweepOptions, SweepReport } from '../../ports/backup-store.ts';
import { ChunksInUse } from './chunks-in-use.ts';
import { type AttemptsOfPartition, type TidyOptions, tidyAttempts } from './dead-attempts.ts';
import { freeGarbage } from './free-garbage.ts';
import { behindPartition, PARTITIONS_PREFIX, partitionOfKey } from './keys.ts';
import type { Layout } from './layout.ts';
import { sortChunks } from './sort-chunks.ts';

const NOTHING = { chunks: 0, bytes: 0 };

export function sweep(
  layout: Layout,
  options: SweepOptions & { readonly signal: AbortSignal },
): ResultAsync<SweepReport, StoreError | InvalidInput> {
  return fromAsync<SweepReport, StoreError | InvalidInput>(async () => {
    const { signal, dryRun = false, gracePeriodMs = SWEEP_GRACE_MS } = options;
    const { staleAfterMs } = layout.values;
    if (!Number.isSafeInteger(gracePeriodMs) || gracePeriodMs <= staleAfterMs) {
      const detail = `expected more than staleAfterMs (${staleAfterMs}), got ${gracePeriodMs}`;
      return err(new InvalidInput('gracePeriodMs', detail));
    }
    const known = await (options.partitionIds === undefined
      ? listPartitions(layout, signal)
      : okAsync(options.partitionIds));
    if (known.isErr()) return err(known.error);
    const partitionIds = [...new Set(known.value)].sort((a, b) => a - b);
    const sweeping = new Sweeping(layout, { dryRun, gracePeriodMs, signal });
    const partitions = await sweeping.run(partitionIds);
    return partitions.isErr() ? err(partitions.error) : ok({ dryRun, partitions: partitions.value });
  });
}

/** One run over some partitions. All manifests are read in one pass. */
class Sweeping {
  readonly #layout: Layout;
  readonly #options: TidyOptions;
  readonly #inUse: ChunksInUse;

  constructor(layout: Layout, options: TidyOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#inUse = new ChunksInUse(layout);
  }

  run(partitionIds: readonly PartitionId[]): ResultAsync<readonly PartitionSweep[], StoreError> {
    return fromAsync<readonly PartitionSweep[], StoreError>(async () => {
      const attempts = new Map<PartitionId, AttemptsOfPartition>();
      for (const partitionId of partitionIds) {
        const tidied = await tidyAttempts(this.#layout, partitionId, this.#options);
        if (tidied.isErr()) return err(tidied.error);
        attempts.set(partitionId, tidied.value);
      }
      const { dryRun, signal } = this.#options;
      const isLookedAt = ({ living }: AttemptsOfPartition) => dryRun || living === undefined;
      const lookedAt = [...attempts].flatMap(([id, found]) => (isLookedAt(found) ? [id] : []));
      const read = lookedAt.length === 0 ? ok() : await this.#inUse.read(new Set(lookedAt), signal);
      if (read.isErr()) return err(read.error);
      const partitions: PartitionSweep[] = [];
      for (const [partitionId, found] of attempts) {
        const swept = isLookedAt(found)
          ? await this.#sweep(partitionId, found)
          : ok(report(partitionId, found));
        if (swept.isErr()) return err(swept.error);
        partitions.push(swept.value);
      }
      return ok(partitions);
    });
  }

  /** Counts first: where there is no garbage no save needs to be disturbed. */
  #sweep(partitionId: PartitionId, attempts: AttemptsOfPartition): ResultAsync<PartitionSweep, StoreError> {
    return fromAsync<PartitionSweep, StoreError>(async () => {
      const { dryRun, gracePeriodMs, signal } = this.#options;
      const used = this.#inUse.of(partitionId);
      const cutoffMs = attempts.nowMs - gracePeriodMs;
      const chunks = { partitionId, used, cutoffMs, signal };
      const sorted = await sortChunks(this.#layout, chunks);
      if (sorted.isErr()) return err(sorted.error);
      const found = { backups: used.backups, ...sorted.value };
      const before = { ...report(partitionId, attempts), found };
      const { unreadable } = used;
      if (unreadable !== undefined) return ok({ waitingFor: unreadable, ...before });
      if (dryRun || found.garbage.chunks === 0) return ok(before);
      const readAgain = () => this.#inUse.read(new Set([partitionId]), signal);
      const freed = await freeGarbage(this.#layout, { ...chunks, readAgain });
      return freed.isErr() ? err(freed.error) : ok({ ...before, ...freed.value });
    });
  }
}

function report(partitionId: PartitionId, { living, settled }: AttemptsOfPartition): PartitionSweep {
  const row = { partitionId, freed: NOTHING, settled };
  return living === undefined ? row : { ...row, waitingFor: { kind: 'attempt', id: living } };
}

/** The partitions that have objects of their own: a LIST for each. */
export function listPartitions(
  { storage }: Layout,
  signal: AbortSignal,
): ResultAsync<readonly PartitionId[], StoreError> {
  return fromAsync<readonly PartitionId[], StoreError>(async () => {
    const found: PartitionId[] = [];
    let startAfter: string | undefined;
    for (;;) {
      const where = startAfter === undefined ? {} : { startAfter };
      const page = await storage.list(PARTITIONS_PREFIX, { ...where, limit: 1, signal });
      if (page.isErr()) return err(page.error);
      const key = page.value.objects[0]?.key;
      if (key === undefined) return ok(found);
      const partitionId = partitionOfKey(key);
      if (partitionId !== undefined) found.push(partitionId);
      startAfter = behindPartition(key);
    }
  });
}
