// What people and clients do in a run, and what goes wrong meanwhile: transfers, backups triggered, asked for and
// deleted, nodes that crash, leaders that move, bad weather. All of it by the seed.

import { HttpPartitionBackups } from '../../examples/ledger/backup-client.ts';
import { partitionOf } from '../../examples/ledger/sharding.ts';
import { ClusterBackups } from '../../src/cluster/cluster-backups.ts';
import { type CheckpointId, checkpointId } from '../../src/core/ids.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { StatusWatch } from './checkers/status-watch.ts';
import { OPENING_BALANCE, REQUEST_TIMEOUT_MS, SWEEP_GRACE_MS } from './settings.ts';
import { anyNode, type SimulatedCluster } from './simulated-cluster.ts';
import { storeOfOwn } from './simulated-node.ts';
import { SimulatedPeers } from './simulated-peers.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { Surroundings } from './surroundings.ts';
import { hold } from './violation.ts';

const STEPS = [
  ...Array(9).fill('transfer'),
  ...Array(5).fill('trigger'),
  ...Array(4).fill('status'),
  'contest',
  'contest',
  'contest',
  'list',
  'delete',
  'delete',
  'sweep',
  'sweep',
  'crash',
  'move',
  'move',
  'weather',
  'weather',
  'wait',
] as const;

export class Workload {
  /** The ids that were asked for. */
  readonly triggered = new Set<CheckpointId>();
  readonly backups: ClusterBackups;
  readonly statuses: StatusWatch;
  readonly #around: Surroundings;
  readonly #cluster: SimulatedCluster;
  readonly #process: SimulatedProcess;
  readonly #peers: SimulatedPeers;
  readonly #accepted = new Set<CheckpointId>();
  #going = 0;
  #transfers = 0;
  #lastId: number;

