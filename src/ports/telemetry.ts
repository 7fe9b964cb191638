// Where the engines and the stores tell what they do. Nothing here may throw or wait.

import type { BackupId } from '../core/backup.ts';
import type { BackupError, StoreUnavailable } from '../core/errors.ts';
import type { CheckpointId, LogPosition } from '../core/ids.ts';
import type { RestoreProgress } from '../core/restore-progress.ts';
import type { RetentionReason } from '../core/retention-policy.ts';
import type { BackupProgress } from '../core/status.ts';
import type { SweepReport } from './backup-store.ts';

/** A structured logger; pino's loggers fit as they are. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * The parts of an attempt, one after the other: until the files are pinned; until every byte of them is stored; until
 * the backup is published. A store that does not call `onStored` has no `publish`: it is all `upload`.
 */
export type BackupPhase = 'reserve' | 'upload' | 'publish';

/** What happens to a partition backup, as it happens. All durations are in milliseconds. */
export type PartitionBackupEvent =
  | { readonly type: 'started'; readonly id: BackupId }
  /** The broker keeps the files from now on; `released` ends it. One that could not be released stays. */
  | { readonly type: 'pinned'; readonly id: BackupId }
  | { readonly type: 'released'; readonly id: BackupId }
  | { readonly type: 'progress'; readonly id: BackupId; readonly progress: BackupProgress }
  /** A phase came to its end, good or bad. Before the end of the attempt. */
  | {
      readonly type: 'phase';
      readonly id: BackupId;
      readonly phase: BackupPhase;
      readonly durationMs: number;
    }
  | {
      readonly type: 'completed';
      readonly id: BackupId;
      /** Whether this attempt stored it, or it was there. */
      readonly outcome: 'completed' | 'already-completed';
      readonly durationMs: number;
    }
  | {
      readonly type: 'failed';
      readonly id: BackupId;
      readonly error: BackupError;
      readonly durationMs: number;
    }
  /** A delete of every copy came to its end. The node in the id is the one that deleted. */
  | {
      readonly type: 'deleted';
      readonly id: BackupId;
      readonly durationMs: number;
      /** Absent when it went well. */
      readonly error?: BackupError;
    };

/** Told about each event at once. Must not throw. */
export type PartitionBackupObserver = (event: PartitionBackupEvent) => void;

/** A CREATE was processed. The broker's transaction may still fail after this. */
export interface CheckpointProcessed {
  readonly type: 'created' | 'ignored';
  /** The checkpoint that is the latest now. */
  readonly checkpointId: CheckpointId;
  readonly position: LogPosition;
}

/** Told about each CREATE that is processed, not about replays. Must not throw. */
export type CheckpointObserver = (event: CheckpointProcessed) => void;

/** What happens in a store beside the calls that its callers see the end of. */
export type StoreEvent =
  /** A request failed and is sent again after `waitMs`. `operation` is the method of the object storage. */
  | {
      readonly type: 'retry';
      readonly operation: StoreOperation;
      readonly attempt: number;
      readonly waitMs: number;
      readonly error: StoreUnavailable;
    }
  | { readonly type: 'swept'; readonly report: SweepReport; readonly durationMs: number }
  | { readonly type: 'sweep-failed'; readonly error: BackupError; readonly durationMs: number };

/** A request of an object storage; the last three are of an upload in parts. */
export type StoreOperation =
  | 'put'
  | 'get'
  | 'head'
  | 'list'
  | 'delete'
  | 'start-upload'
  | 'put-part'
  | 'complete-upload'
  | 'abort-upload';

/** Told about each event at once. Must not throw. */
export type StoreObserver = (event: StoreEvent) => void;

/** What happens to a restore of one node, as it happens. */
export type RestoreEvent =
  | { readonly type: 'started'; readonly checkpointId: CheckpointId }
  | { readonly type: 'progress'; readonly checkpointId: CheckpointId; readonly progress: RestoreProgress }
  | {
      readonly type: 'completed';
      readonly checkpointId: CheckpointId;
      readonly files: number;
      readonly bytes: number;
      readonly durationMs: number;
    }
  | {
      readonly type: 'failed';
      readonly checkpointId: CheckpointId;
      readonly error: BackupError;
      readonly durationMs: number;
    };

/** Told about each event at once. Must not throw. */
export type RestoreObserver = (event: RestoreEvent) => void;

/** What a run of the retention decides and does, as it happens. `ended` comes last. */
export type RetentionEvent =
  | {
      readonly type: 'decided';
      readonly checkpointId: CheckpointId;
      readonly keep: boolean;
      readonly reason: RetentionReason;
      readonly dryRun: boolean;
    }
  | { readonly type: 'deleted'; readonly checkpointId: CheckpointId }
  | {
      readonly type: 'ended';
      readonly dryRun: boolean;
      /** Absent when it went well. */
      readonly error?: BackupError;
    };

/** Told about each event at once. Must not throw. */
export type RetentionObserver = (event: RetentionEvent) => void;

/** What a scheduler does again and again. */
export type SchedulerJob = 'backup' | 'marker' | 'cleanup';

/** What a scheduler does, as it happens. Slots are milliseconds since 1970. */
export type SchedulerEvent =
  /** The slot's backup is triggered on every partition. Its state tells what becomes of it. */
  | { readonly type: 'triggered'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  /** There has been a backup since the slot: of another scheduler, of an earlier life, or by hand. */
  | { readonly type: 'already'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  /** The slot's backup waits for this one, which has not ended. Told once for each slot. */
  | { readonly type: 'waiting'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  /** The next slot has come, and this one had no backup. */
  | { readonly type: 'skipped'; readonly slotMs: number }
  /** A point to restore to was made on every partition. Told of no marker that was left out. */
  | { readonly type: 'marked'; readonly slotMs: number; readonly checkpointId: CheckpointId }
  | { readonly type: 'cleaned'; readonly slotMs: number; readonly deleted: readonly CheckpointId[] }
  /** It is tried again. */
  | {
      readonly type: 'failed';
      readonly job: SchedulerJob;
      readonly slotMs: number;
      readonly error: BackupError;
      readonly retryInMs: number;
    };

/** Told about each event at once. Must not throw. */
export type SchedulerObserver = (event: SchedulerEvent) => void;
