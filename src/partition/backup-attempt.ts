// One attempt to back up a partition, as steps: pin, look whether it is done already, select, save, release.
// The pins come first, before any remote call, and are released on every path.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupDescriptor, BackupFile, BackupId } from '../core/backup.ts';
import { startDeadline, untilAborted, withDeadline } from '../core/deadline.ts';
import {
  BackupAlreadyExists,
  type BackupCorrupt,
  type BackupNotPossible,
  BrokerFailure,
  isBackupError,
} from '../core/errors.ts';
import { logPosition, type NodeId, type PartitionId } from '../core/ids.ts';
import { BACKUP_DEADLINE_MS, FAILURE_REASON_LENGTH_MAX } from '../core/limits.ts';
import { bracket, contain, fromAsync, fromForeign } from '../core/result.ts';
import { type BackupProgress, bestStatus } from '../core/status.ts';
import type { BackupStore, SaveBackupError } from '../ports/backup-store.ts';
import type { Clock } from '../ports/environment.ts';
import type { CheckpointState, PartitionReservation, PartitionSource } from '../ports/partition.ts';
import type { Logger, PartitionBackupEvent, PartitionBackupObserver } from '../ports/telemetry.ts';
import { type BackupSelection, selectBackup } from './backup-selection.ts';
import { PhaseTimer } from './phase-timer.ts';
import { pointsInLog } from './points-in-log.ts';

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

/** How a successful attempt came about: by itself, or because a completed backup was there already. */
export type AttemptOutcome = 'completed' | 'already-completed';

/** What a take came to: an attempt that succeeded, or nothing to do, for a marker asks for no backup. */
export type TakeOutcome = AttemptOutcome | 'marker';

/** Why a take did not end with a completed backup. */
export type TakeBackupError = SaveBackupError | BackupNotPossible | BackupCorrupt;

/** What one attempt is about. */
export interface AttemptOptions {
  readonly id: BackupId;
  readonly checkpoint: CheckpointState;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: BackupProgress) => void;
  /** Told about pins and phases. */
  readonly tell: (event: PartitionBackupEvent) => void;
  /** Told what settles when the store has ended with the attempt: it may have last words after a call-off. */
  readonly onSaving: (ended: Promise<unknown>) => void;
}

/** The same, for the part that the store has in it. */
interface SavingOptions extends AttemptOptions {
  readonly onStored: () => void;
}

/** How long a failure may take to be recorded: `close` waits for it. */
const RECORD_FAILURE_MS = 10_000;

/** Runs one attempt to its end. Its files are unpinned by then, whatever the end is. */
export function runAttempt(
  components: PartitionBackupComponents,
  settings: PartitionBackupSettings,
  options: AttemptOptions,
): ResultAsync<AttemptOutcome, TakeBackupError> {
  return fromAsync<AttemptOutcome, TakeBackupError>(async () => {
    const timeoutMs = settings.deadlineMs ?? BACKUP_DEADLINE_MS;
    const limit = { operation: 'take backup', timeoutMs, signal: options.signal };
    const deadline = startDeadline(components.clock, limit);
    const { signal } = deadline;
    const { id, tell } = options;
    const phases = new PhaseTimer(components.clock, (phase, durationMs) =>
      tell({ type: 'phase', id, phase, durationMs }),
    );
    const release = async (pinned: PartitionReservation) => {
      phases.end();
      if (await releasePins(components, id, pinned)) tell({ type: 'released', id });
    };
    try {
      const result = await bracket(
        () => untilAborted(signal, () => reserve(components), release),
        (pinned) =>
          untilAborted(signal, () => {
            tell({ type: 'pinned', id });
            phases.begin('upload');
            const onStored = () => phases.begin('publish');
            const saving = saveOnce(components, settings, { ...options, signal, onStored }, pinned);
            options.onSaving(Promise.resolve(saving).catch(() => {}));
            return saving;
          }),
        release,
      );
      phases.end();
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

/** Whether the pins are gone. */
async function releasePins(
  { logger }: PartitionBackupComponents,
  id: BackupId,
  pinned: PartitionReservation,
): Promise<boolean> {
  const released = await fromForeign(
    () => pinned.release(),
    (cause) => brokerFailure('release', cause),
  );
  if (released.isErr()) logger.error({ ...id, err: released.error }, 'could not release the pinned files');
  return released.isOk();
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
  options: SavingOptions,
  pinned: PartitionReservation,
): ResultAsync<AttemptOutcome, TakeBackupError> {
  return fromAsync<AttemptOutcome, TakeBackupError>(async () => {
    const { id, checkpoint, signal, onProgress, onStored } = options;
    const query = { checkpointId: id.checkpointId, partitionId: id.partitionId };
    const copies = await contain('list', () => components.store.list(query, { signal }));
    if (copies.isErr()) return err(copies.error);
    const best = bestStatus(copies.value.backups);
    if (best?.statusCode === 'COMPLETED') return ok('already-completed');
    if (best !== undefined) return err(new BackupAlreadyExists(best.id, best.statusCode));

    const selected = await select(pinned, checkpoint);
    if (selected.isErr()) return err(selected.error);
    const segmentFiles = await cutLog(selected.value, checkpoint);
    if (segmentFiles.isErr()) return err(segmentFiles.error);
    const { snapshot, checkpoints } = selected.value;
    const backup = {
      id,
      term: settings.term,
      descriptor: {
        snapshotId: snapshot?.id ?? null,
        checkpointPosition: checkpoint.position,
        numberOfPartitions: settings.numberOfPartitions,
        brokerVersion: settings.brokerVersion,
        ...(checkpoints === undefined ? {} : { checkpoints }),
      },
      snapshotFiles: snapshot?.files ?? [],
      segmentFiles: segmentFiles.value,
    };
    const { deadlineMs = BACKUP_DEADLINE_MS } = settings;
    const call = { signal, onProgress, onStored, deadlineMs };
    const saved = await contain('save', () => components.store.save(backup, call));
    return saved.map((): AttemptOutcome => 'completed');
  });
}

/** What the broker pinned is its own making: a reservation that is none must not look like a bug of ours. */
function select(
  pinned: PartitionReservation,
  checkpoint: CheckpointState,
): ResultAsync<BackupSelection & Pick<BackupDescriptor, 'checkpoints'>, BackupNotPossible | BrokerFailure> {
  return fromForeign(
    () =>
      selectBackup(pinned, checkpoint.position).map((selected) => {
        if (pinned.checkpoints === undefined) return selected;
        const above = selected.snapshot?.position ?? logPosition(0);
        return { ...selected, checkpoints: pointsInLog(pinned.checkpoints, above, checkpoint) };
      }),
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
