// How cluster backups are doing: asks every partition and folds the answers. A partition that cannot be asked
// is an error that names it; its state is never guessed.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import { invariant } from '../core/invariant.ts';
import { BACKUPS_PER_PAGE } from '../core/limits.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupStatus, ClusterBackupPage, ClusterBackupStatus } from '../core/status.ts';
import type { ListBackupsQuery } from '../ports/cluster.ts';
import { foldClusterStatus, foldListing } from './fold-states.ts';
import {
  allOrFirstFailure,
  type ClusterCallOptions,
  type ClusterComponents,
  type ClusterSettings,
  type PartitionRequestError,
  PartitionRequests,
  type TopologyError,
} from './partition-requests.ts';

/** What asking for the state of backups can end with. */
export type ClusterStatusError = TopologyError | PartitionRequestError;

/** Tells the state of backups of the whole cluster. */
export class BackupStatusAggregator {
  readonly #components: ClusterComponents;
  readonly #requests: PartitionRequests;

  constructor(components: ClusterComponents, settings: ClusterSettings = {}) {
    this.#components = components;
    this.#requests = new PartitionRequests(components, settings);
  }

  /** The state of one backup. One that no partition has is DOES_NOT_EXIST, and no error. */
  status(
    checkpointId: CheckpointId,
    options: ClusterCallOptions = {},
  ): ResultAsync<ClusterBackupStatus, ClusterStatusError> {
    return fromAsync<ClusterBackupStatus, ClusterStatusError>(async () => {
      const asked = await this.#requests.askAll(
        'backup status',
        (partitionId, signal) => this.#components.partitions.status(partitionId, checkpointId, signal),
        options,
      );
      if (asked.isErr()) return err(asked.error);
      const rows = allOrFirstFailure(asked.value);
      if (rows.isErr()) return err(rows.error);
      return ok(foldClusterStatus(checkpointId, rows.value, idsOf(asked.value)));
    });
  }

  /** One page of the cluster's backups, newest first: those below `before`, at most `limit` (default 100). */
  list(
    query: ListBackupsQuery = {},
    options: ClusterCallOptions = {},
  ): ResultAsync<ClusterBackupPage, ClusterStatusError> {
    const { before, limit = BACKUPS_PER_PAGE } = query;
    invariant(
      Number.isInteger(limit) && limit > 0,
      `the limit of a page is a whole number above 0, got ${limit}`,
    );
    return fromAsync<ClusterBackupPage, ClusterStatusError>(async () => {
      const asked = await this.#requests.askAll(
        'list backups',
        (partitionId, signal) => this.#components.partitions.list(partitionId, { before, limit }, signal),
        options,
      );
      if (asked.isErr()) return err(asked.error);
      const listings = allOrFirstFailure(asked.value);
      return listings.isErr()
        ? err(listings.error)
        : ok(mergePages(listings.value, idsOf(asked.value), limit));
    });
  }
}

/**
 * Joins the partitions' pages. A partition with a full page may hold more, of which nothing is known yet.
 * Those ids are all below this page: it has `limit` ids, and so has that partition. So nothing looks absent
 * that is not.
 */
function mergePages(
  listings: readonly (readonly BackupStatus[])[],
  partitionIds: readonly PartitionId[],
  limit: number,
): ClusterBackupPage {
  const folded = foldListing(listings.flat(), partitionIds);
  const backups = folded.slice(0, limit);
  const isFull = (rows: readonly BackupStatus[]) =>
    new Set(rows.map((row) => row.id.checkpointId)).size >= limit;
  const more = folded.length > limit || listings.some(isFull);
  const last = backups.at(-1);
  return more && last !== undefined ? { backups, next: last.checkpointId } : { backups };
}

function idsOf(answers: readonly { readonly partitionId: PartitionId }[]): PartitionId[] {
  return answers.map((answer) => answer.partitionId);
}
