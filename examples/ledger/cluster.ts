// The processes of a ledger on this machine: one per node, started, restarted when they die, and stopped.
import { mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild, stopChild } from './child.ts';
import { nodeOf } from './sharding.ts';

export interface ClusterOptions {
  readonly nodes: number;
  readonly partitions: number;
  /** Each node has `node-<id>` in here. */
  readonly directory: string;
  /** HTTP ports and management ports, in the order of the node ids. */
  readonly ports: readonly number[];
  readonly managementPorts: readonly number[];
  /** Where Prometheus scrapes. Default: nowhere. */
  readonly metricsPorts?: readonly number[];
  /** Variables for every node: the store, LEDGER_ settings. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether a node that dies is started again. */
  readonly restart: boolean;
  /** Where the nodes' logs go. Default: our standard error. */
  readonly logFile?: string;
}

export interface NodeDescription {
  readonly nodeId: number;
  readonly url: string;
  readonly managementUrl: string;
  /** Absent when nobody measures. */
  readonly metricsUrl?: string;
  readonly pid: number | null;
  readonly dataDirectory: string;
  readonly partitions: readonly number[];
}

const RESTART_DELAY_MS = 200;
const RESTART_DELAY_MS_MAX = 5_000;

export class LedgerCluster {
  readonly #options: ClusterOptions;
  readonly #children = new Map<number, Child>();
  readonly #starting = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #stderr: number | 'inherit';

  constructor(options: ClusterOptions) {
    this.#options = options;
    if (options.logFile !== undefined) mkdirSync(dirname(options.logFile), { recursive: true });
    this.#stderr = options.logFile === undefined ? 'inherit' : openSync(options.logFile, 'a');
  }

  get nodeIds(): readonly number[] {
    return Array.from({ length: this.#options.nodes }, (_, nodeId) => nodeId);
  }

  get nodes(): readonly NodeDescription[] {
    return this.nodeIds.map((nodeId) => ({
      nodeId,
      url: `http://127.0.0.1:${this.#options.ports[nodeId]}`,
      managementUrl: `http://127.0.0.1:${this.#options.managementPorts[nodeId]}`,
      ...(this.#options.metricsPorts && {
        metricsUrl: `http://127.0.0.1:${this.#options.metricsPorts[nodeId]}/metrics`,
      }),
      pid: this.#children.get(nodeId)?.pid ?? null,
      dataDirectory: join(this.#options.directory, `node-${nodeId}`),
      partitions: Array.from({ length: this.#options.partitions }, (_, index) => index + 1).filter(
        (partitionId) => nodeOf(partitionId, this.#options.nodes) === nodeId,
      ),
    }));
  }

  /** The variables of one node: those that a node and `tidemark restore` read alike, and the ledger's own. */
  environment(nodeId: number): Record<string, string> {
    const { nodes, partitions, directory, ports, managementPorts, metricsPorts, environment } = this.#options;
    return {
      ZEEBE_BROKER_CLUSTER_NODEID: String(nodeId),
      ZEEBE_BROKER_CLUSTER_CLUSTERSIZE: String(nodes),
      ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: String(partitions),
      ZEEBE_BROKER_CLUSTER_REPLICATIONFACTOR: '1',
      ZEEBE_BROKER_DATA_DIRECTORY: join(directory, `node-${nodeId}`),
      MANAGEMENT_SERVER_PORT: String(managementPorts[nodeId]),
      MANAGEMENT_SERVER_ADDRESS: '127.0.0.1',
      LEDGER_PORT: String(ports[nodeId]),
      ...(metricsPorts && { LEDGER_METRICS_PORT: String(metricsPorts[nodeId]) }),
      LEDGER_PEERS: ports.map((port) => `http://127.0.0.1:${port}`).join(),
      ...environment,
    };
  }

  /** Starts every node that does not run, and waits until all of them serve. */
  async start(): Promise<void> {
    const missing = this.nodeIds.filter((nodeId) => !this.#children.has(nodeId));
    await Promise.all(missing.map((nodeId) => this.#startNode(nodeId)));
  }

  /** Kills a node as a power cut would, and waits until it is gone. */
  async kill(nodeId: number): Promise<void> {
    const child = this.#children.get(nodeId);
    child?.process.kill('SIGKILL');
    await child?.ended;
  }

  /** Stops every node cleanly. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#children.values()].map(stopChild));
  }

  #startNode(nodeId: number): Promise<void> {
    const start = this.#runNode(nodeId).finally(() => this.#starting.delete(start));
    this.#starting.add(start);
    return start;
  }

  async #runNode(nodeId: number): Promise<void> {
    const child = await startChild(
      'node-main.ts',
      { ...process.env, ...this.environment(nodeId) },
      this.#stderr,
    );
    this.#children.set(nodeId, child);
    if (this.#stopping.signal.aborted) await stopChild(child);
    void child.ended.then(() => {
      this.#children.delete(nodeId);
      if (this.#options.restart) void this.#restart(nodeId);
    });
  }

  async #restart(nodeId: number): Promise<void> {
    const { signal } = this.#stopping;
    for (let delay = RESTART_DELAY_MS; !signal.aborted; delay = Math.min(2 * delay, RESTART_DELAY_MS_MAX)) {
      await sleep(delay, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#startNode(nodeId);
        return;
      } catch (cause) {
        process.stderr.write(
          `node ${nodeId} does not start: ${cause instanceof Error ? cause.message : cause}\n`,
        );
      }
    }
  }
}

/** Ports that are free now, for those who do not care which. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
