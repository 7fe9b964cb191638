// Backups as the store alone tells them: no cluster need run. The partitions are those of the
// configuration, unless a backup says how many it has.
import { err, ok, type ResultAsync } from 'neverthrow';
import { foldClusterStatus, foldListing } from '../cluster/fold-states.ts';
import { BackupCorrupt, BackupNotFound, InvalidBackupState } from '../core/errors.ts';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import { PARTITIONS_MAX } from '../core/limits.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupStatus, ClusterBackupStatus } from '../core/status.ts';
import type { BackupInfoPage } from '../management/management-client.ts';
import { type BackupInfo, toBackupInfo } from '../management/wire.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import type { BackupsSource, SourceOptions, SourceQuery } from './backups-source.ts';
import type { CliError } from './cli-errors.ts';
import { toldPartitions } from './told-partitions.ts';

export class StoreBackups implements BackupsSource {
  readonly #store: BackupStore;
  readonly #partitionsCount: number;

  constructor(store: BackupStore, { partitionsCount }: { readonly partitionsCount: number }) {
    this.#store = store;
    this.#partitionsCount = partitionsCount;
  }

  status(checkpointId: CheckpointId, options: SourceOptions): ResultAsync<BackupInfo, CliError> {
    return fromAsync<BackupInfo, CliError>(async () => {
      const page = await this.#store.list({ checkpointId, details: true }, options);
      if (page.isErr()) return err(page.error);
      const rows = page.value.backups;
      if (rows.every((row) => row.statusCode === 'DOES_NOT_EXIST'))
        return err(new BackupNotFound(checkpointId));
      const told = toldPartitions(rows) ?? this.#partitionsCount;
      if (told > PARTITIONS_MAX) return err(new BackupCorrupt(`backup ${checkpointId}`, absurd(told)));
      const partitions = partitionIds(told);
      return ok(toBackupInfo(foldClusterStatus(checkpointId, rows, partitions)));
    });
  }

  list(query: SourceQuery, options: SourceOptions): ResultAsync<BackupInfoPage, CliError> {
    return this.#store.list(query, options).map(({ backups, next }) => {
      const page = { backups: this.#foldListing(backups).map(toBackupInfo) };
      return next === undefined ? page : { ...page, next };
    });
  }

  /** A store that knows descriptors without reading more tells them here too. One absurd backup hides no other. */
  #foldListing(rows: readonly BackupStatus[]): ClusterBackupStatus[] {
    return [...Map.groupBy(rows, ({ id }) => id.checkpointId).values()].flatMap((copies) => {
      const told = toldPartitions(copies);
      const isTold = told !== undefined && told <= PARTITIONS_MAX;
      return foldListing(copies, partitionIds(isTold ? told : this.#partitionsCount));
    });
  }

  /** Looks at all copies before it deletes any: a backup that is under way somewhere stays whole. */
  delete(checkpointId: CheckpointId, options: SourceOptions): ResultAsync<void, CliError> {
    return fromAsync<void, CliError>(async () => {
      const page = await this.#store.list({ checkpointId, withLeftovers: true }, options);
      if (page.isErr()) return err(page.error);
      const running = page.value.backups.find((row) => row.statusCode === 'IN_PROGRESS');
      if (running !== undefined) return err(new InvalidBackupState(running.id, 'COMPLETED', 'IN_PROGRESS'));
      for (const { id } of page.value.backups) {
        const deleted = await this.#store.delete(id, options);
        if (deleted.isErr()) return err(deleted.error);
      }
      return ok(undefined);
    });
  }
}

function partitionIds(count: number): PartitionId[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function absurd(count: number): string {
  return `says that its cluster has ${count} partitions, and ${PARTITIONS_MAX} is the most`;
}
