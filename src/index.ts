// The root entry: what a broker embeds, and the words it is told in. Loads no AWS SDK and no HTTP server.

// --- Results: use these, so that your code and tidemark share one copy ---
export { err, ok, Result, ResultAsync, safeTry } from 'neverthrow';
// --- the checkpoint protocol ---
export {
  type CheckpointComponents,
  CheckpointProcessor,
  type CheckpointStamp,
  type CreateCheckpointCommand,
} from './checkpoint/checkpoint-processor.ts';
export {
  type CheckpointEvent,
  type CreateCheckpointRecord,
  mustCreateFirst,
  onCreate,
  onEvent,
} from './checkpoint/checkpoint-transition.ts';
// --- backups of the cluster ---
export {
  BackupCoordinator,
  type DeleteClusterBackupError,
  type MarkError,
  type TriggerBackupError,
} from './cluster/backup-coordinator.ts';
export { BackupStatusAggregator, type ClusterStatusError } from './cluster/backup-status-aggregator.ts';
export { ClusterBackups } from './cluster/cluster-backups.ts';
export { type FoldRules, foldClusterStatus, foldListing, foldStates } from './cluster/fold-states.ts';
export type {
  ClusterCallOptions,
  ClusterComponents,
  ClusterSettings,
  PartitionRequestError,
  TopologyError,
} from './cluster/partition-requests.ts';
// --- vocabulary ---
export {
  type BackupDescriptor,
  type BackupFile,
  type BackupFileKind,
  type BackupId,
  isFlatFileName,
  type OpenFileOptions,
  type PartitionBackup,
  type RecordedCheckpoint,
  type StoredBackup,
  type StoredFile,
  type StoredPart,
  type Timestamp,
} from './core/backup.ts';
export { BackupPartlyTriggered } from './core/backup-partly-triggered.ts';
export type { CheckpointType } from './core/checkpoint.ts';
export { DataDirectoryInUse } from './core/data-directory-in-use.ts';
export { EncryptionKeyDamaged, EncryptionKeyMissing, EncryptionKeyWrong } from './core/encryption-errors.ts';
export * from './core/errors.ts';
export {
  type CheckpointId,
  checkpointId,
  INT64_MAX,
  type LogPosition,
  logPosition,
  type NodeId,
  type PartitionId,
} from './core/ids.ts';
export { IncompleteTopology } from './core/incomplete-topology.ts';
export { InvariantViolation } from './core/invariant.ts';
export { parseCheckpointId } from './core/parse-checkpoint-id.ts';
export { parseTimestamp } from './core/parse-timestamp.ts';
// --- restore ---
export {
  type FixedPartition,
  type PartitionDistribution,
  partitionsOfNode,
} from './core/partition-distribution.ts';
export { PointInTimeUnsupported, PointNotFound } from './core/point-errors.ts';
export type {
  GapReason,
  RestorableGap,
  RestorablePoint,
  RestorableRange,
  RestorableRanges,
} from './core/restorable-ranges.ts';
export { RestoreCheckFailed } from './core/restore-check-failed.ts';
export type { OriginPartition, RestoreOrigin } from './core/restore-origin.ts';
export type {
  PartitionRestoreProgress,
  RestoreProgress,
} from './core/restore-progress.ts';
export type { RetentionPolicy, RetentionReason } from './core/retention-policy.ts';
export {
  BACKUP_STATUS_CODES,
  type BackupProgress,
  type BackupStatus,
  type BackupStatusCode,
  bestStatus,
  type ClusterBackupPage,
  type ClusterBackupState,
  type ClusterBackupStatus,
  type PartitionBackupStatus,
} from './core/status.ts';
// --- backups of one partition ---
export type {
  AttemptOutcome,
  PartitionBackupComponents,
  PartitionBackupSettings,
  TakeBackupError,
  TakeOutcome,
} from './partition/backup-attempt.ts';
export { type BackupSelection, selectBackup } from './partition/backup-selection.ts';
export { PartitionBackupManager } from './partition/partition-backup-manager.ts';
// --- ports: what you implement ---
export type * from './ports/backup-store.ts';
export type * from './ports/cluster.ts';
export type * from './ports/environment.ts';
export type * from './ports/object-storage.ts';
export type * from './ports/partition.ts';
export type * from './ports/restore-target.ts';
export type * from './ports/schedule.ts';
export type * from './ports/telemetry.ts';
export type { PointRestorePlan } from './restore/cut-backups.ts';
export type { FindPointError } from './restore/find-point.ts';
export { newestCompletedBackup } from './restore/newest-completed-backup.ts';
export {
  type RehearsalComponents,
  type RehearsalReport,
  type RehearsalSettings,
  rehearseRestore,
} from './restore/rehearse-restore.ts';
export { type RestorableRangesSettings, restorableRanges } from './restore/restorable-ranges.ts';
export {
  type PlanPointError,
  type PlanRestoreError,
  type RestoreBackupError,
  type RestoreComponents,
  RestoreManager,
  type RestoreOptions,
  type RestorePointError,
  type RestoreSettings,
} from './restore/restore-manager.ts';
export {
  type PlannedCopy,
  planRestore,
  type RestorePlan,
  type RestorePlanError,
  type RestoreSelection,
} from './restore/restore-plan.ts';
export type { RestoredPartition, RestoreReport } from './restore/restore-report.ts';
// --- retention ---
export {
  type PruneError,
  type PruneOptions,
  type PruneProgress,
  type PruneReport,
  type RetentionComponents,
  RetentionManager,
  type RetentionSettings,
} from './retention/retention-manager.ts';
export {
  planRetention,
  type RetainableBackup,
  type RetentionDecision,
} from './retention/retention-plan.ts';
// --- the real world ---
export { bytesFile } from './runtime/bytes-file.ts';
export {
  DirectoryRestoreTarget,
  type DirectoryRestoreTargetSettings,
} from './runtime/directory-restore-target.ts';
export type { Disk, DiskEntry, DiskFile, DiskReader } from './runtime/disk.ts';
export {
  type EventLoopLoad,
  type EventLoopLoadSettings,
  eventLoopLoad,
} from './runtime/event-loop-load.ts';
export { type NodeFileOptions, nodeFile } from './runtime/node-file.ts';
export { parseSchedule, type ScheduleOptions } from './runtime/parse-schedule.ts';
export { defaultLayout, type RestoreLayout, type StagedPartition } from './runtime/restore-layout.ts';
export { silentLogger } from './runtime/silent-logger.ts';
export { systemClock } from './runtime/system-clock.ts';
export { systemRandom } from './runtime/system-random.ts';
// --- the schedule ---
export {
  BackupScheduler,
  type SchedulerComponents,
  type SchedulerSettings,
} from './schedule/backup-scheduler.ts';
export type {
  ScheduledBackups,
  ScheduledCallOptions,
  ScheduledRetention,
} from './schedule/scheduled-backups.ts';
