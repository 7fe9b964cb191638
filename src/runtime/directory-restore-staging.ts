// One restore into a directory, not yet visible. Every file and directory is synced before the one rename
// that makes all of them visible, so that a power cut leaves nothing or everything.
import { dirname, join } from 'node:path';
import { type BackupDescriptor, isFlatFileName } from '../core/backup.ts';
import { BackupCorrupt } from '../core/errors.ts';
import type { PartitionId } from '../core/ids.ts';
import type { RestoredFile, RestoreStaging } from '../ports/restore-target.ts';
import type { Disk } from './disk.ts';
import { partitionsDirectory, removeStaging } from './staging-directory.ts';

export interface DirectoryRestoreStagingSettings {
  /** The data directory. */
  readonly directory: string;
  /** The staging in it, which `makeStaging` made. */
  readonly staging: string;
  /** The directories made for this restore, down to the data directory, outermost first. */
  readonly made: readonly string[];
}

/** Files on their way into a data directory. */
export class DirectoryRestoreStaging implements RestoreStaging {
  readonly #disk: Disk;
  readonly #settings: DirectoryRestoreStagingSettings;
  readonly #partitions: string;
  /** The directories below `#partitions` that exist or are being made. */
  readonly #directories = new Map<string, Promise<void>>();
  #state: 'staged' | 'moved' | 'installed' = 'staged';

  constructor(disk: Disk, settings: DirectoryRestoreStagingSettings) {
    this.#disk = disk;
    this.#settings = settings;
    this.#partitions = partitionsDirectory(settings.staging);
  }

  async write(file: RestoredFile, content: AsyncIterable<Uint8Array>): Promise<void> {
    const directory = this.#directoryOf(file);
    const path = join(directory, flat(file.name));
    await this.#ensure(directory);
    const out = await this.#disk.createFile(path);
    try {
      for await (const chunk of content) await out.write(chunk);
      await out.sync();
    } finally {
      await out.close();
    }
  }

  /** The log is stored already cut behind the checkpoint, so that there is nothing left to cut. */
  async seal(partitionId: PartitionId, { snapshotId }: BackupDescriptor): Promise<void> {
    const partition = this.#partition(partitionId);
    if (snapshotId !== null && !this.#directories.has(join(partition, 'snapshots', snapshotId))) {
      throw new BackupCorrupt(`partition ${partitionId}`, `no file of the snapshot ${snapshotId} is in it`);
    }
    await this.#ensure(join(partition, 'log'));
    // Children before parents: a parent's path is the shorter one.
    const directories = [...this.#directories.keys()].filter((path) => isAtOrBelow(path, partition));
    for (const path of directories.sort((a, b) => b.length - a.length)) await this.#disk.syncDirectory(path);
  }

  async install(): Promise<void> {
    const { directory, staging } = this.#settings;
    await this.#disk.syncDirectory(this.#partitions);
    await this.#disk.moveDirectory(this.#partitions, partitionsDirectory(directory));
    this.#state = 'moved';
    await this.#disk.syncDirectory(directory);
    this.#state = 'installed';
    // The data is in place. An empty staging that cannot be removed does no harm and is no reason to fail.
    await removeStaging(this.#disk, staging).catch(() => {});
  }

  async discard(): Promise<void> {
    const { directory, staging, made } = this.#settings;
    if (this.#state === 'installed') return;
    if (this.#state === 'moved') {
      await this.#disk.moveDirectory(partitionsDirectory(directory), this.#partitions);
      this.#state = 'staged';
    }
    await removeStaging(this.#disk, staging);
    // Innermost first; one that is not empty by now stays, with those above it.
    for (const path of [...made].reverse()) {
      if (!(await this.#disk.removeDirectory(path))) return;
    }
  }

  #directoryOf({ partitionId, kind, snapshotId, name }: RestoredFile): string {
    const partition = this.#partition(partitionId);
    if (kind === 'segment') return join(partition, 'log');
    if (snapshotId === null) throw new BackupCorrupt(name, 'a snapshot file without the id of its snapshot');
    return join(partition, 'snapshots', flat(snapshotId));
  }

  #partition(partitionId: PartitionId): string {
    return join(this.#partitions, String(partitionId));
  }

  /** Makes a directory and those above it, each once, however many files ask for it at the same time. */
  #ensure(path: string): Promise<void> {
    if (path === this.#partitions) return Promise.resolve();
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const making = this.#ensure(dirname(path)).then(async () => {
      await this.#disk.makeDirectory(path);
    });
    this.#directories.set(path, making);
    return making;
  }
}

function isAtOrBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(join(parent, '/'));
}

/** Names come from a manifest: one that leads elsewhere must not become a path. */
function flat(name: string): string {
  if (!isFlatFileName(name)) throw new BackupCorrupt(name, 'the name is no plain file name');
  return name;
}
