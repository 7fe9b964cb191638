// Puts right what can be proven: attempts of writers that died are ended, and a damaged chunk is written again when its
// bytes are found elsewhere and the digest proves it. So is a wrapped data key, when another key opens the data key. It
// deletes nothing that a COMPLETED backup names, guesses nothing, and names what is lost.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { SWEEP_GRACE_MS } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { RepairOptions, RepairReport, RepairStep } from '../../ports/backup-store.ts';
import { ChunksToRepair, type NamedObject } from './chunks-to-repair.ts';
import { isSilent, type Marker } from './copy-state.ts';
import { tidyAttempts } from './dead-attempts.ts';
import { BACKUPS_PREFIX, chunkKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import { eachMarker } from './list-copies.ts';
import { readManifest } from './read-manifest.ts';
import { type NamedChunk, rawChunk, storedForm } from './rebuild-chunk.ts';
import { listPartitions } from './sweep.ts';
import { unreadableHolds } from './unreadable-holds.ts';

export function repair(
  layout: Layout,
  options: RepairOptions & { readonly signal: AbortSignal },
): ResultAsync<RepairReport, StoreError> {
  return new Repairing(layout, options).run();
}

class Repairing {
  readonly #layout: Layout;
  readonly #dryRun: boolean;
  readonly #signal: AbortSignal;
  readonly #steps: RepairStep[] = [];
  readonly #chunks = new ChunksToRepair();

  constructor(layout: Layout, { dryRun = false, signal }: RepairOptions & { readonly signal: AbortSignal }) {
    this.#layout = layout;
    this.#dryRun = dryRun;
    this.#signal = signal;
  }

  run(): ResultAsync<RepairReport, StoreError> {
    return fromAsync<RepairReport, StoreError>(async () => {
      const completed: { readonly id: BackupId; readonly marker: Marker }[] = [];
      const begun: { readonly id: BackupId; readonly marker: Marker }[] = [];
      const ended = new Set<string>();
      const listed = await eachMarker(
        this.#layout.storage,
        { prefix: BACKUPS_PREFIX, signal: this.#signal },
        (id, marker) => {
          if (marker.kind === 'begun') begun.push({ id, marker });
          else ended.add(attemptOf(id, marker));
          if (marker.kind === 'completed') completed.push({ id, marker });
          return 'go on';
        },
      );
      if (listed.isErr()) return err(listed.error);
      const over = begun.filter(
        ({ id, marker }) => ended.has(attemptOf(id, marker)) && isSilent(marker, SWEEP_GRACE_MS),
      );
      const removed = await this.#remove(over);
      if (removed.isErr()) return err(removed.error);
      const partitions = await listPartitions(this.#layout, this.#signal);
      if (partitions.isErr()) return err(partitions.error);
      for (const partitionId of partitions.value) {
        const tidied = await this.#tidy(partitionId);
        if (tidied.isErr()) return err(tidied.error);
      }
      const holds = await unreadableHolds(this.#layout, this.#signal);
      if (holds.isErr()) return err(holds.error);
      for (const { checkpointId, object, detail } of holds.value) {
        const reason = `the hold cannot be read (${detail}); it still holds, so release it and hold again`;
        this.#steps.push({ kind: 'unreadable', checkpointId, object, reason });
      }
      const keys = await this.#mendKeys();
      if (keys.isErr()) return err(keys.error);
      for (const { id, marker } of completed) {
        const read = await this.#read(id, marker);
        if (read.isErr()) return err(read.error);
      }
      for (const named of this.#chunks.objects()) {
        const looked = await this.#look(named);
        if (looked.isErr()) return err(looked.error);
      }
      return ok({ dryRun: this.#dryRun, chunks: this.#chunks.size, steps: this.#steps });
    });
  }

  /** What an attempt that has ended has left of its signs of life. What it published stays. */
  #remove(
    begun: readonly { readonly id: BackupId; readonly marker: Marker }[],
  ): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const { storage } = this.#layout;
      const keys = begun.map(({ marker }) => marker.key);
      if (!this.#dryRun && keys.length > 0) {
        const deleted = await storage.delete(keys, { signal: this.#signal });
        if (deleted.isErr()) return err(deleted.error);
      }
      for (const { id, marker } of begun) {
        const reason = 'its attempt has ended two hours ago or more, and is settled';
        this.#steps.push({ kind: 'removed', ...id, object: objectName(storage, marker.key), reason });
      }
      return ok();
    });
  }

  /** What a sweep does before it frees anything. */
  #tidy(partitionId: PartitionId): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const options = { dryRun: this.#dryRun, gracePeriodMs: SWEEP_GRACE_MS, signal: this.#signal };
      const tidied = await tidyAttempts(this.#layout, partitionId, options);
      if (tidied.isErr()) return err(tidied.error);
      const reason = 'its writer has given no sign of life for two hours';
      for (const id of tidied.value.settled) this.#steps.push({ kind: 'settled', ...id, reason });
      return ok();
    });
  }

  /** A data key that nothing opens is told of at the backups that need it. */
  #mendKeys(): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const mended = await this.#layout.keys.mend(this.#dryRun, this.#signal);
      if (mended.isErr()) return err(mended.error);
      for (const { damage, openedBy } of mended.value) {
        const { object, detail } = damage;
        const how = 'it takes the key that wrapped it, and another one that opens its data key';
        const step =
          openedBy === undefined
            ? ({ kind: 'unreadable', reason: `it ${detail}; to wrap it anew ${how}` } as const)
            : ({ kind: 'rebuilt', reason: `it ${detail}; key ${openedBy} opens its data key` } as const);
        this.#steps.push({ ...step, object });
      }
      return ok();
    });
  }

  #read(id: BackupId, marker: Marker): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const manifest = await readManifest(this.#layout, id, marker, this.#signal);
      if (manifest.isOk()) {
        this.#chunks.add(id, manifest.value);
        return ok();
      }
      const { error } = manifest;
      switch (error.name) {
        // Deleted meanwhile: nobody needs it any more.
        case 'ObjectNotFound':
          return ok();
        case 'BackupCorrupt': {
          const reason = `its manifest cannot be read (${error.detail}), and nothing else says what it holds`;
          this.#steps.push({ kind: 'lost', ...id, object: error.object, reason });
          return ok();
        }
        case 'EncryptionKeyDamaged': {
          const reason = `its data key ${error.detail}: bring that back from a copy of the bucket`;
          this.#steps.push({ kind: 'lost', ...id, object: error.object, reason });
          return ok();
        }
        default:
          return err(error);
      }
    });
  }

  #look({ key, claims }: NamedObject): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const lost: NamedChunk[] = [];
      for (const named of claims) {
        const own = await rawChunk(this.#layout, named, this.#signal);
        if (own.isErr()) return err(own.error);
        if (own.value === undefined) lost.push(named);
      }
      // What one manifest finds as it should be is not made over for another one.
      const isWhole = lost.length < claims.length;
      for (const named of lost) {
        const rebuilt = isWhole ? ok(false) : await this.#rebuild(key, named);
        if (rebuilt.isErr()) return err(rebuilt.error);
        if (rebuilt.value) return ok();
      }
      const object = objectName(this.#layout.storage, key);
      const reason = isWhole
        ? 'it is whole, and not what this backup says; another one needs it as it is'
        : 'it is missing or damaged, and its bytes are in no other object; take a new backup';
      for (const { neededBy } of lost) this.#steps.push({ kind: 'lost', ...neededBy, object, reason });
      return ok();
    });
  }

  /** Whether the bytes were found in another object, and put. */
  #rebuild(key: string, named: NamedChunk): ResultAsync<boolean, StoreError> {
    return fromAsync<boolean, StoreError>(async () => {
      const { storage } = this.#layout;
      for (const twin of this.#chunks.twins(named)) {
        const raw = await rawChunk(this.#layout, twin, this.#signal);
        if (raw.isErr()) return err(raw.error);
        const stored = raw.value === undefined ? undefined : await storedForm(raw.value, named);
        if (stored === undefined) continue;
        if (!this.#dryRun) {
          const put = await storage.put(key, stored, { signal: this.#signal });
          if (put.isErr() && put.error.name !== 'ObjectAlreadyExists') return err(put.error);
        }
        const from = objectName(storage, chunkKey(twin.partitionId, twin.chunk.name));
        const reason = `its bytes are in ${from}, and their digest is right`;
        this.#steps.push({ kind: 'rebuilt', ...named.neededBy, object: objectName(storage, key), reason });
        return ok(true);
      }
      return ok(false);
    });
  }
}

function attemptOf({ checkpointId, partitionId, nodeId }: BackupId, { attempt }: Marker): string {
  return `${checkpointId}/${partitionId}/${nodeId}/${attempt.text}`;
}
