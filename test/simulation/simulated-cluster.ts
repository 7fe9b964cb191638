// The nodes of a cluster and who leads what. It crashes nodes, moves leaders and leaves old ones in the belief that
// they still lead; what it never does is let two of them commit to one log.
import type { Chance } from './chance.ts';
import { SimulatedDisk, type SimulatedDiskParts } from './simulated-disk.ts';
import { type Leader, SimulatedNode } from './simulated-node.ts';
import type { SimulatedPeers } from './simulated-peers.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Surroundings } from './surroundings.ts';

export class SimulatedCluster {
  readonly nodes: SimulatedNode[];
  /** The one leader of each partition that can commit, by partition. */
  readonly leaders = new Map<number, Leader>();
  /** Every leader there was, also those that have been deposed and do not know. */
  readonly all: Leader[] = [];
  readonly #around: Surroundings;
  readonly #parts: SimulatedDiskParts;
  /** Who is told about new leaders beside the nodes. */
  readonly #clients: SimulatedPeers[] = [];
  #life = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    const { scheduler, chance, book } = around;
    const contained = (run: () => void) => {
      try {
        run();
      } catch (cause) {
        around.report(cause);
      }
    };
    this.#parts = {
      scheduler,
      chance,
      onDurable: (path, bytes) => contained(() => book.committed(path, bytes)),
      givesVersions: around.settings.givesVersions,
      onSnapshot: (path, bytes) => contained(() => book.snapshot(path, bytes)),
    };
    this.nodes = Array.from({ length: around.settings.nodes }, (_, nodeId) => this.#newNode(nodeId));
  }

  addClient(peers: SimulatedPeers): void {
    this.#clients.push(peers);
  }

  get partitionIds(): readonly number[] {
    return Array.from({ length: this.#around.settings.partitions }, (_, index) => index + 1);
  }

  /** Starts all partitions, on empty disks or on those given. */
  async start(disks: ReadonlyMap<number, (process: SimulatedProcess) => SimulatedDisk> = new Map()) {
    for (const partitionId of this.partitionIds) {
      const node = this.nodes[(partitionId - 1) % this.nodes.length] as SimulatedNode;
      const disk = disks.get(partitionId)?.(node.process) ?? this.emptyDisk(node.process);
      await this.#lead(node, partitionId, disk, true);
    }
  }

  emptyDisk(process: SimulatedProcess): SimulatedDisk {
    return new SimulatedDisk(this.#parts, process);
  }

  /** Kills a node, and starts it again after a while. Its partitions wait for it or go elsewhere. */
  crash(nodeId: number): void {
    const { chance, scheduler, totals } = this.#around;
    const node = this.nodes[nodeId] as SimulatedNode;
    if (!node.process.alive) return;
    totals.crashes += 1;
    node.process.kill();
    const led = [...this.leaders.values()].filter((leader) => leader.node === node);
    for (const leader of led) {
      if (!chance.is(0.4)) continue;
      scheduler.after(chance.fraction() * 1_500, `elect for ${leader.partitionId}`, () => this.#take(leader));
    }
    scheduler.after(100 + chance.fraction() * 3_000, `restart node ${nodeId}`, () => this.restart(nodeId));
  }

  /** Starts a node that is down. */
  restart(nodeId: number): void {
    const old = this.nodes[nodeId] as SimulatedNode;
    if (old.process.alive) return;
    const node = this.#newNode(nodeId);
    this.nodes[nodeId] = node;
    for (const [partitionId, leader] of this.leaders) {
      this.#tell(node.peers, partitionId, leader, 0);
      if (leader.node !== old) continue;
      const disk = leader.disk.afterCrash(
        node.process,
        this.#around.chance.pick(['whole', 'whole', 'whole', 'behind', 'behind', 'none']),
      );
      void this.#lead(node, partitionId, disk, false);
    }
  }

  /** Another node, or the same one anew, takes over. The old leader does not know it yet. */
  move(partitionId: number): void {
    const leader = this.leaders.get(partitionId);
    if (leader?.led !== undefined) this.#take(leader);
  }

  #take(old: Leader): void {
    const { chance, scheduler, totals } = this.#around;
    if (this.leaders.get(old.partitionId) !== old || old.led === undefined) return;
    const others = this.nodes.filter((node) => node.process.alive && node !== old.node);
    if (others.length === 0) return;
    const node = chance.pick(others);
    // It may still be there as the old leader of an earlier term.
    const stale = node.leaders.get(old.partitionId);
    if (stale !== undefined) void node.resign(stale);
    old.disk.fenced = true;
    totals['leaders moved'] += 1;
    const disk = old.disk.replica(
      node.process,
      chance.pick(['whole', 'behind', 'behind', 'none']),
      chance.is(0.7),
    );
    if (old.node.process.alive) {
      totals['two leaders at once'] += 1;
      const learns = chance.fraction() * chance.pick([500, 8_000, 30_000]);
      scheduler.after(learns, `resign ${old.partitionId}`, () => void old.node.resign(old), old.node.process);
    }
    void this.#lead(node, old.partitionId, disk, false);
  }

  async #lead(node: SimulatedNode, partitionId: number, disk: SimulatedDisk, atOnce: boolean): Promise<void> {
    try {
      const leading = node.lead(partitionId, disk);
      const leader = node.leaders.get(partitionId) as Leader;
      this.leaders.set(partitionId, leader);
      this.all.push(leader);
      await leading;
      for (const peers of [...this.#clients, ...this.nodes.map((other) => other.peers)]) {
        this.#tell(peers, partitionId, leader, atOnce ? 0 : this.#around.chance.fraction() * 1_500);
      }
    } catch (cause) {
      this.#around.report(cause);
    }
  }

  #tell(peers: SimulatedPeers, partitionId: number, leader: Leader, afterMs: number): void {
    const { process, routes } = leader.node;
    const tell = () => {
      if (this.leaders.get(partitionId) === leader) peers.known.set(partitionId, { process, routes });
    };
    if (afterMs === 0) tell();
    else this.#around.scheduler.after(afterMs, `tell of leader ${partitionId}`, tell);
  }

  #newNode(nodeId: number): SimulatedNode {
    this.#life += 1;
    return new SimulatedNode(this.#around, nodeId, this.#life);
  }
}

/** A node at random. */
export function anyNode(chance: Chance, cluster: SimulatedCluster): number {
  return chance.between(0, cluster.nodes.length - 1);
}
