// The settings of a node, as a broker or the CLI uses them: plain values, checked, with every default
// filled in.
import type { FixedPartition } from '../core/partition-distribution.ts';
import type { RetentionPolicy } from '../core/retention-policy.ts';
import type { Schedule } from '../ports/schedule.ts';
import type { BackupStoreSettings } from '../stores/backup-store-settings.ts';

/** All settings. Printing or serialising them shows no secret. */
export interface Settings {
  /** Which backup store, and how: what `openBackupStore` takes. */
  readonly backup: BackupStoreSettings;
  readonly cluster: ClusterSettings;
  /** Where this node keeps its data. Relative to the working directory of the process. */
  readonly dataDirectory: string;
  readonly management: ManagementSettings;
  /** Which backups to keep. Without a rule nothing is ever pruned. */
  readonly retention: RetentionPolicy;
  /** When backups are taken, and when the others are pruned. */
  readonly schedule: ScheduleSettings;
  /** Zeebe 8.1's switch: whether the broker takes backups. */
  readonly enableBackup: boolean;
  /** What looks like a mistake and does no harm, such as a misspelt key. Meant to be logged. */
  readonly warnings: readonly string[];
}

/** The cluster's shape, the same on every node, and which of the nodes this is. */
export interface ClusterSettings {
  readonly nodeId: number;
  readonly clusterSize: number;
  readonly partitionsCount: number;
  readonly replicationFactor: number;
  /** Which nodes hold each partition, by partition; absent where they are spread round robin. */
  readonly fixedPartitions?: readonly FixedPartition[];
  readonly clusterId?: string;
  readonly clusterName?: string;
}

/** What a `BackupScheduler` takes, as it is. */
export interface ScheduleSettings {
  /** Null: no backup is taken by itself. */
  readonly schedule: Schedule | null;
  /** Null: no marker is made by itself. */
  readonly checkpointSchedule: Schedule | null;
  /** Null: nothing is pruned by itself. */
  readonly cleanupSchedule: Schedule | null;
  /** For the cluster's own settings as well: it is part of every id that is made. */
  readonly idOffset: number;
}

/** How the management API is served. */
export interface ManagementSettings {
  /** Whether the backups are served at all. */
  readonly enabled: boolean;
  readonly port: number;
  readonly host: string;
  /** The path above `/backups`. */
  readonly basePath: string;
  readonly dialect: 'modern' | '8.1';
  /** Whether a trigger without an id gets one. */
  readonly generateIds: boolean;
  /** Absent: requests need no token. */
  readonly token?: string;
}
