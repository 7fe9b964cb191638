// Saving one partition backup, step by step as in the format document: begin, store the files, look whether
// the attempt is still wanted, publish. Whatever goes wrong after it began ends as FAILED with the reason.
import { err, ok, type ResultAsync } from 'neverthrow';
import { type PartitionBackup, timestamp } from '../../core/backup.ts';
import { withDeadline } from '../../core/deadline.ts';
import {
  AttemptFenced,
  BackupAlreadyExists,
  BrokerFailure,
  DeadlineExceeded,
  type StoreError,
  StoreFailure,
} from '../../core/errors.ts';
import { MANIFEST_SIZE_BYTES_MAX } from '../../core/limits.ts';
import { contain, fromAsync } from '../../core/result.ts';
import type { SaveBackupError, SaveOptions } from '../../ports/backup-store.ts';
import {
  type AttemptInStore,
  attemptInStore,
  isThere,
  putBegun,
  removeBegun,
  sealAttempt,
  settleFailed,
} from './attempt-objects.ts';
import { type BaseCandidate, findBase, readBase } from './base-backup.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { copyState } from './copy-state.ts';
import type { DataKey } from './data-key.ts';
import { Heartbeat } from './heartbeat.ts';
import { compareAttempts, newAttempt } from './keys.ts';
import type { Layout } from './layout.ts';
import { listCopy } from './list-copies.ts';
import { encodeManifest } from './manifest.ts';
import { ReusablePieces } from './reusable-pieces.ts';
import { storeFiles } from './store-files.ts';
import { sweepsHaveStopped } from './sweep-announcement.ts';
import { unsavable } from './unsavable.ts';

/** How long the last words of an attempt may take: it has failed or was called off, and its caller waits. */
const LAST_WORDS_MS = 10_000;

/** Saves the backup. `options.signal` also fires when the store closes. */
export function saveBackup(
  layout: Layout,
  identity: ClusterIdentity,
  backup: PartitionBackup,
  options: SaveOptions & { readonly signal: AbortSignal },
): ResultAsync<void, SaveBackupError> {
  return fromAsync<void, SaveBackupError>(async () => {
    const { id, term, descriptor } = backup;
    const { signal } = options;
    const problem = unsavable(backup);
    if (problem !== undefined) return err(new BrokerFailure('save backup', problem));
    const clusterId = await identity.claim(signal);
    if (clusterId.isErr()) return err(clusterId.error);
    const key = await layout.keys.forSaving(signal);
    if (key.isErr()) return err(key.error);
    const used = await listCopy(layout.storage, id, signal);
    if (used.isErr()) return err(used.error);
    if (used.value.length > 0) {
      return err(new BackupAlreadyExists(id, copyState(used.value, layout.values.staleAfterMs).statusCode));
    }
    const base = await findBase(layout, id, signal);
    if (base.isErr()) return err(base.error);
    const name = newAttempt(term, layout.clock.now(), layout.random.hex(4));
    const attempt = attemptInStore(id, name, descriptor);
    const parts = { layout, identity, backup, attempt, clusterId: clusterId.value, key: key.value };
    return new Saving(parts, options).run(base.value);
  });
}

interface SavingParts {
  readonly layout: Layout;
  readonly identity: ClusterIdentity;
  readonly backup: PartitionBackup;
  readonly attempt: AttemptInStore;
  readonly clusterId: string | null;
  readonly key: DataKey | undefined;
}

/** One attempt, from its first object to its last. */
class Saving {
  readonly #parts: SavingParts;
  readonly #options: SaveOptions;
  /** Fires when the caller calls off or the heartbeat is lost; `#lost` tells which. */
  readonly #signal: AbortSignal;
  readonly #heartbeat: Heartbeat;
  #lost: SaveBackupError | undefined;

