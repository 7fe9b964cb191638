// A partition with what its leader runs beside it: the courier of its outbox and the manager of its backups.
import {
  type BackupProgress,
  type BackupStore,
  type CheckpointState,
  type Logger,
  newestCompletedBackup,
  PartitionBackupManager,
  type PartitionBackupObserver,
} from 'tidemark';
import type { BackupTelemetry } from 'tidemark/telemetry';
import { Courier } from './courier.ts';
import { type LedgerEnvironment, nodeEnvironment } from './environment.ts';
import { Partition, type PartitionSettings } from './partition.ts';
import type { Peers } from './peers.ts';

export const BROKER_VERSION = 'ledger/1.0.0';
/** A backup that takes longer is given up, so that a dead store does not keep the log from being compacted. */
const BACKUP_DEADLINE_MS = 10 * 60 * 1000;

export interface LedPartition {
  readonly partition: Partition;
  /** Absent when no store is configured. */
  readonly backups: PartitionBackupManager | undefined;
  /** The latest backup that this leader took, and how much of it the store held already. */
  readonly lastBackup:
    | (BackupProgress & { readonly checkpointId: bigint; readonly durationMs: number })
    | null;
  /** Starts to deliver and to back up. Call it when the other nodes can reach this one. */
  start(): void;
  close(): Promise<void>;
}

export interface LeaderComponents {
  readonly store: BackupStore | null;
  readonly peers: Peers;
  readonly logger: Logger;
  /** Default: this machine. */
  readonly environment?: LedgerEnvironment;
  /** Told about each step of a backup, too. */
  readonly observer?: PartitionBackupObserver;
  /** Absent: nobody measures. */
  readonly telemetry?: BackupTelemetry | undefined;
  /** Told when the partition cannot go on: the process must end. */
  readonly onFailure: (cause: unknown) => void;
}

export interface LeaderSettings extends PartitionSettings {
  readonly nodeId: number;
  /** Default: ten minutes. */
  readonly backupDeadlineMs?: number;
}

/** Becomes the leader of a partition. */
export async function leadPartition(
  { store, peers, logger, environment = nodeEnvironment, observer, telemetry, onFailure }: LeaderComponents,
  settings: LeaderSettings,
): Promise<LedPartition> {
  const partition = await Partition.open(settings, environment);
  const courier = new Courier(partition, peers, environment.clock);
  const watched = store === null ? undefined : telemetry?.partition(settings.partitionId, store);
  let lastBackup: LedPartition['lastBackup'] = null;
  let progress: BackupProgress | undefined;
  const backups =
    store === null
      ? undefined
      : new PartitionBackupManager(
          {
            store,
            source: partition.source,
            clock: environment.clock,
            logger,
            observer(event) {
              observer?.(event);
              watched?.backups(event);
              if (event.type === 'progress') progress = event.progress;
              if (event.type !== 'completed' || progress === undefined) return;
              lastBackup = { checkpointId: event.id.checkpointId, durationMs: event.durationMs, ...progress };
            },
          },
          {
            nodeId: settings.nodeId,
            partitionId: settings.partitionId,
            term: partition.term,
            numberOfPartitions: settings.partitions,
            brokerVersion: BROKER_VERSION,
            deadlineMs: settings.backupDeadlineMs ?? BACKUP_DEADLINE_MS,
          },
        );
  // Nobody waits for a backup: whatever becomes of it, transfers go on. The manager logs failures itself.
  const take = (checkpoint: CheckpointState) => {
    if (checkpoint.type === 'marker') return;
    void backups?.take(checkpoint).andTee(() => settings.pointsInTime && void reachBack());
  };
  // Not to the last backup of this partition: it may have failed on another one, and is none then.
  const reachBack = async () => {
    if (store === null) return;
    const newest = await newestCompletedBackup(store, { partitionsCount: settings.partitions });
    const isNewest = ({ checkpointId }: CheckpointState) => newest.isOk() && checkpointId === newest.value;
    // Is it not known, the reach only grows: backups go on, and the snapshots have their valve.
    partition.source.reachingTo = partition.state.checkpoints().find(isNewest)?.position ?? 0n;
  };
  partition.onCheckpoint = take;
  partition.onCheckpointRecord = (event) => watched?.checkpoints(event);
  partition.onProcessed = () => courier.wake();
  partition.onFailure = onFailure;
  return {
    partition,
    backups,
    get lastBackup() {
      return lastBackup;
    },
    start() {
      courier.start();
      if (settings.pointsInTime) void reachBack();
      const settled = backups?.settleOrphans();
      void settled?.mapErr((error) => logger.warn({ err: error }, 'unfinished backups are settled later'));
      for (const checkpoint of partition.unfinished) take(checkpoint);
    },
    async close() {
      await courier.stop();
      await backups?.close();
      await watched?.close();
      await partition.close();
    },
  };
}
