// Every expected failure, one class per decision a caller can take. Discriminate by `name`; messages may change.
import type { BackupId } from './backup.ts';
import { BackupError } from './backup-error.ts';
import type { CheckpointType } from './checkpoint.ts';
import type { EncryptionKeyDamaged, EncryptionKeyMissing, EncryptionKeyWrong } from './encryption-errors.ts';
import { idAbove } from './generated-id.ts';
import type { CheckpointId, PartitionId } from './ids.ts';
import type { BackupStatusCode, PartitionBackupStatus } from './status.ts';

export { BackupError };

// --- the store -------------------------------------------------------------------------------------------------

/** The store did not answer, or asked for less load, until the retries or the deadline ran out. Try later. */
export class StoreUnavailable extends BackupError {
  override readonly name = 'StoreUnavailable';
  override readonly retryable = true;
  readonly operation: string;
  /** How long the store asked to be left alone, when it did, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly detail: string;
  constructor(operation: string, detail: string, cause?: unknown, retryAfterMs?: number) {
    super(
      `the backup store did not answer: operation=${operation} ${detail}; check the endpoint and network`,
      cause,
    );
    this.operation = operation;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The store refused the credentials or the operation. Mend the credentials or the policy. */
export class StoreAccessDenied extends BackupError {
  override readonly name = 'StoreAccessDenied';
  override readonly retryable = false;
  readonly operation: string;
  constructor(operation: string, detail: string, cause?: unknown) {
    super(
      `the backup store denied access: operation=${operation} ${detail}; check credentials and policy`,
      cause,
    );
    this.operation = operation;
  }
}

/** The bucket or directory that should hold the backups does not exist. tidemark never creates a bucket. */
export class StoreNotFound extends BackupError {
  override readonly name = 'StoreNotFound';
  override readonly retryable = false;
  readonly location: string;
  constructor(location: string, cause?: unknown) {
    super(`the backup store does not exist: ${location}; create it or correct the configuration`, cause);
    this.location = location;
  }
}

/** The store answered with something that is no valid answer. Not retried blindly: look at the cause. */
export class StoreFailure extends BackupError {
  override readonly name = 'StoreFailure';
  override readonly retryable = false;
  readonly operation: string;
  constructor(operation: string, detail: string, cause?: unknown) {
    super(`the backup store gave an unusable answer: operation=${operation} ${detail}`, cause);
    this.operation = operation;
  }
}

/** The object is not in the store. */
export class ObjectNotFound extends BackupError {
  override readonly name = 'ObjectNotFound';
  override readonly retryable = false;
  readonly key: string;
  constructor(key: string, cause?: unknown) {
    super(`no such object: key=${key}`, cause);
    this.key = key;
  }
}

/** A create-only write found the object there already. */
export class ObjectAlreadyExists extends BackupError {
  override readonly name = 'ObjectAlreadyExists';
  override readonly retryable = false;
  readonly key: string;
  constructor(key: string, cause?: unknown) {
    super(`the object exists already: key=${key}`, cause);
    this.key = key;
  }
}

/** The store (bucket and base path) belongs to another cluster. Give each cluster a base path of its own. */
export class ForeignCluster extends BackupError {
  override readonly name = 'ForeignCluster';
  override readonly retryable = false;
  readonly expected: string;
  readonly actual: string;
  constructor(expected: string, actual: string) {
    super(
      `the backup store belongs to another cluster: expected=${expected} found=${actual}; ` +
        'use another bucket or base path, or correct the cluster id',
    );
    this.expected = expected;
    this.actual = actual;
  }
}

// --- a backup --------------------------------------------------------------------------------------------------

/** No copy of the backup is in the store. */
export class BackupNotFound extends BackupError {
  override readonly name = 'BackupNotFound';
  override readonly retryable = false;
  readonly checkpointId: CheckpointId;
  constructor(checkpointId: CheckpointId, partitionId?: PartitionId) {
    super(
      `no such backup: backupId=${checkpointId}${partitionId === undefined ? '' : ` partition=${partitionId}`}; ` +
        'list the backups to see which exist',
    );
    this.checkpointId = checkpointId;
  }
}

/** The id is used up: a copy exists, whatever became of it. Take the next backup under a higher id. */
export class BackupAlreadyExists extends BackupError {
  override readonly name = 'BackupAlreadyExists';
  override readonly retryable = false;
  readonly id: BackupId;
  readonly statusCode: BackupStatusCode;
  constructor(id: BackupId, statusCode: BackupStatusCode, advice = 'use a higher backup id') {
    super(`the backup exists already: ${showId(id)} status=${statusCode}; ${advice}`);
    this.id = id;
    this.statusCode = statusCode;
  }
}

/** The operation needs the backup in another state. */
export class InvalidBackupState extends BackupError {
  override readonly name = 'InvalidBackupState';
  override readonly retryable = false;
  readonly id: BackupId;
  readonly actual: BackupStatusCode;
  constructor(id: BackupId, expected: BackupStatusCode, actual: BackupStatusCode) {
    const advice = actual === 'IN_PROGRESS' ? '; wait until it has ended, or until a new leader ends it' : '';
    super(`the backup is in the wrong state: ${showId(id)} expected=${expected} actual=${actual}${advice}`);
    this.id = id;
    this.actual = actual;
  }
}

/** Stored bytes are missing, changed or cut. Restore another backup and find out what touched the store. */
export class BackupCorrupt extends BackupError {
  override readonly name = 'BackupCorrupt';
  override readonly retryable = false;
  /** The object or file that is damaged. */
  readonly object: string;
  readonly detail: string;
  constructor(object: string, detail: string, cause?: unknown) {
    super(`the backup is damaged: object=${object} ${detail}; restore another backup`, cause);
    this.object = object;
    this.detail = detail;
  }
}

/** This attempt was deleted, marked failed or overtaken by another leader while it ran, and stopped itself. */
export class AttemptFenced extends BackupError {
  override readonly name = 'AttemptFenced';
  override readonly retryable = false;
  readonly id: BackupId;
  constructor(id: BackupId, detail: string) {
    super(`the backup attempt was called off: ${showId(id)} ${detail}`);
    this.id = id;
  }
}

/** The partition cannot give this backup: no snapshot is old enough, or the log does not reach far enough. */
export class BackupNotPossible extends BackupError {
  override readonly name = 'BackupNotPossible';
  override readonly retryable = false;
  constructor(detail: string) {
    super(`the partition cannot be backed up at this checkpoint: ${detail}`);
  }
}

/** A port that the broker implements threw, or gave other bytes than it said. */
export class BrokerFailure extends BackupError {
  override readonly name = 'BrokerFailure';
  override readonly retryable = false;
  readonly operation: string;
  constructor(operation: string, detail: string, cause?: unknown) {
    super(`the broker failed: operation=${operation} ${detail}`, cause);
    this.operation = operation;
  }
}

/** The time given for the operation ran out. */
export class DeadlineExceeded extends BackupError {
  override readonly name = 'DeadlineExceeded';
  override readonly retryable = true;
  readonly timeoutMs: number;
  constructor(operation: string, timeoutMs: number) {
    super(`not done in time: operation=${operation} timeoutMs=${timeoutMs}`);
    this.timeoutMs = timeoutMs;
  }
}

/** The caller, or `close()`, called the operation off. */
export class Aborted extends BackupError {
  override readonly name = 'Aborted';
  override readonly retryable = true;
  constructor(operation: string) {
    super(`called off: operation=${operation}`);
  }
}

// --- the cluster -----------------------------------------------------------------------------------------------

/** The leader of a partition could not be reached, so its state is not known. Nothing is guessed. */
export class PartitionUnreachable extends BackupError {
  override readonly name = 'PartitionUnreachable';
  override readonly retryable = true;
  readonly partitionId: PartitionId;
  constructor(partitionId: PartitionId, detail: string, cause?: unknown) {
    super(`the partition could not be reached: partition=${partitionId} ${detail}`, cause);
    this.partitionId = partitionId;
  }
}

/** A partition's leader did not answer in time. */
export class PartitionTimeout extends BackupError {
  override readonly name = 'PartitionTimeout';
  override readonly retryable = true;
  readonly partitionId: PartitionId;
  constructor(partitionId: PartitionId, timeoutMs: number) {
    super(`the partition did not answer in time: partition=${partitionId} timeoutMs=${timeoutMs}`);
    this.partitionId = partitionId;
  }
}

/** A partition answered with a failure. */
export class PartitionFailure extends BackupError {
  override readonly name = 'PartitionFailure';
  override readonly retryable: boolean;
  readonly partitionId: PartitionId;
  constructor(partitionId: PartitionId, cause: unknown) {
    super(
      `the partition failed: partition=${partitionId} ${cause instanceof Error ? cause.message : cause}`,
      cause,
    );
    this.partitionId = partitionId;
    this.retryable = cause instanceof BackupError && cause.retryable;
  }
}

/** The requested id is not above the cluster's latest checkpoint. */
export class CheckpointNotNewer extends BackupError {
  override readonly name = 'CheckpointNotNewer';
  override readonly retryable = false;
  readonly requested: CheckpointId;
  readonly latest: CheckpointId;
  /** The lowest id that a new backup can have. Undefined when the latest has used up the last one. */
  readonly nextFree: CheckpointId | undefined;
  /** What the latest one was made for. Absent where nobody told. */
  readonly latestType?: CheckpointType;
  constructor(requested: CheckpointId, latest: CheckpointId, latestType?: CheckpointType) {
    const nextFree = idAbove(latest);
    super(
      `Requested backup has id ${requested}. The latest backup has id ${latest}. ` +
        'Id of new backups must be higher than the previous one; ' +
        (nextFree === undefined ? 'there is no free id above it.' : `the next free id is ${nextFree}.`),
    );
    this.requested = requested;
    this.latest = latest;
    this.nextFree = nextFree;
    if (latestType !== undefined) this.latestType = latestType;
  }
}

/** The cluster has no backup store configured. */
export class BackupsDisabled extends BackupError {
  override readonly name = 'BackupsDisabled';
  override readonly retryable = false;
  constructor() {
    super('no backup store is configured; set zeebe.broker.data.backup.store');
  }
}

// --- restore ---------------------------------------------------------------------------------------------------

/** The place to restore into holds data. Nothing was deleted; empty it yourself or restore elsewhere. */
export class DataDirectoryNotEmpty extends BackupError {
  override readonly name = 'DataDirectoryNotEmpty';
  override readonly retryable = false;
  readonly directory: string;
  readonly found: readonly string[];
  /** `origin` tells what an earlier restore has put there. */
  constructor(directory: string, found: readonly string[], origin = '') {
    const names = found.slice(0, 5).join(', ') + (found.length > 5 ? `, and ${found.length - 5} more` : '');
    super(
      `the data directory is not empty: directory=${directory} found=[${names}]; ${origin}` +
        'nothing was changed; empty it or choose another directory',
    );
    this.directory = directory;
    this.found = found;
  }
}

/** Not every partition has a completed copy under this id. Restore another backup; copies are never mixed. */
export class BackupIncomplete extends BackupError {
  override readonly name = 'BackupIncomplete';
  override readonly retryable = false;
  readonly checkpointId: CheckpointId;
  readonly partitions: readonly PartitionBackupStatus[];
  constructor(checkpointId: CheckpointId, partitions: readonly PartitionBackupStatus[]) {
    const missing = partitions
      .filter((partition) => partition.statusCode !== 'COMPLETED')
      .map((partition) => `${partition.partitionId}:${partition.statusCode}`);
    super(
      `the backup is not complete: backupId=${checkpointId} partitions=[${missing.join(', ')}]; ` +
        'restore a backup that is COMPLETED on every partition',
    );
    this.checkpointId = checkpointId;
    this.partitions = partitions;
  }
}

/** The backup was taken in a cluster with another number of partitions. */
export class PartitionCountMismatch extends BackupError {
  override readonly name = 'PartitionCountMismatch';
  override readonly retryable = false;
  readonly configured: number;
  readonly inBackup: number;
  constructor(checkpointId: CheckpointId, configured: number, inBackup: number) {
    super(
      `the partition counts differ: backupId=${checkpointId} inBackup=${inBackup} configured=${configured}; ` +
        `set zeebe.broker.cluster.partitionsCount to ${inBackup}`,
    );
    this.configured = configured;
    this.inBackup = inBackup;
  }
}

/** Writing the restored files failed (disk full, no permission). What was made was removed again. */
export class RestoreTargetFailure extends BackupError {
  override readonly name = 'RestoreTargetFailure';
  override readonly retryable = false;
  /** There when it was found before anything was fetched that the place has too little room. */
  readonly space?: { readonly neededBytes: number; readonly freeBytes: number };
  constructor(operation: string, detail: string, cause?: unknown, space?: RestoreTargetFailure['space']) {
    super(`the restored files could not be written: operation=${operation} ${detail}`, cause);
    if (space !== undefined) this.space = space;
  }
}

// --- input -----------------------------------------------------------------------------------------------------

/** A value from outside is not what it must be. */
export class InvalidInput extends BackupError {
  override readonly name = 'InvalidInput';
  override readonly retryable = false;
  readonly field: string;
  constructor(field: string, detail: string) {
    super(`invalid ${field}: ${detail}`);
    this.field = field;
  }
}

/** The configuration has problems; all of them are listed, each with its key and where its value came from. */
export class InvalidConfiguration extends BackupError {
  override readonly name = 'InvalidConfiguration';
  override readonly retryable = false;
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** What any call to a store can end with. */
export type StoreError =
  | StoreUnavailable
  | StoreAccessDenied
  | StoreNotFound
  | StoreFailure
  | EncryptionKeyMissing
  | EncryptionKeyWrong
  | EncryptionKeyDamaged
  | DeadlineExceeded
  | Aborted;

/** Whether a thrown value is one of the expected failures. */
export function isBackupError(value: unknown): value is BackupError {
  return value instanceof BackupError;
}

function showId(id: BackupId): string {
  return `backupId=${id.checkpointId} partition=${id.partitionId} node=${id.nodeId}`;
}
