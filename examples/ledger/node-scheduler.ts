// The schedule of the ledger's backups. The node that leads partition 1 runs it; when another one takes over while the old
// one does not know it yet, both come to the same ids, so nothing is taken twice.
import {
  BackupScheduler,
  type BackupStore,
  type ClusterBackups,
  type Logger,
  RetentionManager,
  systemClock,
  systemRandom,
} from 'tidemark';
import type { Settings } from 'tidemark/config';
import type { BackupTelemetry } from 'tidemark/telemetry';

const SCHEDULING_PARTITION = 1;

export function nodeScheduler(
  store: BackupStore,
  backups: ClusterBackups,
  logger: Logger,
  leads: (partitionId: number) => boolean,
  { cluster, retention: policy, schedule }: Settings,
  telemetry?: BackupTelemetry,
): BackupScheduler {
  const { partitionsCount } = cluster;
  const retention = new RetentionManager(
    { store, clock: systemClock, logger, observer: telemetry?.retention },
    { policy, partitionsCount },
  );
  return new BackupScheduler(
    {
      backups,
      retention,
      clock: systemClock,
      random: systemRandom,
      logger,
      observer: telemetry?.schedule,
      isActive: () => leads(SCHEDULING_PARTITION),
    },
    schedule,
  );
}
