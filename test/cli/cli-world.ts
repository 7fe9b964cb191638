// A world for the command line: captured output, a directory of its own, a store with real backups.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'lossless-json';
import {
  type BackupFile,
  bytesFile,
  checkpointId,
  logPosition,
  type PartitionBackup,
  systemClock,
} from 'tidemark';
import { FilesystemBackupStore, type FilesystemBackupStoreSettings } from 'tidemark/filesystem';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Clock } from '../../src/ports/environment.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as JSON, 64-bit numbers as bigints. */
  json(): Record<string, unknown>;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Sees all of stderr after each write. */
  readonly onStderr?: (text: string) => void;
}

/** Waits a hundredth as long. The limits of calls stay: a busy machine must not run into them. */
export const eagerClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms <= 5_000 ? ms / 100 : ms, signal),
};

export async function makeWorld(): Promise<CliWorld> {
  const world = new CliWorld(await mkdtemp(join(tmpdir(), 'tidemark-cli-')));
  await mkdir(world.storeDirectory);
  return world;
}

export class CliWorld {
  readonly directory: string;
  readonly storeDirectory: string;
  readonly dataDirectory: string;
  readonly #running: FilesystemBackupStore[] = [];

  constructor(directory: string) {
    this.directory = directory;
    this.storeDirectory = join(directory, 'store');
    this.dataDirectory = join(directory, 'data');
  }

  /** The variables of node 0 of a cluster with two partitions on one node. */
  get env(): Record<string, string> {
    return {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'FILESYSTEM',
      ZEEBE_BROKER_DATA_BACKUP_FILESYSTEM_BASEPATH: this.storeDirectory,
      ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '2',
      ZEEBE_BROKER_DATA_DIRECTORY: this.dataDirectory,
    };
  }

  async run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const { isTTY = false, columns } = options;
    let stdout = '';
    let stderr = '';
    const io: CliIo = {
      stdout: {
        write(text) {
          stdout += text;
        },
        isTTY,
        columns,
      },
      stderr: {
        write(text) {
          stderr += text;
          options.onStderr?.(stderr);
        },
        isTTY,
        columns,
      },
      signal: options.signal ?? new AbortController().signal,
      directory: this.directory,
      clock: options.clock ?? systemClock,
      fetch,
      kill: (pid, how) => process.kill(pid, how),
    };
    const code = await runCli(argv, options.env ?? this.env, io);
    return { code, stdout, stderr, json: () => parse(stdout, undefined, BigInt) as Record<string, unknown> };
  }

  /**
   * Saves a backup of these partitions, as node 0 of a cluster with as many partitions as `of`. With a `marker` in its
   * logs, if one is named: its time is POINT_TIME.
   */
  async save(
    id: bigint,
    partitions: readonly number[] = [1, 2],
    of = 2,
    marker?: bigint,
    settings: Omit<FilesystemBackupStoreSettings, 'basePath'> = {},
  ): Promise<void> {
    const store = new FilesystemBackupStore({ ...settings, basePath: this.storeDirectory });
    try {
      for (const partitionId of partitions) {
        const saved = await store.save(withMarker(partitionBackup(id, partitionId, of), marker));
        if (saved.isErr()) throw saved.error;
      }
    } finally {
      await store.close();
    }
  }

  /** Marks the copy of node 0 as failed. */
  async fail(id: bigint, partitionId: number, reason: string): Promise<void> {
    const store = new FilesystemBackupStore({ basePath: this.storeDirectory });
    const copy = { checkpointId: checkpointId(id), partitionId, nodeId: 0 };
    const marked = await store.markFailed(copy, reason, { term: 1n });
    await store.close();
    if (marked.isErr()) throw marked.error;
  }

  /** Leaves a copy of node 0 behind that is still under way. */
  async begin(id: bigint, partitionId: number): Promise<void> {
    const store = new FilesystemBackupStore({ basePath: this.storeDirectory });
    const backup = partitionBackup(id, partitionId, 2);
    let reached = () => {};
    const reading = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const endless: BackupFile = {
      name: 'log-1',
      sizeBytes: 1,
      async *open() {
        reached();
        await new Promise(() => {});
        yield new Uint8Array();
      },
    };
    void store.save({ ...backup, segmentFiles: [endless] }).match(
      () => {},
      () => {},
    );
    await reading;
    this.#running.push(store);
  }

  async remove(): Promise<void> {
    for (const store of this.#running) await store.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const POINT_TIME = '2026-11-24T06:00:00.000Z';

function withMarker(backup: PartitionBackup, marker: bigint | undefined): PartitionBackup {
  if (marker === undefined) return backup;
  const { id, descriptor } = backup;
  const position = logPosition(descriptor.checkpointPosition - BigInt(id.partitionId));
  const checkpoints = [
    { checkpointId: checkpointId(marker), position, type: 'marker', timestamp: POINT_TIME },
    {
      checkpointId: id.checkpointId,
      position: descriptor.checkpointPosition,
      type: 'backup',
      timestamp: '2026-11-24T07:00:00.000Z',
    },
  ] as const;
  return { ...backup, descriptor: { ...descriptor, checkpoints } };
}

export function partitionBackup(
  id: bigint,
  partitionId: number,
  numberOfPartitions: number,
): PartitionBackup {
  return {
    id: { checkpointId: checkpointId(id), partitionId, nodeId: 0 },
    term: 1n,
    descriptor: {
      snapshotId: `snapshot-${partitionId}`,
      checkpointPosition: logPosition(9_007_199_254_740_993n),
      numberOfPartitions,
      brokerVersion: '1.2.3',
    },
    snapshotFiles: [bytesFile('state', new TextEncoder().encode(`state of ${partitionId} at ${id}`))],
    segmentFiles: [bytesFile('log-1', new TextEncoder().encode(`log of ${partitionId}`.repeat(50)))],
  };
}
