// A ledger of real partitions in this process, on a clock that is compressed, with its backups and markers on a schedule.
// Clients transfer money all the time and remember what they were promised, and when each checkpoint was made.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  BackupScheduler,
  type CheckpointId,
  ClusterBackups,
  type PartitionBackupEvent,
  parseSchedule,
  RetentionManager,
  type RetentionPolicy,
  type Schedule,
  type SchedulerEvent,
  silentLogger,
} from 'tidemark';
import type { SentTransfer } from '../../examples/demo/load.ts';
import { HttpPartitionBackups } from '../../examples/ledger/backup-client.ts';
import { backupRoutes } from '../../examples/ledger/backup-routes.ts';
import { nodeEnvironment } from '../../examples/ledger/environment.ts';
import { callRoute, HttpError, type Route, withBigints } from '../../examples/ledger/http-server.ts';
import { type LedPartition, leadPartition } from '../../examples/ledger/led-partition.ts';
import { ledgerRoutes } from '../../examples/ledger/ledger-routes.ts';
import { Peers } from '../../examples/ledger/peers.ts';
import type { BackupStore, SweepReport } from '../../src/ports/backup-store.ts';
import { Chance } from '../simulation/chance.ts';
import type { CompressedTime } from './compressed-time.ts';

export const PARTITIONS = 3;
const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `account-${index}`);
export const OPENING_BALANCE = 1_000_000;
export const DEPOSITED = ACCOUNTS.length * OPENING_BALANCE;
/** Small, so that snapshots and segments come and go. */
const SIZES = { segmentBytes: 20_000, snapshotEvery: 150 };
const AMOUNT_MAX = 5_000;

export const MARKERS_EVERY_MS = 20 * 60_000;

/** A checkpoint, by what clients knew around it. What was acknowledged before is in it; what was sent after is not. */
export interface BookedCheckpoint {
  readonly id: CheckpointId;
  readonly type: 'backup' | 'marker';
  /** It was begun and made at these times of the compressed clock. */
  readonly fromMs: number;
  readonly madeMs: number;
  /** So many transfers had been acknowledged before it was begun, and been sent when it was made. */
  readonly acknowledged: number;
  readonly sent: number;
}

export const POLICY: RetentionPolicy = { keepLast: 12, keepDaily: 7, keepWeekly: 4, minimum: 3 };

/** All partitions are on the one node: a message is a call. */
class LocalPeers extends Peers {
  routes: readonly Route[] = [];

  constructor() {
    super(PARTITIONS, ['http://local']);
  }

  override async send(_partitionId: number, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) {
    const onTheWire = (value: unknown) =>
      value === undefined ? undefined : JSON.parse(JSON.stringify(value, withBigints));
    try {
      const answer = await callRoute(this.routes, method, path, async () => onTheWire(body));
      return { status: answer.status, body: onTheWire(answer.body) };
    } catch (cause) {
      const status = cause instanceof HttpError ? cause.status : 500;
      return { status, body: { error: String(cause) } };
    }
  }
}

export class MonthLedger {
  readonly sent = new Map<string, SentTransfer>();
  /** Transfers in the order in which they were acknowledged, and the place of each in the order of sending. */
  readonly acknowledged: string[] = [];
  readonly places = new Map<string, number>();
  readonly backups: ClusterBackups;
  /** In the order in which they were made. */
  readonly checkpoints: BookedCheckpoint[] = [];
  /** The partitions that have completed each backup. */
  readonly completed = new Map<CheckpointId, number>();
  readonly failures: string[] = [];
  cleanups = 0;
  deleted = 0;
  freedBytes = 0;
  #transfers = 0;
  #acknowledgedBefore = 0;
  readonly #time: CompressedTime;
  readonly #peers = new LocalPeers();
  readonly #led = new Map<number, LedPartition>();
  readonly #chance: Chance;
  readonly #scheduler: BackupScheduler;

