// A ledger of real processes under load, and the rounds that it goes through. In a round a backup is triggered, a node and the
// server fail in the midst of it, and everything comes back. What it promises is remembered here and held against it at the end.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkpointId, systemClock } from 'tidemark';
import { type BackupInfo, ManagementClient } from 'tidemark/management';
import { Load, post } from '../../examples/demo/load.ts';
import type { LedgerAudit } from '../../examples/ledger/audit.ts';
import { LedgerCluster } from '../../examples/ledger/cluster.ts';
import { type LedgerStore, openLedgerStore } from '../../examples/ledger/store.ts';
import type { BackupRecord } from './backup-record.ts';
import { checkBackup } from './check-backup.ts';
import { openStore } from './open-store.ts';
import type { RoundPlan } from './plan.ts';
import { quietPorts } from './quiet-ports.ts';
import type { ServerFault, TortureServer } from './servers.ts';
import type { Totals } from './totals.ts';
import { Violation } from './violation.ts';

export const NODES = 3;
const PARTITIONS = 3;
const ACCOUNTS = Array.from({ length: 30 }, (_, index) => `account-${index}`);
const OPENING_BALANCE = 1_000_000;
const DEPOSITED = ACCOUNTS.length * OPENING_BALANCE;
/** Few: the machine is to be busy with what is tested. */
const WORKERS = 3;
const WARM_UP_TRANSFERS = 300;
const POLL_MS = 30;
const CALL_TIMEOUT_MS = 3_000;
/** A backup that is not settled by then is looked at again in the end. */
const ROUND_WAIT_MS = 5_000;
const SETTLE_TIMEOUT_MS = 60_000;
const START_TRIES = 3;
/** Small, so that every backup has snapshots, and segments that come and go. */
const SIZES = { LEDGER_SNAPSHOT_EVERY: '300', LEDGER_SEGMENT_BYTES: '20000' };
/** So that a backup whose writer died in the midst of its publication is FAILED soon, and its chunks are garbage. */
const SIGNS_OF_LIFE = { TIDEMARK_HEARTBEAT: '2s', TIDEMARK_STALEAFTER: '6s' };
const SWEEP_GRACE_MS = 7_000;

export class TorturedLedger {
  readonly #directory: string;
  readonly #server: TortureServer;
  readonly #totals: Totals;
  readonly #cluster: LedgerCluster;
  readonly #store: LedgerStore;
  readonly #load: Load;
  readonly #records = new Map<number, BackupRecord>();
  readonly #clients: readonly ManagementClient[];
  #lastId = 0;