  /** Transfers and ids are numbered from `from` on: a restored cluster must not use those of its past. */
  constructor(around: Surroundings, cluster: SimulatedCluster, from = 0) {
    const { scheduler, settings, watch } = around;
    this.#around = around;
    this.#cluster = cluster;
    this.#transfers = from * 1_000;
    this.#lastId = from;
    this.#process = new SimulatedProcess('operator', scheduler);
    this.#peers = new SimulatedPeers(around, this.#process, settings.partitions);
    cluster.addClient(this.#peers);
    this.statuses = new StatusWatch(watch, settings.partitions);
    const topology = {
      partitions: async () => ({ expected: settings.partitions, known: [...this.#peers.known.keys()] }),
    };
    this.backups = new ClusterBackups(
      {
        topology,
        partitions: new HttpPartitionBackups(this.#peers),
        clock: this.#process.clock,
        logger: silentLogger,
      },
      { requestTimeoutMs: REQUEST_TIMEOUT_MS },
    );
  }

  /** Whether nothing of it is under way. */
  get isIdle(): boolean {
    return this.#going === 0 && this.#process.sleeping === 0;
  }

  /** The highest id that was asked for. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Opens the accounts, in calm. */
  async open(): Promise<void> {
    for (let index = 0; index < this.#around.settings.accounts; index += 1) {
      this.#go(async () => {
        const id = `account-${index}`;
        await this.#send(id, '/accounts', { id, balance: OPENING_BALANCE });
      });
    }
    await this.#around.scheduler.run(() => this.isIdle, 60_000);
  }

  /** Takes one step. */
  step(): void {
    const { chance, weather } = this.#around;
    switch (chance.pick(STEPS)) {
      case 'transfer':
        for (let count = chance.between(1, 5); count > 0; count -= 1) this.transfer();
        break;
      case 'trigger':
        this.trigger(chance.is(0.85) ? undefined : this.#anyId());
        break;
      case 'status':
        this.status(this.#anyId());
        break;
      case 'list':
        this.#list();
        break;
      case 'delete':
        this.delete(this.#anyId());
        break;
      case 'contest':
        this.#contest();
        break;
      case 'sweep':
        this.sweep();
        break;
      case 'crash':
        this.#cluster.crash(anyNode(chance, this.#cluster));
        break;
      case 'move':
        this.#cluster.move(chance.between(1, this.#around.settings.partitions));
        break;
      case 'weather':
        if (chance.is(0.3)) weather.calm();
        else weather.turn();
    }
  }

  transfer(): void {
    const { chance, settings, totals, book } = this.#around;
    this.#transfers += 1;
    const id = `t${this.#transfers}`;
    // Now and then to an account that is not there, so that money has to come back.
    const to = chance.is(0.07) ? 'nobody' : `account-${chance.between(0, settings.accounts - 1)}`;
    const from = `account-${chance.between(0, settings.accounts - 1)}`;
    const amount = chance.between(1, 90);
    this.#go(async () => {
      const sender = partitionOf(from, settings.partitions);
      const status = await this.#send(from, '/transfers', { id, from, to, amount });
      if (status !== 201 && status !== 200) return;
      totals.transfers += 1;
      if (partitionOf(to, settings.partitions) !== sender) totals.crossing += 1;
      book.partition(sender).acknowledged.push(id);
    });
  }

  /** Markers at an interval, as a broker makes them. */
  markNowAndThen(): void {
    const { chance, scheduler, totals } = this.#around;
    for (let count = chance.between(0, 3); count > 0; count -= 1) {
      scheduler.after(chance.fraction() * 2_000, 'a marker', () => {
        this.#lastId += 1;
        const id = checkpointId(this.#lastId);
        totals.markers += 1;
        this.#go(async () => void (await this.backups.mark(id)));
      });
    }
  }

  trigger(again?: CheckpointId): void {
    const { chance, totals } = this.#around;
    if (again === undefined) this.#lastId += chance.is(0.1) ? 2 : 1;
    const id = again ?? checkpointId(this.#lastId);
    this.#lastId = Math.max(this.#lastId, Number(id));
    this.triggered.add(id);
    totals.triggers += 1;
    this.#go(async () => {
      const wasAccepted = this.#accepted.has(id);
      const done = await this.backups.trigger(id);
      if (done.isErr()) return;
      hold(!wasAccepted, 'an id is used once', () => `backup ${id} was triggered twice with success`);
      this.#accepted.add(id);
    });
  }

  status(id: CheckpointId): void {
    this.#go(async () => {
      const before = this.statuses.last(id);
      const told = await this.backups.status(id);
      if (told.isOk()) this.statuses.told(told.value, before);
    });
  }

  #list(): void {
    this.#go(async () => {
      const before = new Map([...this.triggered].map((id) => [id, this.statuses.last(id)]));
      const told = await this.backups.list({ limit: this.#around.chance.between(1, 5) });
      if (told.isErr()) return;
      for (const status of told.value.backups) this.statuses.told(status, before.get(status.checkpointId));
    });
  }

  delete(id: CheckpointId): void {
    const { totals, watch } = this.#around;
    totals.deletes += 1;
    watch.deleting.add(id);
    this.#go(async () => {
      const there = watch.completedKeys(id);
      const done = await this.backups.delete(id);
      if (done.isErr()) return;
      const left = new Set(watch.completedKeys(id));
      const stayed = there.filter((key) => left.has(key));
      hold(stayed.length === 0, 'a delete takes its own backup and no more', () => `${stayed.join()} stayed`);
    });
  }

  /** A backup is triggered, and while it runs somebody is in its way: a new leader, a delete, a sweep. */
  #contest(): void {
    const { scheduler, chance, settings } = this.#around;
    this.trigger();
    const id = checkpointId(this.#lastId);
    const partitionId = chance.between(1, settings.partitions);
    const rivals = [() => this.#cluster.move(partitionId), () => this.delete(id), () => this.sweep()];
    for (let count = chance.between(1, 2); count > 0; count -= 1) {
      const after = chance.fraction() * chance.pick([30, 300, 3_000]);
      scheduler.after(after, 'a rival', chance.pick(rivals));
    }
  }

  /** Somebody sweeps the store, from a process of its own that may die over it. */
  sweep(way = 1): void {
    const { scheduler, chance, totals } = this.#around;
    const { store, process } = storeOfOwn(this.#around, 'sweeper', way);
    totals.sweeps += 1;
    const sweeping = store.sweep({ gracePeriodMs: SWEEP_GRACE_MS });
    if (chance.is(0.2)) {
      scheduler.after(chance.fraction() * 400, 'kill the sweeper', () => process.kill());
      return;
    }
    this.#go(async () => {
      const swept = await sweeping;
      if (swept.isErr()) return;
      for (const { freed } of swept.value.partitions) totals['chunks swept'] += freed.chunks;
    });
  }

  #anyId(): CheckpointId {
    const { chance } = this.#around;
    const newest = Math.max(1, this.#lastId);
    return checkpointId(chance.is(0.5) ? newest : chance.between(1, newest));
  }

  /** Sends until there is an answer, but not for ever. Gives the status of the answer. */
  async #send(account: string, path: string, body: object): Promise<number> {
    const { settings } = this.#around;
    const partitionId = partitionOf(account, settings.partitions);
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      const answer = await this.#peers.send(partitionId, 'POST', path, body).catch(() => undefined);
      if (answer !== undefined && answer.status < 500 && answer.status !== 404) return answer.status;
      await this.#process.clock.sleep(300);
    }
    return 503;
  }

  #go(work: () => Promise<void>): void {
    this.#going += 1;
    void work()
      .catch(this.#around.report)
      .finally(() => {
        this.#going -= 1;
      });
  }
}
