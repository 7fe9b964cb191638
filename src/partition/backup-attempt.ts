// One attempt to back up a partition, as steps: pin, look whether it is done already, select, save, release.
// The pins come first, before any remote call, and are released on every path.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupFile, BackupId } from '../core/backup.ts';
import { startDeadline, untilAborted, withDeadline } from '../core/deadline.ts';
import {
  BackupAlreadyExists,
  type BackupCorrupt,
  type BackupNotPossible,
  BrokerFailure,
  isBackupError,
} from '../core/errors.ts';
import type { LogPosition, NodeId, PartitionId } from '../core/ids.ts';
import { BACKUP_DEADLINE_MS, FAILURE_REASON_LENGTH_MAX } from '../core/limits.ts';
import { bracket, contain, fromAsync, fromForeign } from '../core/result.ts';
import { type BackupProgress, bestStatus } from '../core/status.ts';
import type { BackupStore, SaveBackupError } from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type { CheckpointState, PartitionReservation, PartitionSource } from '../ports/partition.ts';
import type { Logger, PartitionBackupObserver } from '../ports/telemetry.ts';
import { type BackupSelection, selectBackup } from './backup-selection.ts';

/** What the manager works with. */
export interface PartitionBackupComponents {
  readonly store: BackupStore;
  readonly source: PartitionSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer?: PartitionBackupObserver;
}

/** Whose backups these are. */
export interface PartitionBackupSettings {
  readonly nodeId: NodeId;
  readonly partitionId: PartitionId;
  /** The term of this leadership. Must be higher for each manager that is made for the partition. */
  readonly term: bigint;
  readonly numberOfPartitions: number;
  readonly brokerVersion: string;
  /** Limit of one attempt, from reserve to publish, in milliseconds. */
  readonly deadlineMs?: number;
}

/** How a successful take came about: by this call, or because a completed backup was there already. */
export type TakeOutcome = 'completed' | 'already-completed';

/** Why a take did not end with a completed backup. */
export type TakeBackupError = SaveBackupError | BackupNotPossible | BackupCorrupt;

/** What one attempt is about. */
export interface AttemptOptions {
  readonly id: BackupId;
  readonly checkpoint: CheckpointState;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackupProgress) => void;
  /** Told what settles when the store has ended with the attempt: it may have last words after a call-off. */
  readonly onSaving: (ended: Promise<unknown>) => void;
}

/** How long a failure may take to be recorded: `close` waits for it. */
const RECORD_FAILURE_MS = 10_000;

/** Runs one attempt to its end. Its files are unpinned by then, whatever the end is. */
export function runAttempt(
  components: PartitionBackupComponents,
  settings: PartitionBackupSettings,
  options: AttemptOptions,
): ResultAsync<TakeOutcome, TakeBackupError> {
  return fromAsync<TakeOutcome, TakeBackupError>(async () => {
    const timeoutMs = settings.deadlineMs ?? BACKUP_DEADLINE_MS;
    const limit = { operation: 'take backup', timeoutMs, signal: options.signal };
    const deadline = startDeadline(components.clock, limit);
    const { signal } = deadline;
    const release = (pinned: PartitionReservation) => releasePins(components, options.id, pinned);
    try {
      const result = await bracket(
        () => untilAborted(signal, () => reserve(components), release),
        (pinned) =>
          untilAborted(signal, () => {
            const saving = saveOnce(components, settings, { ...options, signal }, pinned);
            options.onSaving(Promise.resolve(saving).catch(() => {}));
            return saving;
          }),
        release,
      );
      // A call of the store that took too long is a DeadlineExceeded as well, and no reason to use up the id.
      const isOver = result.isErr() && result.error === signal.reason;
      if (result.isErr()) await recordFailure(components, settings, options.id, result.error, isOver);
      return result;
    } finally {
      deadline.stop();
    }
  });
}

function reserve({ source }: PartitionBackupComponents): ResultAsync<PartitionReservation, BrokerFailure> {
  return fromForeign(
    () => source.reserve(),
    (cause) => brokerFailure('reserve', cause),
  );
}