  private constructor(
    directory: string,
    server: TortureServer,
    totals: Totals,
    cluster: LedgerCluster,
    store: LedgerStore,
  ) {
    this.#directory = directory;
    this.#server = server;
    this.#totals = totals;
    this.#cluster = cluster;
    this.#store = store;
    const urls = cluster.nodes.map(({ url }) => url);
    this.#load = new Load(urls, ACCOUNTS, 'transfer', WORKERS);
    this.#clients = cluster.nodes.map(
      ({ managementUrl: url }) =>
        new ManagementClient({ fetch, clock: systemClock }, { url, timeoutMs: CALL_TIMEOUT_MS }),
    );
  }

  /** Starts the nodes and the load in an empty directory. */
  static async start(directory: string, server: TortureServer, totals: Totals): Promise<TorturedLedger> {
    mkdirSync(directory, { recursive: true });
    const store = await openLedgerStore({ S3_BUCKET: 'tidemark-torture', ...server.environment }, directory);
    const ports = await quietPorts(2 * NODES);
    const cluster = new LedgerCluster({
      nodes: NODES,
      partitions: PARTITIONS,
      directory,
      ports: ports.slice(0, NODES),
      managementPorts: ports.slice(NODES),
      environment: {
        ...store.environment,
        ...SIZES,
        ...SIGNS_OF_LIFE,
        // A node that was killed is back sooner.
        NODE_COMPILE_CACHE: join(directory, '..', 'compiled'),
      },
      restart: false,
      logFile: join(directory, 'nodes.log'),
    });
    const ledger = new TorturedLedger(directory, server, totals, cluster, store);
    try {
      await cluster.start();
      await ledger.#warmUp();
      return ledger;
    } catch (cause) {
      await ledger.close();
      throw cause;
    }
  }

  /** Goes through one round, and tells how it went. Everything is back when it is over. */
  async round(plan: RoundPlan): Promise<string> {
    this.#totals.rounds += 1;
    const started = performance.now();
    let isCalm = false;
    const storm = Promise.all([
      plan.nodeKill && this.#killNode(plan.nodeKill),
      plan.serverFault && this.#disturbServer(plan.serverFault),
      plan.deletion && this.#deleteOld(plan.deletion),
      plan.sweep && this.#sweep(plan.sweep),
    ]).finally(() => {
      isCalm = true;
    });
    const [, state] = await Promise.all([storm, this.#backUp(plan.backup, () => isCalm)]);
    const { nodeKill, serverFault, deletion, sweep } = plan;
    const events = [
      `backup ${this.#lastId} ${state}`,
      nodeKill && `node ${nodeKill.node} killed`,
      serverFault && `server: ${this.#server.faults[serverFault.fault]?.name}`,
      deletion && 'deletion',
      sweep && 'sweep',
    ];
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    return `round ${this.#totals.rounds}, ${seconds} s: ${events.filter(Boolean).join(', ')}`;
  }

  /** Stops the load and holds the ledger, and every backup that says COMPLETED, to their word. Throws a Violation. */
  async check(): Promise<void> {
    await this.#load.stop();
    await this.#checkRunning();
    await this.#finishDeletions();
    const states = await this.#settledBackups();
    await this.#sweep({ atMs: 0 });
    for (const record of this.#records.values()) {
      const state = states.get(record.id);
      if (record.deleted && state !== undefined) {
        throw new Violation(`backup ${record.id} was deleted, and is listed as ${state}`);
      }
      if (record.completed && !record.deletionAsked && state !== 'COMPLETED') {
        throw new Violation(`backup ${record.id} was COMPLETED, and now it is ${state ?? 'gone'}`);
      }
      if (record.deleted || state === undefined) continue;
      if (state === 'COMPLETED') await this.#checkBackup(record);
      else if (!record.completed) this.#totals.failed += 1;
    }
    this.#totals.transfers += this.#load.acknowledged.size;
  }

  /** Stops the nodes. The directory and the backups stay. */
  async close(): Promise<void> {
    await this.#load.stop().catch(() => {});
    await this.#cluster.stop();
    await this.#store.close();
  }

  async #warmUp(): Promise<void> {
    const [url = ''] = this.#cluster.nodes.map((node) => node.url);
    for (const id of ACCOUNTS) {
      const status = await post(`${url}/accounts`, { id, balance: OPENING_BALANCE });
      if (status !== 201) throw new Error(`opening ${id} was answered with ${status}`);
    }
    this.#load.start();
    await this.#until('the first transfers', () => this.#load.acknowledged.size >= WARM_UP_TRANSFERS);
  }

  /** Gives the last state that was seen. */
  async #backUp({ atMs, node }: RoundPlan['backup'], isCalm: () => boolean): Promise<string> {
    await sleep(atMs);
    this.#lastId += 1;
    const id = this.#lastId;
    const record: BackupRecord = {
      id,
      acknowledged: this.#load.acknowledged.size,
      completed: false,
      deletionAsked: false,
      deleted: false,
    };
    this.#records.set(id, record);
    const triggered = await this.#clients[node]?.trigger(checkpointId(id));
    // One that reached only some partitions is spread by their messages, and may complete all the same.
    if (triggered?.isOk()) this.#totals.triggered += 1;
    const deadline = performance.now() + ROUND_WAIT_MS;
    for (let turn = 0; ; turn += 1) {
      const wasCalm = isCalm();
      const status = await this.#clients[(node + turn) % NODES]?.status(checkpointId(id));
      const state = status?.isOk() ? status.value.state : status?.isErr() ? status.error.name : '';
      if (state === 'COMPLETED') {
        record.completed = true;
        this.#totals.completed += 1;
      }
      // Of INCOMPLETE some partition never heard, and with nobody down nothing will change that.
      const isLost = wasCalm && ['INCOMPLETE', 'BackupNotFound'].includes(state);
      const isSettled = ['COMPLETED', 'FAILED'].includes(state) || isLost;
      if (isSettled || performance.now() > deadline) return state;
      await sleep(POLL_MS);
    }
  }

  async #killNode({ atMs, node, downMs }: NonNullable<RoundPlan['nodeKill']>): Promise<void> {
    await sleep(atMs);
    await this.#cluster.kill(node);
    this.#totals.nodeKills += 1;
    await sleep(downMs);
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#cluster.start();
        return;
      } catch (cause) {
        if (tries === START_TRIES) {
          throw new Violation(`node ${node} does not start any more; its log says why`, { cause });
        }
      }
    }
  }

  async #disturbServer({ atMs, fault, forMs }: NonNullable<RoundPlan['serverFault']>): Promise<void> {
    const { name, begin, end } = this.#server.faults[fault] as ServerFault;
    await sleep(atMs);
    try {
      await begin();
      await sleep(forMs);
    } finally {
      await end();
    }
    const { serverFaults } = this.#totals;
    serverFaults.set(name, (serverFaults.get(name) ?? 0) + 1);
  }

  async #deleteOld({ atMs, node, which }: NonNullable<RoundPlan['deletion']>): Promise<void> {
    await sleep(atMs);
    const old = [...this.#records.values()].filter(({ completed, deleted }) => completed && !deleted);
    const record = old[Math.floor(which * old.length)];
    if (record === undefined || record.id === this.#lastId) return;
    record.deletionAsked = true;
    const deleted = await this.#clients[node]?.delete(checkpointId(record.id));
    if (!deleted?.isOk()) return;
    record.deleted = true;
    this.#totals.deleted += 1;
  }

  async #sweep({ atMs }: NonNullable<RoundPlan['sweep']>): Promise<void> {
    await sleep(atMs);
    const store = await openStore(this.#cluster.environment(0));
    try {
      const swept = await store.sweep?.({ gracePeriodMs: SWEEP_GRACE_MS });
      if (swept?.isErr() && swept.error.name !== 'StoreUnavailable') throw swept.error;
      if (!swept?.isOk()) return;
      this.#totals.sweeps += 1;
      for (const { freed } of swept.value.partitions) this.#totals.freed += freed.chunks;
    } finally {
      await store.close();
    }
  }

  /** The ledger itself has lost nothing, and nothing is there twice. */
  async #checkRunning(): Promise<void> {
    const url = `${this.#cluster.nodes[0]?.url}/audit`;
    let audit: LedgerAudit | undefined;
    await this.#until('the ledger to come to rest', async () => {
      const response = await fetch(url).catch(() => undefined);
      audit = response?.ok ? ((await response.json()) as LedgerAudit) : undefined;
      return audit?.exact === true && audit.partitions.every(({ pending }) => pending === 0);
    });
    const { total = 0, transfers = 0, applied = 0 } = audit ?? {};
    if (total !== DEPOSITED || applied !== transfers || transfers < this.#load.acknowledged.size) {
      const numbers = `total=${total} of ${DEPOSITED}, transfers=${transfers}, applied=${applied}`;
      throw new Violation(`the running ledger lost or made money: ${numbers}`);
    }
  }

  /** A deletion that a kill cut short can be asked for again. */
  async #finishDeletions(): Promise<void> {
    for (const record of this.#records.values()) {
      if (!record.deletionAsked || record.deleted) continue;
      const deleted = await this.#clients[0]?.delete(checkpointId(record.id));
      if (!deleted?.isOk()) {
        throw new Violation(`the deletion of backup ${record.id} was cut short and cannot be repeated`, {
          cause: deleted?.isErr() ? deleted.error : undefined,
        });
      }
      record.deleted = true;
      this.#totals.deleted += 1;
    }
  }

  /** The states of all backups once none is on its way, and whether those that we were told of are there. */
  async #settledBackups(): Promise<ReadonlyMap<number, BackupInfo['state']>> {
    let states = new Map<number, BackupInfo['state']>();
    await this.#until('every backup to be COMPLETED or FAILED', async () => {
      const page = await this.#clients[0]?.list({ limit: this.#lastId + 1 });
      if (!page?.isOk()) return false;
      states = new Map(page.value.backups.map(({ backupId, state }) => [Number(backupId), state]));
      return [...states.values()].every((state) => state !== 'IN_PROGRESS');
    });
    return states;
  }

  async #checkBackup(record: BackupRecord): Promise<void> {
    if (!record.completed) this.#totals.completed += 1;
    const scratch = join(this.#directory, 'checks');
    await checkBackup({ cluster: this.#cluster, load: this.#load, deposited: DEPOSITED, scratch }, record);
    this.#totals.restored += 1;
  }

  async #until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    while (!(await holds())) {
      if (performance.now() > deadline) {
        throw new Violation(`waited ${SETTLE_TIMEOUT_MS / 1_000} s for ${what}, in vain`);
      }
      await sleep(POLL_MS);
    }
  }
}
