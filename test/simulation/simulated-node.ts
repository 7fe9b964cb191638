// One node while it lives: its process, its store, its routes, and the partitions that it leads or still thinks to lead.
// The parts are the real ones; only what they stand on is simulated.
import { backupRoutes } from '../../examples/ledger/backup-routes.ts';
import type { LedgerEnvironment } from '../../examples/ledger/environment.ts';
import { HttpError, type Route } from '../../examples/ledger/http-server.ts';
import { type LedPartition, leadPartition } from '../../examples/ledger/led-partition.ts';
import { ledgerRoutes } from '../../examples/ledger/ledger-routes.ts';
import type { CheckpointId } from '../../src/core/ids.ts';
import type { BackupProgress } from '../../src/core/status.ts';
import { RetryingStorage } from '../../src/objects/retrying-storage.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import * as settings from './settings.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { SimulatedPeers } from './simulated-peers.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { SimulatedStorage, type Way } from './simulated-storage.ts';
import type { Surroundings } from './surroundings.ts';

/** Of runs about sweeps: one node hurries where another crawls. */
const WAYS = [0.3, 1, 1, 4, 15];

/** One leadership of one partition. */
export interface Leader {
  readonly partitionId: number;
  readonly node: SimulatedNode;
  readonly disk: SimulatedDisk;
  led?: LedPartition;
  /** Attempts that have started and not ended, with the time they started at. */
  readonly running: Map<CheckpointId, number>;
  /** Attempts that have started since the world was last at rest. */
  justStarted: number;
  closing: boolean;
}

export class SimulatedNode {
  readonly nodeId: number;
  readonly process: SimulatedProcess;
  readonly peers: SimulatedPeers;
  readonly routes: readonly Route[];
  readonly leaders = new Map<number, Leader>();
  readonly store: TidemarkBackupStore;
  readonly #around: Surroundings;
  #idsGiven = 0;

  constructor(around: Surroundings, nodeId: number, life: number) {
    const { scheduler } = around;
    this.nodeId = nodeId;
    this.#around = around;
    this.process = new SimulatedProcess(`node ${nodeId}.${life}`, scheduler);
    const { clock } = this.process;
    this.peers = new SimulatedPeers(around, this.process, around.settings.partitions);
    const way = around.settings.focus !== 'sweep' ? 1 : around.chance.pick(WAYS);
    this.store = storeOver(around, this.process, new SimulatedStorage(around, this.process, way));
    const find = (partitionId: string | undefined): LedPartition => {
      const led = this.leaders.get(Number(partitionId))?.led;
      if (led === undefined)
        throw new HttpError(404, `node ${nodeId} does not lead partition ${partitionId}`);
      return led;
    };
    const leads = (partitionId: number) => this.leaders.has(partitionId);
    this.routes = [...ledgerRoutes(this.peers, find, leads, clock), ...backupRoutes(find)];
  }

  /** Becomes leader of a partition whose data is on `disk`. Started when it is open. */
  async lead(partitionId: number, disk: SimulatedDisk): Promise<Leader> {
    const leader: Leader = {
      partitionId,
      node: this,
      disk,
      running: new Map(),
      justStarted: 0,
      closing: false,
    };
    this.leaders.set(partitionId, leader);
    const { scheduler, totals } = this.#around;
    const { partitions, segmentBytes, snapshotEvery, backupDeadlineMs, pointsInTime } = this.#around.settings;
    const told = new Map<CheckpointId, BackupProgress>();
    const environment: LedgerEnvironment = {
      disk,
      clock: this.process.clock,
      newId: () => `${this.process.name}.${this.#idsGiven++}`,
      openState: (path) => disk.openState(path),
      defer: (work) => void scheduler.after(0.05, `process on ${this.process.name}`, work, this.process),
    };
    leader.led = await leadPartition(
      {
        store: this.store,
        peers: this.peers,
        logger: silentLogger,
        environment,
        observer: (event) => {
          const { checkpointId } = event.id;
          if (event.type === 'started') {
            leader.running.set(checkpointId, scheduler.elapsed);
            leader.justStarted += 1;
            totals.checkpoints += 1;
          }
          if (event.type === 'completed' || event.type === 'failed') leader.running.delete(checkpointId);
          if (event.type === 'progress') told.set(checkpointId, event.progress);
          if (event.type === 'completed') {
            totals['backups completed'] += 1;
            totals['bytes reused'] += told.get(checkpointId)?.bytesReused ?? 0;
            totals['bytes unread'] += told.get(checkpointId)?.bytesUnread ?? 0;
          }
          if (event.type === 'failed') totals['backups failed'] += 1;
        },
        onFailure: (cause) => this.#around.report(cause),
      },
      {
        nodeId: this.nodeId,
        partitionId,
        partitions,
        directory: `/partitions/${partitionId}`,
        segmentBytes,
        snapshotEvery,
        backupDeadlineMs,
        pointsInTime,
      },
    );
    disk.settle();
    if (this.#around.settings.takesLate) this.#takeLate(leader.led);
    leader.led.start();
    return leader;
  }

  #takeLate({ partition }: LedPartition): void {
    const { scheduler, chance } = this.#around;
    const take = partition.onCheckpoint;
    partition.onCheckpoint = (checkpoint) =>
      void scheduler.after(chance.fraction() * 200, 'take late', () => take(checkpoint), this.process);
  }

  /** A leader that has heard of its successor lets go. */
  async resign(leader: Leader): Promise<void> {
    if (leader.closing) return;
    leader.closing = true;
    if (this.leaders.get(leader.partitionId) === leader) this.leaders.delete(leader.partitionId);
    await leader.led?.close();
  }
}

/** A store of a process that is no node. */
export function storeOfOwn(around: Surroundings, name: string, way: Way = 1) {
  const process = new SimulatedProcess(name, around.scheduler);
  return { process, store: storeOver(around, process, new SimulatedStorage(around, process, way)) };
}

/** A native store as in production, with the limits of the simulation. */
function storeOver(
  { random, settings: { chunkSizeBytes, chunksInFlight, compression } }: Surroundings,
  { clock }: SimulatedProcess,
  under: ObjectStorage,
): TidemarkBackupStore {
  const limit = { apiCallTimeoutMs: settings.API_CALL_TIMEOUT_MS };
  const storage = new RetryingStorage({ storage: under, clock, random }, limit);
  return new TidemarkBackupStore(
    { storage, clock, random },
    {
      clusterId: 'simulated',
      chunkSizeBytes,
      chunksInFlight,
      compression,
      heartbeatMs: settings.HEARTBEAT_MS,
      staleAfterMs: settings.STALE_AFTER_MS,
    },
  );
}
