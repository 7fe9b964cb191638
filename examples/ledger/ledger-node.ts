// One node of the ledger: the partitions it leads, its HTTP API, and tidemark's management API for the whole cluster.
import type { Server } from 'node:http';
import { join } from 'node:path';
import { type BackupStore, ClusterBackups, type Logger, systemClock, type Topology } from 'tidemark';
import type { Settings } from 'tidemark/config';
import { type ManagementServer, managementHandler, startManagementServer } from 'tidemark/management';
import type { BackupTelemetry } from 'tidemark/telemetry';
import { HttpPartitionBackups } from './backup-client.ts';
import { backupRoutes } from './backup-routes.ts';
import { HttpError, serve } from './http-server.ts';
import { type LedPartition, leadPartition } from './led-partition.ts';
import { ledgerRoutes } from './ledger-routes.ts';
import { nodeOperations } from './node-operations.ts';
import { nodeScheduler } from './node-scheduler.ts';
import { Peers } from './peers.ts';
import { nodeOf } from './sharding.ts';

export interface NodeSettings {
  /** What tidemark and the broker both go by: the cluster's shape, the data directory, the management API. */
  readonly tidemark: Settings;
  readonly port: number;
  /** The URLs of all nodes, in the order of their ids. */
  readonly peers: readonly string[];
  readonly segmentBytes: number;
  readonly snapshotEvery: number;
}

export interface NodeComponents {
  readonly store: BackupStore | null;
  readonly logger: Logger;
  /** Absent: nobody measures. */
  readonly telemetry?: BackupTelemetry | undefined;
  /** Told when the node cannot go on: the process must end, and may be started again. */
  readonly onFailure: (cause: unknown) => void;
}

export interface LedgerNode {
  readonly partitionIds: readonly number[];
  close(): Promise<void>;
}

/** Starts a node and returns once it serves. */
export async function startLedgerNode(
  components: NodeComponents,
  settings: NodeSettings,
): Promise<LedgerNode> {
  const { store, logger, telemetry, onFailure } = components;
  const { cluster, dataDirectory, management } = settings.tidemark;
  const { nodeId, partitionsCount: partitions } = cluster;
  const peers = new Peers(partitions, settings.peers);
  const partitionIds = Array.from({ length: partitions }, (_, index) => index + 1);
  const led = new Map<number, LedPartition>();
  for (const partitionId of partitionIds) {
    if (nodeOf(partitionId, cluster.clusterSize) !== nodeId) continue;
    const { segmentBytes, snapshotEvery } = settings;
    const directory = join(dataDirectory, 'partitions', String(partitionId));
    const pointsInTime = settings.tidemark.schedule.checkpointSchedule !== null;
    const log = { directory, segmentBytes, snapshotEvery, pointsInTime };
    const partition = { nodeId, partitionId, partitions, ...log };
    led.set(partitionId, await leadPartition({ store, peers, logger, telemetry, onFailure }, partition));
  }
  const find = (partitionId: string | undefined): LedPartition => {
    const found = led.get(Number(partitionId));
    if (found === undefined)
      throw new HttpError(404, `node ${nodeId} does not lead partition ${partitionId}`);
    return found;
  };
  const routes = [...ledgerRoutes(peers, find, (partitionId) => led.has(partitionId)), ...backupRoutes(find)];
  const server = await serve(routes, settings.port, (cause) =>
    logger.error({ err: cause }, 'a request failed'),
  );

  // The whole of tidemark's cluster side: who leads what, how to reach it, and an API on top.
  const topology: Topology = { partitions: async () => ({ expected: partitions, known: partitionIds }) };
  const { idOffset } = settings.tidemark.schedule;
  const backups = new ClusterBackups(
    { topology, partitions: new HttpPartitionBackups(peers), clock: systemClock, logger },
    { idOffset },
  );
  const { basePath, dialect, generateIds, port, host = '127.0.0.1' } = management;
  const managementServer = await startManagementServer(
    managementHandler(nodeOperations(backups, store, partitions), {
      basePath,
      dialect,
      generateIds,
      logger,
    }),
    {
      port,
      host,
    },
  );
  if (managementServer.isErr()) throw managementServer.error;
  for (const partition of led.values()) partition.start();
  const leads = (partitionId: number) => led.has(partitionId);
  const scheduler =
    store === null ? undefined : nodeScheduler(store, backups, logger, leads, settings.tidemark, telemetry);
  scheduler?.start();
  return {
    partitionIds: [...led.keys()],
    close: once(async () => {
      await scheduler?.close();
      await close(led, server, managementServer.value, store);
    }),
  };
}

async function close(
  led: ReadonlyMap<number, LedPartition>,
  server: Server,
  managementServer: ManagementServer,
  store: BackupStore | null,
): Promise<void> {
  await managementServer.close();
  server.close();
  server.closeIdleConnections();
  for (const partition of led.values()) await partition.close();
  server.closeAllConnections();
  await store?.close();
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
