// One place for backups in memory, and processes over it, one after the other. What a backup of this world holds depends
// on its checkpoint and on the term it was taken in, so a mixture of two attempts would show.
import { expect } from 'vitest';
import type { BackupDescriptor, BackupFile, BackupId, PartitionBackup } from '../../src/core/backup.ts';
import { type CheckpointId, checkpointId, logPosition } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { PartitionBackupManager } from '../../src/partition/partition-backup-manager.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { Clock } from '../../src/ports/environment.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import type { PartitionReservation } from '../../src/ports/partition.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { bytesFile } from '../../src/runtime/bytes-file.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import { PrefixedObjectStorage } from '../../src/stores/prefixed-object-storage.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ZeebeBackupStore } from '../../src/stores/zeebe/zeebe-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { assertSameBackup, sampleBytes } from '../../src/testkit/sample-backups.ts';
import { ShelfTarget } from '../restore/shelf-target.ts';
import { keys } from '../stores/damage.ts';
import { CrashProcess, type Fault } from './crash-process.ts';

/** `zeebe 8.9` keeps manifests and files apart. */
export const LAYOUTS = ['native', 'zeebe', 'zeebe 8.9'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

export const STALE_MS = 60_000;
const CHUNK = 64;

export interface Node {
  readonly nodeId: number;
  readonly term: bigint;
}

/** A node's process with what it works with. */
export interface BrokerProcess extends Node {
  readonly process: CrashProcess;
  readonly store: BackupStore;
  readonly manager: PartitionBackupManager;
  readonly clock: Clock;
  /** The place that backups are copied from. */
  readonly source: TidemarkBackupStore;
}

export class CrashWorld {
  readonly clock: ManualClock;
  readonly memory: MemoryObjectStorage;
  readonly layout: LayoutName;
  /** How long the reading of a file takes. */
  readingMs = 0;
  #made = 0;
  /** While objects are taken over: when each was written. */
  #writtenAt: number | undefined;
  readonly #pinned = new Map<CrashProcess, number>();

  constructor(layout: LayoutName, startMs?: number) {
    this.layout = layout;
    this.clock = new ManualClock(startMs);
    this.memory = new MemoryObjectStorage({ clock: { now: () => this.#writtenAt ?? this.clock.now() } });
  }

  /** Another world with the same objects, in which no process runs. */
  async clone(): Promise<CrashWorld> {
    const world = new CrashWorld(this.layout, this.clock.now());
    for (const key of await keys(this.memory)) {
      const body = (await this.memory.get(key))._unsafeUnwrap();
      world.#writtenAt = (await this.memory.head(key))._unsafeUnwrap().lastModified;
      (await world.memory.put(key, body))._unsafeUnwrap();
    }
    world.#writtenAt = undefined;
    world.#made = this.#made;
    world.readingMs = this.readingMs;
    return world;
  }

  start(node: Node, fault?: Fault): BrokerProcess {
    const process = new CrashProcess(this.memory, this.clock, fault);
    const { clock } = process;
    const store = this.#store(process.storage, clock, node.nodeId);
    const manager = new PartitionBackupManager(
      { store, source: { reserve: () => this.#reserve(process, node) }, clock, logger: silentLogger },
      { ...node, partitionId: 1, numberOfPartitions: 1, brokerVersion: this.#version },
    );
    const source = this.#native(new PrefixedObjectStorage(process.storage, 'source'), clock);
    return { ...node, process, store, manager, clock, source };
  }

  /** A store that nothing happens to. */
  view(): BackupStore {
    return this.#store(this.memory, this.clock, 0);
  }

  sourceView(): BackupStore {
    return this.#native(new PrefixedObjectStorage(this.memory, 'source'), this.clock);
  }

  /** The keys of the place that is backed up to. */
  async keys(): Promise<string[]> {
    return keys(new PrefixedObjectStorage(this.memory, 'place'));
  }

  /** Changes with every write. */
  async fingerprint(): Promise<string> {
    const { objects } = (await this.memory.list(''))._unsafeUnwrap();
    return objects.map(({ key, sizeBytes, lastModified }) => `${key} ${sizeBytes} ${lastModified}`).join();
  }

  /** Runs to the end, or to the stop of the process, letting time go on where something waits for it. */
  async run<T>({ process }: BrokerProcess, work: PromiseLike<T>): Promise<T | 'stopped'> {
    const ended = Promise.race([work, process.stopped]);
    let isOver = false;
    const watched = ended.finally(() => {
      isOver = true;
    });
    watched.catch(() => {});
    const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
    for (let turns = 0; turns < 5 && !isOver; turns += 1) await turn();
    for (let turns = 0; turns < 200 && !isOver; turns += 1) await this.clock.advance(5_000);
    if (!isOver) throw new Error('something waits for ever');
    // What a stopped process had asked for before reaches the storage.
    if (process.isStopped) await turn();
    return watched;
  }

  /** Pins of processes that live. */
  get pinned(): number {
    return [...this.#pinned].reduce((sum, [process, pins]) => sum + (process.isStopped ? 0 : pins), 0);
  }

  /** The backup of a checkpoint as a leader of that term takes it. */
  backup(id: CheckpointId, { nodeId, term }: Node): PartitionBackup {
    return {
      id: { checkpointId: id, partitionId: 1, nodeId },
      term,
      descriptor: { ...this.#descriptor(id), snapshotId: `snapshot-${id}-${term}` },
      snapshotFiles: snapshotFiles(id, term),
      segmentFiles: [segmentFile(id)],
    };
  }

  /** Throws unless the copy is whole: byte for byte what one attempt saved. */
  async assertWhole(store: BackupStore, id: BackupId): Promise<void> {
    const stored = (await store.open(id))._unsafeUnwrap();
    const term = BigInt(stored.descriptor.snapshotId?.split('-').at(-1) ?? 0);
    await assertSameBackup(stored, this.backup(id.checkpointId, { nodeId: id.nodeId, term }));
  }

  /** Throws unless the backup can be restored. */
  async assertRestorable(store: BackupStore, id: CheckpointId): Promise<void> {
    const target = new ShelfTarget();
    const components = { store, target, clock: this.clock, logger: silentLogger };
    const restoring = new RestoreManager(components, { partitionIds: [1], partitionsCount: 1 });
    (await restoring.restore(id))._unsafeUnwrap();
    expect(Object.keys(target.installed ?? {})).toHaveLength(4);
  }

  async #reserve(process: CrashProcess, { term }: Node): Promise<PartitionReservation> {
    const pin = (by: number) => this.#pinned.set(process, (this.#pinned.get(process) ?? 0) + by);
    let held = true;
    pin(1);
    return {
      // One for each checkpoint that these scenarios know.
      snapshots: [1, 2, 3, 4].map((number) => ({
        id: `snapshot-${number}-${term}`,
        position: logPosition(number * 100 - 1),
        replayFrom: logPosition(1),
        files: snapshotFiles(checkpointId(number), term, () => this.#read(process.clock)),
      })),
      segments: [
        {
          name: 'log-1',
          firstPosition: logPosition(1),
          lastPosition: logPosition(1_000),
          upTo: async (position) => segmentFile(checkpointId(position / 100n)),
        },
      ],
      release: async () => {
        if (held) pin(-1);
        held = false;
      },
    };
  }

  /** What takes no time must not wait for a clock that nobody moves. */
  async #read(clock: Clock): Promise<void> {
    if (this.readingMs > 0) await clock.sleep(this.readingMs);
  }

  #descriptor(id: CheckpointId): BackupDescriptor {
    const checkpointPosition = positionOf(id);
    return { snapshotId: null, checkpointPosition, numberOfPartitions: 1, brokerVersion: this.#version };
  }

  get #version(): string {
    return this.layout === 'zeebe 8.9' ? '8.9.0' : '8.6.0';
  }

  #store(storage: ObjectStorage, clock: Clock, seed: number): BackupStore {
    const place = new PrefixedObjectStorage(storage, 'place');
    if (this.layout === 'native') return this.#native(place, clock);
    return new ZeebeBackupStore({ storage: place, clock, random: this.#random(seed) });
  }

  #native(storage: ObjectStorage, clock: Clock): TidemarkBackupStore {
    const settings = { clusterId: 'a', chunkSizeBytes: CHUNK, staleAfterMs: STALE_MS };
    return new TidemarkBackupStore({ storage, clock, random: this.#random(0) }, settings);
  }

  #random(seed: number) {
    return {
      fraction: () => 0,
      hex: (bytes: number) => {
        this.#made += 1;
        return (this.#made + seed * 1_000_000).toString(16).padStart(bytes * 2, '0');
      },
    };
  }
}

/** Where the log of the checkpoint ends. */
export function positionOf(id: CheckpointId) {
  return logPosition(id * 100n);
}

function snapshotFiles(id: CheckpointId, term: bigint, before: () => Promise<void> = async () => {}) {
  const known = bytesFile('base.sst', sampleBytes(150, 1));
  return [
    {
      ...known,
      async *open() {
        await before();
        yield* known.open();
      },
    },
    bytesFile('CURRENT', Buffer.from(`snapshot of ${id} in ${term}`)),
    bytesFile('LOCK', new Uint8Array()),
  ];
}

/** Grows with the checkpoint: what an earlier backup holds of it is its beginning, and is not read again. */
function segmentFile(id: CheckpointId): BackupFile {
  return { ...bytesFile('log-1', sampleBytes(100 + Number(id) * 30, 2)), version: 'log' };
}