async function releasePins(
  { logger }: PartitionBackupComponents,
  id: BackupId,
  pinned: PartitionReservation,
): Promise<void> {
  const released = await fromForeign(
    () => pinned.release(),
    (cause) => brokerFailure('release', cause),
  );
  if (released.isErr()) logger.error({ ...id, err: released.error }, 'could not release the pinned files');
}

/**
 * The store records the failures of a save itself; what may have ended an attempt before that is recorded here.
 * It does no harm where the store has done so.
 */
async function recordFailure(
  { store, clock, logger }: PartitionBackupComponents,
  { term }: PartitionBackupSettings,
  id: BackupId,
  error: TakeBackupError,
  isOver: boolean,
): Promise<void> {
  const isToldHere = error.name === 'BackupNotPossible' || error.name === 'BrokerFailure';
  if (!isToldHere && !(isOver && error.name === 'DeadlineExceeded')) return;
  const reason = error.message.slice(0, FAILURE_REASON_LENGTH_MAX);
  // Not called off with the attempt: a failure that close() hid would look like a backup nobody tried.
  const limit = { operation: 'mark failed', timeoutMs: RECORD_FAILURE_MS };
  const marked = await withDeadline(clock, limit, (signal) =>
    contain('mark failed', () => store.markFailed(id, reason, { term, signal })),
  );
  if (marked.isErr()) logger.warn({ ...id, err: marked.error }, 'could not record the failed backup');
}

function saveOnce(
  components: PartitionBackupComponents,
  settings: PartitionBackupSettings,
  options: AttemptOptions,
  pinned: PartitionReservation,
): ResultAsync<TakeOutcome, TakeBackupError> {
  return fromAsync<TakeOutcome, TakeBackupError>(async () => {
    const { id, checkpoint, signal, onProgress } = options;
    const query = { checkpointId: id.checkpointId, partitionId: id.partitionId };
    const copies = await contain('list', () => components.store.list(query, { signal }));
    if (copies.isErr()) return err(copies.error);
    const best = bestStatus(copies.value.backups);
    if (best?.statusCode === 'COMPLETED') return ok('already-completed');
    if (best !== undefined) return err(new BackupAlreadyExists(best.id, best.statusCode));

    const selected = await select(pinned, checkpoint.position);
    if (selected.isErr()) return err(selected.error);
    const segmentFiles = await cutLog(selected.value, checkpoint);
    if (segmentFiles.isErr()) return err(segmentFiles.error);
    const { snapshot } = selected.value;
    const backup = {
      id,
      term: settings.term,
      descriptor: {
        snapshotId: snapshot?.id ?? null,
        checkpointPosition: checkpoint.position,
        numberOfPartitions: settings.numberOfPartitions,
        brokerVersion: settings.brokerVersion,
      },
      snapshotFiles: snapshot?.files ?? [],
      segmentFiles: segmentFiles.value,
    };
    const { deadlineMs = BACKUP_DEADLINE_MS } = settings;
    const call = { signal, onProgress, deadlineMs };
    const saved = await contain('save', () => components.store.save(backup, call));
    return saved.map((): TakeOutcome => 'completed');
  });
}

/** What the broker pinned is its own making: a reservation that is none must not look like a bug of ours. */
function select(
  pinned: PartitionReservation,
  position: LogPosition,
): ResultAsync<BackupSelection, BackupNotPossible | BrokerFailure> {
  return fromForeign(
    () => selectBackup(pinned, position),
    (cause) => brokerFailure('reserve', cause),
  ).andThen((selected) => selected);
}

/** The selected segments, the last one cut behind the checkpoint's record. */
function cutLog(
  selection: BackupSelection,
  checkpoint: CheckpointState,
): ResultAsync<readonly BackupFile[], BrokerFailure> {
  return fromForeign(
    () => Promise.all(selection.segments.map((segment) => segment.upTo(checkpoint.position))),
    (cause) => brokerFailure('cut segment', cause),
  );
}

function brokerFailure(operation: string, cause: unknown): BrokerFailure {
  if (isBackupError(cause) && cause.name === 'BrokerFailure') return cause as BrokerFailure;
  return new BrokerFailure(operation, cause instanceof Error ? cause.message : String(cause), cause);
}
