// The backup store in Zeebe's own S3 layout, over any object storage: what it writes Zeebe lists and restores, and the
// other way round. Only wires the operations together. docs/formats/zeebe.md tells where it differs from Zeebe and why.
import type { ResultAsync } from 'neverthrow';
import type { BackupId, PartitionBackup, StoredBackup } from '../../core/backup.ts';
import type { PartitionId } from '../../core/ids.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import type {
  BackupPage,
  BackupQuery,
  BackupStore,
  CallOptions,
  DeleteBackupError,
  ListBackupsError,
  MarkFailedError,
  OpenBackupError,
  OpenOptions,
  SaveBackupError,
  SaveOptions,
  UnsettledAttempt,
} from '../../ports/backup-store.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { ZeebeLayoutSettings } from '../backup-store-settings.ts';
import { CallsInFlight } from '../calls-in-flight.ts';
import { type NativeStoreComponents, realComponents } from '../native-components.ts';
import { zeebeLayoutValues } from '../settings-rules.ts';
import { deleteBackup } from './delete-backup.ts';
import type { ZeebeLayout } from './layout.ts';
import { listBackups, listUnsettled } from './list-backups.ts';
import { markFailed } from './mark-failed.ts';
import { openBackup } from './open-backup.ts';
import { RunningSaves } from './running-saves.ts';
import { saveBackup } from './save-backup.ts';

/** What the store stands on. It closes the storage with itself. */
export interface ZeebeBackupStoreComponents extends NativeStoreComponents {
  readonly storage: ObjectStorage;
}

/**
 * A {@link BackupStore} in Zeebe's layout. It keeps no terms and no signs of life: a save whose process died stays
 * IN_PROGRESS until the next leader marks it as failed, and `unsettled` gives term 0 for what other processes began.
 * It keeps no digests either: damage is found where a size or a compressed frame shows it. Throws InvalidConfiguration
 * on settings that make no sense.
 */
export class ZeebeBackupStore implements BackupStore {
  readonly capabilities = { incremental: false, liveness: false, checksums: false };
  readonly #layout: ZeebeLayout;
  readonly #saves = new RunningSaves();
  readonly #calls = new CallsInFlight();

  constructor(components: ZeebeBackupStoreComponents, settings: ZeebeLayoutSettings = {}) {
    const { storage } = components;
    this.#layout = { storage, ...realComponents(components), values: zeebeLayoutValues(settings) };
  }

  /** Names the place, without secrets. */
  get location(): string {
    return this.#layout.storage.location;
  }

  save(backup: PartitionBackup, options: SaveOptions = {}): ResultAsync<void, SaveBackupError> {
    return this.#calls.run(options, (signal) =>
      saveBackup(this.#layout, this.#saves, backup, { ...options, signal }),
    );
  }

  list(query: BackupQuery, options: CallOptions = {}): ResultAsync<BackupPage, ListBackupsError> {
    return this.#calls.run(options, (signal) => listBackups(this.#layout, query, signal));
  }

  /** Costs a manifest for each backup of the partition: the state stands nowhere else. */
  unsettled(
    partitionId: PartitionId,
    options: CallOptions = {},
  ): ResultAsync<readonly UnsettledAttempt[], ListBackupsError> {
    return this.#calls.run(options, (signal) =>
      listUnsettled(this.#layout, partitionId, signal).map((manifests) =>
        manifests.map(({ id }) => ({ id, term: this.#saves.find(id)?.term ?? 0n })),
      ),
    );
  }

  open(id: BackupId, options: OpenOptions = {}): ResultAsync<StoredBackup, OpenBackupError> {
    const { evenIfDamaged = false } = options;
    const { closing } = this.#calls;
    return this.#calls.run(options, (signal) =>
      openBackup(this.#layout, id, { signal, closing, evenIfDamaged }),
    );
  }

  markFailed(
    id: BackupId,
    reason: string,
    options: CallOptions & { readonly term: bigint },
  ): ResultAsync<BackupStatusCode, MarkFailedError> {
    const { term } = options;
    return this.#calls.run(options, (signal) =>
      markFailed(this.#layout, this.#saves, id, reason, { term, signal }),
    );
  }

  delete(id: BackupId, options: CallOptions = {}): ResultAsync<void, DeleteBackupError> {
    return this.#calls.run(options, (signal) => deleteBackup(this.#layout, this.#saves, id, signal));
  }

  /** Calls in flight end as Aborted; saves among them first tell the store that they failed. */
  async close(): Promise<void> {
    await this.#calls.close();
    await this.#layout.storage.close();
  }
}