  constructor(parts: SavingParts, options: SaveOptions & { readonly signal: AbortSignal }) {
    const ended = new AbortController();
    this.#parts = parts;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, ended.signal]);
    const begunAt = parts.layout.clock.monotonic();
    this.#heartbeat = new Heartbeat(parts.layout, parts.attempt, begunAt, (error) => {
      this.#lost = error;
      ended.abort();
    });
  }

  run(base: BaseCandidate | undefined): ResultAsync<void, SaveBackupError> {
    return fromAsync<void, SaveBackupError>(async () => {
      const { layout, attempt } = this.#parts;
      const saved = await contain('save backup', () => this.#beginAndStore(base));
      const error = saved.isErr() ? (this.#lost ?? this.#reasonOf(saved.error)) : undefined;
      const settled = await this.#withLastWords((signal) =>
        error === undefined
          ? removeBegun(layout, attempt, signal)
          : settleFailed(layout, attempt, error, signal),
      );
      if (settled.isErr()) {
        layout.logger.warn({ ...attempt.id, err: settled.error }, 'could not tidy up after the attempt');
      }
      return error === undefined ? ok() : err(error);
    });
  }

  /** Called off because the caller's time was up: people who read the reason must not look for who did it. */
  #reasonOf(error: SaveBackupError): SaveBackupError {
    const reason: unknown = this.#signal.reason;
    return error.name === 'Aborted' && reason instanceof DeadlineExceeded ? reason : error;
  }

  #beginAndStore(base: BaseCandidate | undefined): ResultAsync<void, SaveBackupError> {
    return fromAsync<void, SaveBackupError>(async () => {
      const { layout, attempt } = this.#parts;
      const begun = await putBegun(layout, attempt, base?.completed.key ?? null, this.#signal);
      if (begun.isErr()) return err(begun.error);
      this.#heartbeat.start();
      try {
        return await this.#storeAndPublish(base);
      } finally {
        await this.#heartbeat.stop();
      }
    });
  }

  #storeAndPublish(base: BaseCandidate | undefined): ResultAsync<void, SaveBackupError> {
    return fromAsync<void, SaveBackupError>(async () => {
      const { layout, backup, attempt, clusterId, key } = this.#parts;
      const swept = await sweepsHaveStopped(layout, backup.id.partitionId, this.#signal);
      if (swept.isErr()) return err(swept.error);
      const manifestOfBase =
        base === undefined || !swept.value ? ok(undefined) : await readBase(layout, base, key, this.#signal);
      if (manifestOfBase.isErr()) return err(manifestOfBase.error);
      const reusable = new ReusablePieces(manifestOfBase.value);
      const { onProgress, onStored, deadlineMs } = this.#options;
      const salt = swept.value ? undefined : attempt.attempt.text;
      const files = await storeFiles(layout, {
        backup,
        reusable,
        signal: this.#signal,
        salt,
        key,
        onProgress,
        deadlineMs,
      });
      if (files.isErr()) return err(files.error);
      onStored?.();
      const manifest = await encodeManifest({
        clusterId,
        id: backup.id,
        attempt: attempt.attempt.text,
        descriptor: backup.descriptor,
        createdAt: timestamp(attempt.attempt.startedAtMs),
        completedAt: timestamp(layout.clock.now()),
        base: manifestOfBase.value === undefined ? null : (base?.completed.key ?? null),
        chunkSizeBytes: layout.values.chunkSizeBytes,
        files: files.value,
        key,
      });
      if (manifest.length > MANIFEST_SIZE_BYTES_MAX) {
        const detail = `its manifest has ${manifest.length} bytes; raise chunkSizeBytes or back up fewer files`;
        return err(new BrokerFailure('save backup', detail));
      }
      const wanted = await this.#checkWanted();
      return wanted.isErr() ? err(wanted.error) : this.#publish(manifest);
    });
  }

  /**
   * Whether the attempt may still publish. Seals it first: who calls it off from now on sees that it is too
   * late.
   */
  #checkWanted(): ResultAsync<void, SaveBackupError> {
    return fromAsync<void, SaveBackupError>(async () => {
      const { layout, identity, attempt: own } = this.#parts;
      const confirmed = await identity.confirm(this.#signal);
      if (confirmed.isErr()) return err(confirmed.error);
      const sealed = await sealAttempt(layout, own, 'completed', this.#signal);
      if (sealed.isErr()) return err(sealed.error);
      const entry = await isThere(layout.storage, own.entryKey, this.#signal);
      if (entry.isErr()) return err(entry.error);
      const markers = await listCopy(layout.storage, own.id, this.#signal);
      if (markers.isErr()) return err(markers.error);
      const fenced = (detail: string) => err(new AttemptFenced(own.id, detail));
      const isOwn = markers.value.filter(({ attempt }) => attempt.text === own.attempt.text);
      if (sealed.value === 'failed' || isOwn.some(({ kind }) => kind === 'failed'))
        return fenced('it was marked as failed');
      if (!entry.value || isOwn.length === 0) return fenced('it was deleted or marked as failed');
      const overtaken = markers.value.some(
        ({ kind, attempt }) =>
          attempt.text !== own.attempt.text &&
          (kind !== 'begun' || compareAttempts(attempt, own.attempt) > 0),
      );
      if (overtaken) return fenced('another attempt of this node overtook it');
      if (!this.#heartbeat.isFresh) return fenced('it gave no sign of life for too long');
      return ok();
    });
  }

  /** Puts the manifest. When the answer is lost, looks whether it arrived. */
  #publish(manifest: Uint8Array): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const { layout, attempt } = this.#parts;
      const { storage } = layout;
      const put = await storage.put(attempt.completedKey, manifest, { ifAbsent: true, signal: this.#signal });
      if (put.isOk()) return ok();
      const arrived = await this.#withLastWords((signal) => this.#makeWhole(manifest, signal));
      if (arrived.isOk() && arrived.value) return ok();
      const { error } = put;
      if (error.name !== 'ObjectAlreadyExists') return err(error);
      const detail = `object=${attempt.completedKey} has other bytes than were sent; save again under a higher id`;
      return err(new StoreFailure('publish backup', detail, error));
    });
  }

  /**
   * Whether the manifest is there, byte for byte. The name is this attempt's alone, so other bytes are what a server
   * made of a cut put: they are put once more, or else taken away, for they read as COMPLETED.
   */
  #makeWhole(manifest: Uint8Array, signal: AbortSignal): ResultAsync<boolean, StoreError> {
    return fromAsync<boolean, StoreError>(async () => {
      const { storage } = this.#parts.layout;
      const key = this.#parts.attempt.completedKey;
      const found = await storage.get(key, { signal });
      if (found.isErr()) return found.error.name === 'ObjectNotFound' ? ok(false) : err(found.error);
      if (Buffer.compare(found.value, manifest) === 0) return ok(true);
      if ((await storage.put(key, manifest, { signal })).isOk()) return ok(true);
      return storage.delete([key], { signal }).map(() => false);
    });
  }

  /** For what must be tried even though the attempt was called off. */
  #withLastWords<T>(run: (signal: AbortSignal) => ResultAsync<T, StoreError>): ResultAsync<T, StoreError> {
    const limit = { operation: 'end backup attempt', timeoutMs: LAST_WORDS_MS };
    return withDeadline(this.#parts.layout.clock, limit, run);
  }
}
