// Everything that can be asked of a cluster's backups behind one object: what the management API is mounted
// on. It adds nothing to the coordinator and the aggregator.
import type { ResultAsync } from 'neverthrow';
import type { CheckpointId } from '../core/ids.ts';
import type { ClusterBackupPage, ClusterBackupStatus } from '../core/status.ts';
import type { ListBackupsQuery } from '../ports/cluster.ts';
import {
  BackupCoordinator,
  type DeleteClusterBackupError,
  type MarkError,
  type TriggerBackupError,
} from './backup-coordinator.ts';
import { BackupStatusAggregator, type ClusterStatusError } from './backup-status-aggregator.ts';
import type { ClusterCallOptions, ClusterComponents, ClusterSettings } from './partition-requests.ts';

/** Triggers, tells, lists and deletes the backups of a cluster. */
export class ClusterBackups {
  readonly #coordinator: BackupCoordinator;
  readonly #aggregator: BackupStatusAggregator;

  constructor(components: ClusterComponents, settings: ClusterSettings = {}) {
    this.#coordinator = new BackupCoordinator(components, settings);
    this.#aggregator = new BackupStatusAggregator(components, settings);
  }

  /** See {@link BackupCoordinator.trigger}. */
  trigger(id?: CheckpointId, options?: ClusterCallOptions): ResultAsync<CheckpointId, TriggerBackupError> {
    return this.#coordinator.trigger(id, options);
  }

  /** See {@link BackupCoordinator.mark}. */
  mark(id: CheckpointId, options?: ClusterCallOptions): ResultAsync<void, MarkError> {
    return this.#coordinator.mark(id, options);
  }

  /** See {@link BackupStatusAggregator.status}. */
  status(
    id: CheckpointId,
    options?: ClusterCallOptions,
  ): ResultAsync<ClusterBackupStatus, ClusterStatusError> {
    return this.#aggregator.status(id, options);
  }

  /** See {@link BackupStatusAggregator.list}. */
  list(
    query?: ListBackupsQuery,
    options?: ClusterCallOptions,
  ): ResultAsync<ClusterBackupPage, ClusterStatusError> {
    return this.#aggregator.list(query, options);
  }

  /** See {@link BackupCoordinator.delete}. */
  delete(id: CheckpointId, options?: ClusterCallOptions): ResultAsync<void, DeleteClusterBackupError> {
    return this.#coordinator.delete(id, options);
  }
}
