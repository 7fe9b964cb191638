// Saving one partition backup in Zeebe's steps: manifest in progress, files, manifest completed. Goes beyond Zeebe in
// what it believes: before it publishes it looks whether every object is there, and whether the manifest is its own.
import { err, ok, type ResultAsync } from 'neverthrow';
import { type PartitionBackup, type Timestamp, timestamp } from '../../core/backup.ts';
import { withDeadline } from '../../core/deadline.ts';
import {
  AttemptFenced,
  BackupAlreadyExists,
  type BackupCorrupt,
  BrokerFailure,
  type StoreError,
  StoreFailure,
} from '../../core/errors.ts';
import { FAILURE_REASON_LENGTH_MAX } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import { isObjectKey } from '../../objects/object-key.ts';
import type { SaveBackupError, SaveOptions } from '../../ports/backup-store.ts';
import { unsavable } from '../tidemark/unsavable.ts';
import { deleteFiles } from './delete-backup.ts';
import { fromIsoText } from './instant.ts';
import { type CopyPlace, contentsPrefix, INT32_MAX, placeOf } from './keys.ts';
import type { ZeebeLayout } from './layout.ts';
import { listObjects } from './list-objects.ts';
import { type FileSet, inProgress, type Manifest, statusCodeOf } from './manifest.ts';
import { putFailed, putManifest, readManifest } from './manifest-objects.ts';
import type { RunningSave, RunningSaves } from './running-saves.ts';
import { type SentFile, storeFiles } from './store-files.ts';

/** How long the last words of a save may take: it has failed or was called off, and its caller waits. */
const LAST_WORDS_MS = 10_000;

type SavingOptions = SaveOptions & { readonly signal: AbortSignal };

/** Saves the backup. `options.signal` also fires when the store closes. */
export function saveBackup(
  layout: ZeebeLayout,
  running: RunningSaves,
  backup: PartitionBackup,
  options: SavingOptions,
): ResultAsync<void, SaveBackupError> {
  return fromAsync<void, SaveBackupError>(async () => {
    const { id, term } = backup;
    const problem = unsavable(backup) ?? unfit(backup);
    if (problem !== undefined) return err(new BrokerFailure('save backup', problem));
    const used = await readManifest(layout, id, options.signal);
    if (used.isErr()) {
      // Whatever it says: the id is used.
      const isThere = used.error.name === 'BackupCorrupt';
      return err(isThere ? new BackupAlreadyExists(id, 'FAILED') : used.error);
    }
    if (used.value !== undefined) return err(new BackupAlreadyExists(id, statusCodeOf(used.value.manifest)));
    if (running.find(id) !== undefined) return err(new BackupAlreadyExists(id, 'IN_PROGRESS'));
    const save = running.start(id, term);
    try {
      return await new Saving({ layout, running, backup, save }, options).run();
    } finally {
      running.end(id, save);
    }
  });
}

interface SavingParts {
  readonly layout: ZeebeLayout;
  readonly running: RunningSaves;
  readonly backup: PartitionBackup;
  readonly save: RunningSave;
}

/** One attempt, from its first manifest to its last. */
class Saving {
  readonly #parts: SavingParts;
  readonly #options: SavingOptions;
  /** Fires when the caller calls off, or this store marks the copy as failed. */
  readonly #signal: AbortSignal;
  readonly #place: CopyPlace;
  readonly #begun: Manifest;

  constructor(parts: SavingParts, options: SavingOptions) {
    const { layout, backup, save } = parts;
    this.#parts = parts;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, save.calledOff.signal]);
    this.#place = placeOf(backup.descriptor);
    this.#begun = inProgress(backup, beginning(layout));
  }

