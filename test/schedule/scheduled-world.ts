// A cluster whose backups last a while, under a scheduler and a clock that a test moves. The engines are the real ones; the
// partitions and their store remember in memory what they were asked, can be late, and can be out of reach.
import {
  BackupScheduler,
  type BackupStatus,
  type CheckpointId,
  type CheckpointType,
  ClusterBackups,
  checkpointId,
  type PartitionBackupClient,
  parseSchedule,
  type Schedule,
  type SchedulerComponents,
  type SchedulerEvent,
  type SchedulerSettings,
  silentLogger,
} from 'tidemark';
import { ManualClock } from 'tidemark/testkit';

interface TakenBackup {
  readonly createdAt: string;
  readonly beganMs: number;
  readonly endsMs: number;
  readonly fails: boolean;
}

interface WorldPartition {
  latest: bigint;
  latestType: CheckpointType;
  readonly markers: Set<bigint>;
  /** It answers nothing while this is set: its leader is gone. */
  isAway: boolean;
  /** It does not get to what is appended to its log. */
  lags: boolean;
  readonly backups: Map<bigint, TakenBackup>;
}

export const START_MS = Date.UTC(2026, 2, 1, 0, 30);

export function scheduleOf(text: string, timeZone?: string): Schedule {
  const schedule = parseSchedule(text, { timeZone })._unsafeUnwrap();
  if (schedule === null) throw new Error(`${text} is no schedule`);
  return schedule;
}

export class ScheduledWorld {
  /** How long time has passed, which never goes back; the time of day is ahead of it by `skewMs`. */
  readonly manual = new ManualClock(START_MS);
  skewMs = 0;
  readonly clock = {
    now: () => this.manual.now() + this.skewMs,
    monotonic: () => this.manual.monotonic(),
    sleep: (ms: number, signal?: AbortSignal) => this.manual.sleep(ms, signal),
  };
  storeIsDown = false;
  takesMs = 60_000;
  backupsFail = false;
  /** The listing shows a backup only so long after it was begun. */
  showsAfterMs = 0;
  readonly partitions: WorldPartition[];
  readonly events: SchedulerEvent[] = [];
  /** Told when an id is created for the first time anywhere, before it is. */
  onCreated: (id: bigint) => void = () => {};
  /** Told when a partition makes a marker, before it does. What it throws is an answer of the partition, as anywhere. */
  onMarked: (partitionId: number) => void = () => {};
  readonly backups: ClusterBackups;
  readonly requests: string[] = [];
  readonly #created = new Set<bigint>();

  constructor(partitions = 2) {
    this.partitions = Array.from({ length: partitions }, () => ({
      latest: 0n,
      latestType: 'backup' as const,
      markers: new Set<bigint>(),
      isAway: false,
      lags: false,
      backups: new Map(),
    }));
    this.backups = new ClusterBackups({
      topology: {
        partitions: async () => ({
          expected: partitions,
          known: this.partitions.map((_, index) => index + 1),
        }),
      },
      partitions: this.#client,
      clock: this.clock,
      logger: silentLogger,
    });
  }

  scheduler(settings: SchedulerSettings, components: Partial<SchedulerComponents> = {}): BackupScheduler {
    return new BackupScheduler(
      {
        backups: this.backups,
        clock: this.clock,
        random: { fraction: () => 0.5 },
        logger: silentLogger,
        observer: (event) => this.events.push(event),
        ...components,
      },
      settings,
    );
  }

  /** Starts a scheduler and lets it do what is due at once. */
  async started(schedule: string, settings: Partial<SchedulerSettings> = {}): Promise<BackupScheduler> {
    const scheduler = this.scheduler({ schedule: scheduleOf(schedule), ...settings });
    scheduler.start();
    await this.manual.advance(0);
    return scheduler;
  }

