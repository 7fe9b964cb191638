// A cluster of partitions in memory, as the broker's side of the cluster ports: it remembers the latest checkpoint
// and the backups of each partition, and can be told to fail.
import { checkpointId } from '../../src/core/ids.ts';
import type { BackupStatus, BackupStatusCode } from '../../src/core/status.ts';
import type { PartitionBackupClient, Topology } from '../../src/ports/cluster.ts';

export interface FakePartition {
  latest: bigint;
  readonly backups: Map<bigint, BackupStatus[]>;
  /** Runs before every request; may throw or hang. */
  trouble: () => void | Promise<void>;
}

export class FakeCluster {
  expected: number;
  readonly all = new Map<number, FakePartition>();
  readonly requests: string[] = [];
  inFlight = 0;
  mostInFlight = 0;

  constructor(partitions: number) {
    this.expected = partitions;
    for (let id = 1; id <= partitions; id += 1) {
      this.all.set(id, { latest: 0n, backups: new Map(), trouble: () => {} });
    }
  }

  partition(id: number): FakePartition {
    const partition = this.all.get(id);
    if (partition === undefined) throw new Error(`no partition ${id}`);
    return partition;
  }

  /** Puts a copy of a backup in a partition. */
  put(
    id: bigint | number,
    partitionId: number,
    statusCode: BackupStatusCode,
    more: Partial<BackupStatus> = {},
  ) {
    const { backups } = this.partition(partitionId);
    const copies = backups.get(BigInt(id)) ?? [];
    const name = { checkpointId: checkpointId(id), partitionId, nodeId: copies.length };
    backups.set(BigInt(id), [...copies, { id: name, statusCode, ...more }]);
  }

  readonly topology: Topology = {
    partitions: async () => ({ expected: this.expected, known: [...this.all.keys()].reverse() }),
  };

  readonly client: PartitionBackupClient = {
    take: (partitionId, id) =>
      this.#serve(`take ${partitionId} ${id}`, partitionId, (partition) => {
        const created = id > partition.latest;
        if (created) {
          partition.latest = id;
          this.put(id, partitionId, 'COMPLETED');
        }
        return { created, checkpointId: checkpointId(partition.latest) };
      }),
    status: (partitionId, id) =>
      this.#serve(`status ${partitionId} ${id}`, partitionId, ({ backups }) => {
        const none = {
          id: { checkpointId: id, partitionId, nodeId: 0 },
          statusCode: 'DOES_NOT_EXIST' as const,
        };
        return backups.get(id)?.at(-1) ?? none;
      }),
    list: (partitionId, { before, limit }) =>
      this.#serve(`list ${partitionId}`, partitionId, ({ backups }) =>
        [...backups.keys()]
          .filter((id) => before === undefined || id < before)
          .sort((a, b) => (a < b ? 1 : -1))
          .slice(0, limit)
          .flatMap((id) => backups.get(id) ?? []),
      ),
    delete: (partitionId, id) =>
      this.#serve(`delete ${partitionId} ${id}`, partitionId, ({ backups }) => {
        backups.delete(id);
      }),
  };

  async #serve<T>(request: string, partitionId: number, run: (partition: FakePartition) => T): Promise<T> {
    this.requests.push(request);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const partition = this.partition(partitionId);
      await partition.trouble();
      await new Promise<void>((resolve) => setImmediate(resolve));
      return run(partition);
    } finally {
      this.inFlight -= 1;
    }
  }
}

/** Never answers. */
export const hang = () => new Promise<void>(() => {});