  private constructor(time: CompressedTime, store: BackupStore, seed: number) {
    this.#time = time;
    this.#chance = new Chance(seed);
    const { clock } = time;
    this.backups = new ClusterBackups({
      topology: {
        partitions: async () => ({ expected: PARTITIONS, known: [...this.#led.keys()] }),
      },
      partitions: new HttpPartitionBackups(this.#peers),
      clock,
      logger: silentLogger,
    });
    const settings = { policy: POLICY, partitionsCount: PARTITIONS };
    const manager = new RetentionManager({ store, clock }, settings);
    const retention = {
      prune: (options: Parameters<RetentionManager['prune']>[0]) =>
        manager.prune(options).andTee(({ sweep }) => this.#onSwept(sweep)),
    };
    this.#scheduler = new BackupScheduler(
      {
        backups: this.backups,
        retention,
        clock,
        random: { fraction: () => this.#chance.fraction() },
        logger: silentLogger,
        observer: (event) => this.#onScheduler(event),
      },
      {
        schedule: scheduleOf('PT1H'),
        checkpointSchedule: scheduleOf(`${MARKERS_EVERY_MS}ms`),
        cleanupSchedule: scheduleOf('30 0 * * *'),
      },
    );
  }

  static async start(
    time: CompressedTime,
    store: BackupStore,
    directory: string,
    seed: number,
  ): Promise<MonthLedger> {
    const ledger = new MonthLedger(time, store, seed);
    await ledger.#start(store, directory);
    return ledger;
  }

  /** Makes so many transfers, all at once, and returns when they are acknowledged. */
  async transfer(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        this.#transfers += 1;
        const id = `t${this.#transfers}`;
        const from = this.#chance.pick(ACCOUNTS);
        const to = this.#chance.pick(ACCOUNTS.filter((account) => account !== from));
        const transfer = { id, from, to, amount: this.#chance.between(1, AMOUNT_MAX) };
        this.sent.set(id, transfer);
        this.places.set(id, this.#transfers);
        const isDone = await this.#post('/transfers', transfer);
        if (isDone) this.acknowledged.push(id);
        else this.sent.delete(id);
      }),
    );
  }

  /** Begins to take backups: the first is due at once. */
  schedule(): void {
    this.#scheduler.start();
  }

  /** What has been acknowledged by now must be in the next checkpoint. */
  promise(): void {
    this.#acknowledgedBefore = this.acknowledged.length;
  }

  /** A checkpoint was made on every partition. */
  book(id: CheckpointId, type: BookedCheckpoint['type'], fromMs: number): void {
    const [madeMs, sent] = [this.#time.clock.now(), this.#transfers];
    this.checkpoints.push({ id, type, fromMs, madeMs, acknowledged: this.#acknowledgedBefore, sent });
  }

  isCompleted(id: CheckpointId): boolean {
    return this.completed.get(id) === PARTITIONS;
  }

  async close(): Promise<void> {
    await this.#scheduler.close();
    for (const led of this.#led.values()) await led.close();
  }

  async #start(store: BackupStore, directory: string): Promise<void> {
    const environment = { ...nodeEnvironment, clock: this.#time.clock };
    const find = (partitionId: string | undefined): LedPartition => {
      const led = this.#led.get(Number(partitionId));
      if (led === undefined) throw new HttpError(404, `nobody leads partition ${partitionId}`);
      return led;
    };
    const leads = (partitionId: number) => this.#led.has(partitionId);
    this.#peers.routes = [...ledgerRoutes(this.#peers, find, leads, this.#time.clock), ...backupRoutes(find)];
    for (let partitionId = 1; partitionId <= PARTITIONS; partitionId += 1) {
      const home = join(directory, String(partitionId));
      mkdirSync(home, { recursive: true });
      const led = await leadPartition(
        {
          store,
          peers: this.#peers,
          logger: silentLogger,
          environment,
          observer: (event) => this.#onBackup(event),
          onFailure: (cause) => this.failures.push(String(cause)),
        },
        { nodeId: 0, partitionId, partitions: PARTITIONS, directory: home, pointsInTime: true, ...SIZES },
      );
      this.#led.set(partitionId, led);
    }
    for (const led of this.#led.values()) led.start();
    for (const id of ACCOUNTS) await this.#post('/accounts', { id, balance: OPENING_BALANCE });
  }

  /** Whether it was done. One who has too little is told so, and that is an answer as well. */
  async #post(
    path: string,
    body: { readonly id: string; readonly [field: string]: unknown },
  ): Promise<boolean> {
    const { status } = await this.#peers.send(1, 'POST', path, body);
    if (status >= 300 && status !== 422) throw new Error(`${path} ${body.id} answered ${status}`);
    return status < 300;
  }

  #onBackup({ type, id, ...event }: PartitionBackupEvent): void {
    if (type === 'completed') {
      this.completed.set(id.checkpointId, (this.completed.get(id.checkpointId) ?? 0) + 1);
    }
    if (type === 'failed' && 'error' in event) {
      this.failures.push(`backup ${id.checkpointId} on partition ${id.partitionId}: ${event.error.message}`);
    }
  }

  #onScheduler(event: SchedulerEvent): void {
    if (event.type === 'marked') this.book(event.checkpointId, 'marker', event.slotMs);
    if (event.type === 'triggered') this.book(event.checkpointId, 'backup', event.slotMs);
    if (event.type === 'cleaned') {
      this.cleanups += 1;
      this.deleted += event.deleted.length;
    }
    if (event.type === 'failed') this.failures.push(`${event.job}: ${event.error.message}`);
    if (event.type === 'skipped') this.failures.push(`skipped ${new Date(event.slotMs).toISOString()}`);
  }

  #onSwept(report: SweepReport | undefined): void {
    for (const { freed } of report?.partitions ?? []) this.freedBytes += freed.bytes;
  }
}

function scheduleOf(text: string): Schedule | null {
  const schedule = parseSchedule(text);
  if (schedule.isErr()) throw schedule.error;
  return schedule.value;
}