  /** All ids that any partition has created, in ascending order. */
  get ids(): bigint[] {
    return [...this.#created].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The markers that every partition has, in ascending order: the points. */
  get marked(): bigint[] {
    const [first, ...others] = this.partitions;
    const all = [...(first?.markers ?? [])].filter((id) => others.every(({ markers }) => markers.has(id)));
    return all.sort((a, b) => (a < b ? -1 : 1));
  }

  get told(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** What a partition has of a backup, as its store tells it. */
  #row(partitionId: number, id: bigint): BackupStatus | undefined {
    const taken = this.partitions[partitionId - 1]?.backups.get(id);
    const now = this.manual.monotonic();
    if (taken === undefined || now < taken.beganMs + Math.min(this.showsAfterMs, this.takesMs))
      return undefined;
    const ended = taken.fails ? 'FAILED' : 'COMPLETED';
    return {
      id: { checkpointId: checkpointId(id), partitionId, nodeId: 0 },
      statusCode: now < taken.endsMs ? 'IN_PROGRESS' : ended,
      createdAt: taken.createdAt,
    };
  }

  /** Whether the listing shows it on every partition. */
  isShown(id: bigint): boolean {
    return this.partitions.every((_, index) => this.#row(index + 1, id) !== undefined);
  }

  /**
   * What runs somewhere, or is still to come somewhere, whoever can see it, and was begun less than a deadline ago, by any
   * clock. Where a partition lacks it that has passed a later checkpoint, or one has failed, nobody waits for it.
   */
  unfinished(deadlineMs: number): bigint[] {
    const now = this.manual.monotonic();
    return this.ids.filter((id) => {
      const taken = this.partitions.flatMap(({ backups }) => backups.get(id) ?? []);
      const isLost = this.partitions.some(({ backups, latest }) => !backups.has(id) && latest > id);
      const hasFailed = taken.some(({ fails, endsMs }) => fails && endsMs <= now);
      const runs = taken.some(({ endsMs }) => endsMs > now);
      const isToCome = taken.length < this.partitions.length && !hasFailed;
      const begun = Math.min(...taken.map(({ beganMs }) => beganMs));
      const saidToBegin = Math.min(...taken.map(({ createdAt }) => Date.parse(createdAt)));
      const ageMs = Math.max(now - begun, this.clock.now() - saidToBegin);
      return !isLost && (runs || isToCome) && ageMs < deadlineMs;
    });
  }

  readonly #client: PartitionBackupClient = {
    take: async (partitionId, id, signal) => {
      const partition = await this.#reached(partitionId, `take ${id}`, signal);
      const created = id > partition.latest;
      if (created) {
        if (!this.#created.has(id)) this.onCreated(id);
        this.#created.add(id);
        partition.latest = id;
        partition.latestType = 'backup';
        const beganMs = this.manual.monotonic();
        partition.backups.set(id, {
          createdAt: new Date(this.clock.now()).toISOString(),
          beganMs,
          endsMs: beganMs + this.takesMs,
          fails: this.backupsFail,
        });
      }
      return { created, checkpointId: checkpointId(partition.latest), type: partition.latestType };
    },
    mark: async (partitionId, id, signal) => {
      const partition = await this.#reached(partitionId, `mark ${id}`, signal);
      const created = id > partition.latest;
      if (created) {
        this.onMarked(partitionId);
        partition.latest = id;
        partition.latestType = 'marker';
        partition.markers.add(id);
      }
      return { created, checkpointId: checkpointId(partition.latest), type: partition.latestType };
    },
    status: async (partitionId, id, signal) => {
      const partition = await this.#reached(partitionId, `status ${id}`, signal);
      // A leader knows its own attempts, whatever the store shows.
      const taken = partition.backups.get(id);
      const shown = this.#row(partitionId, id);
      const none = {
        id: { checkpointId: id, partitionId, nodeId: 0 },
        statusCode: 'DOES_NOT_EXIST' as const,
      };
      return shown ?? (taken === undefined ? none : { ...none, statusCode: 'IN_PROGRESS' });
    },
    list: async (partitionId, { before, limit }, signal) => {
      const { backups } = await this.#reached(partitionId, 'list', signal);
      if (this.storeIsDown) throw new Error('the store does not answer');
      return [...backups.keys()]
        .filter((id) => before === undefined || id < before)
        .sort((a, b) => (a < b ? 1 : -1))
        .flatMap((id) => this.#row(partitionId, id) ?? [])
        .slice(0, limit);
    },
    delete: async (partitionId, id: CheckpointId) => {
      this.partitions[partitionId - 1]?.backups.delete(id);
    },
  };

  partition(partitionId: number): WorldPartition {
    const partition = this.partitions[partitionId - 1];
    if (partition === undefined) throw new Error(`no partition ${partitionId}`);
    return partition;
  }

  async #reached(partitionId: number, request: string, signal: AbortSignal): Promise<WorldPartition> {
    this.requests.push(`${request} ${partitionId}`);
    const partition = this.partition(partitionId);
    if (partition.isAway || (partition.lags && /^(take|mark)/.test(request))) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      throw new Error('it does not answer');
    }
    return partition;
  }
}