  run(): ResultAsync<void, SaveBackupError> {
    return fromAsync<void, SaveBackupError>(async () => {
      const { layout, backup, save } = this.#parts;
      const begun = await putManifest(
        layout,
        { place: this.#place, manifest: this.#begun },
        { ifAbsent: true, signal: this.#signal },
      );
      if (begun.isErr() && begun.error.name === 'ObjectAlreadyExists') {
        return err(new BackupAlreadyExists(backup.id, 'IN_PROGRESS'));
      }
      const saved = begun.isErr() ? begun : await this.#storeAndPublish();
      if (saved.isOk()) return ok();
      const calledOff = save.calledOff.signal.aborted && !this.#options.signal.aborted;
      const error = calledOff ? this.#fenced('it was marked as failed') : (saved.error as SaveBackupError);
      return this.#settle(error);
    });
  }

  #storeAndPublish(): ResultAsync<void, SaveBackupError> {
    return fromAsync<void, SaveBackupError>(async () => {
      const { layout, running, backup } = this.#parts;
      const { onProgress, onStored } = this.#options;
      const options = { backup, place: this.#place, signal: this.#signal, onProgress };
      const sent = await storeFiles(layout, options);
      if (sent.isErr()) return err(sent.error);
      onStored?.();
      return running.change(backup.id, async () => {
        const wanted = await this.#checkOwn(this.#signal);
        if (wanted.isErr()) return err(wanted.error);
        const whole = await this.#checkWhole(sent.value);
        return whole.isErr() ? err(whole.error) : this.#publish(sent.value);
      });
    });
  }

  /** Whether the manifest is still the one that this attempt began with: told by the nine digits of its start. */
  #checkOwn(signal: AbortSignal): ResultAsync<void, StoreError | AttemptFenced> {
    return fromAsync<void, StoreError | AttemptFenced>(async () => {
      const found = await readManifest(this.#parts.layout, this.#begun.id, signal);
      if (found.isErr()) return err(this.#withoutDamage(found.error));
      const manifest = found.value?.manifest;
      if (manifest === undefined) return err(this.#fenced('it was deleted'));
      if (manifest.createdAt !== this.#begun.createdAt)
        return err(this.#fenced('another attempt overtook it'));
      return manifest.statusCode === 'in_progress' ? ok() : err(this.#fenced('it was marked as failed'));
    });
  }

  /** Whether every object is in the store with its size. */
  #checkWhole(sent: readonly SentFile[]): ResultAsync<void, StoreError> {
    const { storage } = this.#parts.layout;
    const prefix = contentsPrefix(this.#place, this.#begun.id);
    return listObjects(storage, prefix, this.#signal).andThen((sizes) => {
      const lost = sent.find(({ key, storedBytes }) => sizes.get(key) !== storedBytes);
      if (lost === undefined) return ok();
      const found = sizes.get(lost.key) ?? 'nothing';
      const detail = `object=${lost.key} expected ${lost.storedBytes} bytes and found ${found}`;
      return err(new StoreFailure('save backup', detail));
    });
  }

  /** When the answer is lost, looks whether the manifest arrived. */
  #publish(sent: readonly SentFile[]): ResultAsync<void, StoreError> {
    return fromAsync<void, StoreError>(async () => {
      const { layout } = this.#parts;
      const fileSet = (kind: SentFile['kind']): FileSet =>
        new Map(
          sent
            .filter((file) => file.kind === kind)
            .map(({ name, isCompressed }) => [name, isCompressed ? { compressionAlgorithm: 'zstd' } : {}]),
        );
      const manifest: Manifest = {
        ...this.#begun,
        statusCode: 'completed',
        files: { snapshot: fileSet('snapshot'), segment: fileSet('segment') },
        modifiedAt: later(this.#begun.createdAt, timestamp(layout.clock.now())),
      };
      const put = await putManifest(layout, { place: this.#place, manifest }, { signal: this.#signal });
      if (put.isOk() || put.error.name === 'ObjectAlreadyExists') return ok();
      const { error } = put;
      const arrived = await this.#withLastWords((signal) => readManifest(layout, manifest.id, signal));
      const found = arrived.isOk() ? arrived.value?.manifest : undefined;
      const isOurs = found?.statusCode === 'completed' && found.createdAt === manifest.createdAt;
      return isOurs ? ok() : err(error);
    });
  }

  /** Says in the manifest why it failed, unless that is no longer this attempt's. Gives the error of the save. */
  async #settle(error: SaveBackupError) {
    const { layout, running } = this.#parts;
    const { id } = this.#begun;
    const settled = await this.#withLastWords((signal) =>
      fromAsync<void, StoreError | BackupCorrupt>(() =>
        running.change(id, async () => {
          const found = await readManifest(layout, id, signal);
          if (found.isErr()) return err(found.error);
          // Deleted meanwhile: what was sent after that would stay for ever.
          if (found.value === undefined) return deleteFiles(layout, id, signal);
          const { statusCode, createdAt } = found.value.manifest;
          const isOwn = statusCode === 'in_progress' && createdAt === this.#begun.createdAt;
          if (!isOwn) return ok();
          return putFailed(
            layout,
            id,
            found.value,
            error.message.slice(0, FAILURE_REASON_LENGTH_MAX),
            signal,
          );
        }),
      ),
    );
    if (settled.isErr()) {
      layout.logger.warn({ ...id, err: settled.error }, 'could not note in the store that the backup failed');
    }
    return err(error);
  }

  #fenced(detail: string): AttemptFenced {
    return new AttemptFenced(this.#begun.id, detail);
  }

  #withoutDamage(error: StoreError | BackupCorrupt): StoreError | AttemptFenced {
    return error.name === 'BackupCorrupt' ? this.#fenced('its manifest was overwritten') : error;
  }

  /** For what must be tried even though the attempt was called off. */
  #withLastWords<T, E>(run: (signal: AbortSignal) => ResultAsync<T, E>) {
    const limit = { operation: 'end backup attempt', timeoutMs: LAST_WORDS_MS };
    return withDeadline(this.#parts.layout.clock, limit, run);
  }
}

/** Now, with chance in the digits that no clock fills: so an attempt knows its own manifest again. */
function beginning({ clock, random }: ZeebeLayout): Timestamp {
  const digits = String(Number.parseInt(random.hex(4), 16) % 1_000_000).padStart(6, '0');
  const instant = `${timestamp(clock.now()).slice(0, -1)}${digits}Z`;
  // As it is read back, without zeros at the end.
  return fromIsoText(instant) ?? instant;
}

/** What Zeebe's layout has no room for, in words: it counts with 32 bits, and file names become parts of keys. */
function unfit({ id, descriptor, snapshotFiles, segmentFiles }: PartitionBackup): string | undefined {
  for (const number of [id.partitionId, id.nodeId, descriptor.numberOfPartitions]) {
    if (number > INT32_MAX) return `${number} is more than Zeebe's layout can hold`;
  }
  const odd = [...snapshotFiles, ...segmentFiles].find(({ name }) => !isObjectKey(name));
  return odd && `file=${JSON.stringify(odd.name)} cannot be the name of an object`;
}

/** Zeebe's readers expect that the last change is not before the first. */
function later(a: Timestamp, b: Timestamp): Timestamp {
  return a.slice(0, -1) > b.slice(0, -1) ? a : b;
}
