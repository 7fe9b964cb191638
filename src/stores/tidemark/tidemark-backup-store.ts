// The native backup store: the layout of docs/formats/tidemark.md over any object storage. Only wires the
// operations together and holds what lives as long as the store.
import type { ResultAsync } from 'neverthrow';
import type { BackupId, PartitionBackup, StoredBackup } from '../../core/backup.ts';
import type { ForeignCluster, StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import type { BackupStatusCode } from '../../core/status.ts';
import { tell } from '../../core/tell.ts';
import type {
  BackupHolds,
  BackupLabels,
  BackupPage,
  BackupQuery,
  BackupStore,
  CallOptions,
  DeleteBackupError,
  KeyRotation,
  ListBackupsError,
  MarkFailedError,
  OpenBackupError,
  RepairOptions,
  RepairReport,
  RotateKeysOptions,
  SaveBackupError,
  SaveOptions,
  SweepError,
  SweepOptions,
  SweepReport,
  UnsettledAttempt,
} from '../../ports/backup-store.ts';
import type { ObjectStorage } from '../../ports/object-storage.ts';
import type { StoreEvent, StoreObserver } from '../../ports/telemetry.ts';
import type { LayoutSettings } from '../backup-store-settings.ts';
import { ByteRate } from '../byte-rate.ts';
import { CallsInFlight } from '../calls-in-flight.ts';
import { ChunkMemories } from '../chunk-memory.ts';
import { type NativeStoreComponents, realComponents } from '../native-components.ts';
import { layoutValues } from '../settings-rules.ts';
import { ClusterIdentity } from './cluster-identity.ts';
import { deleteBackup } from './delete-backup.ts';
import { Holds } from './holds.ts';
import { entriesPrefix } from './keys.ts';
import { Labels } from './labels.ts';
import type { Layout } from './layout.ts';
import { listBackups } from './list-backups.ts';
import { listEntries } from './list-entries.ts';
import { markFailed } from './mark-failed.ts';
import { openBackup } from './open-backup.ts';
import { PlaceKeys } from './place-keys.ts';
import { repair } from './repair.ts';
import { saveBackup } from './save-backup.ts';
import { sweep } from './sweep.ts';

/** What the store stands on. It closes the storage with itself. */
export interface TidemarkBackupStoreComponents extends NativeStoreComponents {
  readonly storage: ObjectStorage;
}

/**
 * A {@link BackupStore} over any object storage, for those who bring their own; `S3BackupStore` and the
 * others are this over one of ours. Throws InvalidConfiguration on settings that make no sense.
 */
export class TidemarkBackupStore implements BackupStore {
  readonly capabilities = { incremental: true, liveness: true, checksums: true };
  readonly #layout: Layout;
  readonly #identity: ClusterIdentity;
  readonly #calls = new CallsInFlight();
  readonly #observer: StoreObserver | undefined;
  /** Keeps backups from being pruned. */
  readonly holds: BackupHolds;
  /** What operators call backups. */
  readonly labels: BackupLabels;

  constructor(components: TidemarkBackupStoreComponents, settings: LayoutSettings = {}) {
    const { storage } = components;
    const environment = realComponents(components);
    const values = layoutValues(settings);
    const { maxBytesPerSecond: bytesPerSecond } = values;
    const rate = bytesPerSecond === undefined ? undefined : new ByteRate(environment, { bytesPerSecond });
    const memories = new ChunkMemories(values);
    const keys = new PlaceKeys({ storage, logger: environment.logger }, values.encryptionKeys);
    this.#layout = { storage, ...environment, values, keys, memories, rate, load: components.load };
    this.#observer = components.observer;
    this.#identity = new ClusterIdentity(this.#layout);
    this.labels = new Labels(this.#layout, this.#identity, this.#calls);
    this.holds = new Holds(this.#layout, this.#identity, this.#calls);
  }

  /** Names the place, without secrets. */
  get location(): string {
    return this.#layout.storage.location;
  }

  /**
   * Whether the storage refuses a second create-only put; undefined unless this store has claimed the place,
   * which is when it finds out. For diagnosis: a store that is not refused warns in its log.
   */
  get conditionalPut(): boolean | undefined {
    return this.#identity.conditionalPut;
  }

  save(backup: PartitionBackup, options: SaveOptions = {}): ResultAsync<void, SaveBackupError> {
    return this.#calls.run(options, (signal) =>
      saveBackup(this.#layout, this.#identity, backup, { ...options, signal }),
    );
  }

  list(query: BackupQuery, options: CallOptions = {}): ResultAsync<BackupPage, ListBackupsError> {
    return this.#calls.run(options, (signal) => listBackups(this.#layout, query, signal));
  }

  unsettled(
    partitionId: PartitionId,
    options: CallOptions = {},
  ): ResultAsync<readonly UnsettledAttempt[], ListBackupsError> {
    return this.#calls.run(options, (signal) =>
      listEntries(this.#layout.storage, entriesPrefix(partitionId), signal).map((entries) =>
        entries.filter(({ kind }) => kind === 'entry').map(({ id, attempt }) => ({ id, term: attempt.term })),
      ),
    );
  }

  open(id: BackupId, options: CallOptions = {}): ResultAsync<StoredBackup, OpenBackupError> {
    return this.#calls.run(options, (signal) => openBackup(this.#layout, id, signal, this.#calls.closing));
  }

  markFailed(
    id: BackupId,
    reason: string,
    options: CallOptions & { readonly term: bigint },
  ): ResultAsync<BackupStatusCode, MarkFailedError> {
    return this.#calls.run(options, (signal) =>
      this.#identity.claim(signal).andThen(() => markFailed(this.#layout, id, reason, options.term, signal)),
    );
  }

  delete(id: BackupId, options: CallOptions = {}): ResultAsync<void, DeleteBackupError> {
    return this.#calls.run(options, (signal) =>
      this.#identity.check(signal).andThen(() => deleteBackup(this.#layout, id, signal)),
    );
  }

  /**
   * Frees the chunks that no backup uses, and ends what writers that died have left. A save, a delete or another sweep
   * may run at the same time: it waits for nobody, and tells what it left and why. Costs a GET for each backup.
   */
  sweep(options: SweepOptions = {}): ResultAsync<SweepReport, SweepError> {
    const { clock } = this.#layout;
    const begunAt = clock.monotonic();
    const durationMs = () => clock.monotonic() - begunAt;
    return this.#calls
      .run(options, (signal) =>
        this.#identity.check(signal).andThen(() => sweep(this.#layout, { ...options, signal })),
      )
      .andTee((report) => this.#tell({ type: 'swept', report, durationMs: durationMs() }))
      .orTee((error) => this.#tell({ type: 'sweep-failed', error, durationMs: durationMs() }));
  }

  /**
   * Ends what dead writers left, and writes damaged chunks and wrapped keys again whose bytes are elsewhere. Reads
   * every byte, for which an encrypted place takes its keys.
   */
  repair(options: RepairOptions = {}): ResultAsync<RepairReport, StoreError | ForeignCluster> {
    return this.#calls.run(options, (signal) =>
      this.#identity.check(signal).andThen(() => repair(this.#layout, { ...options, signal })),
    );
  }

  /** Wraps the data keys of the place with the first of the keys that are configured. Moves no backup. */
  rotateKeys(options: RotateKeysOptions = {}): ResultAsync<KeyRotation, StoreError | ForeignCluster> {
    const { removeOthers = false } = options;
    return this.#calls.run(options, (signal) =>
      this.#identity.check(signal).andThen(() => this.#layout.keys.rotate(removeOthers, signal)),
    );
  }

  #tell(event: StoreEvent): void {
    const { logger } = this.#layout;
    tell(this.#observer, event, (cause) =>
      logger.error({ event: event.type, err: cause }, 'an observer threw'),
    );
  }

  /** Calls in flight end as Aborted; saves among them first tell the store that they failed. */
  async close(): Promise<void> {
    await this.#calls.close();
    await this.#layout.storage.close();
  }
}
