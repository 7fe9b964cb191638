// A Zeebe broker's data directory as a restore target: the tree that Zeebe's own restore makes, with the log
// really ending at the checkpoint. All partitions become visible with one rename of
// `raft-partition/partitions`.
import { join, resolve } from 'node:path';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import type { RestoreStaging, RestoreTarget } from '../ports/restore-target.ts';
import { DirectoryRestoreTarget } from '../runtime/directory-restore-target.ts';
import { nodeDisk } from '../runtime/node-disk.ts';
import {
  databaseLock,
  memberFile,
  partitionsOf,
  RAFT_DIRECTORY,
  TOPOLOGY_FILE,
} from './data-directory-paths.ts';
import { isLocked } from './disk-reading.ts';
import { zeebeLayout } from './zeebe-layout.ts';

export interface ZeebeRestoreTargetSettings {
  /** Zeebe's `data.directory` of this node. It may be absent, and may hold `lost+found`. */
  readonly directory: string;
  /**
   * Replace the partitions that are there and `.topology.meta`, and take from them what the backup has too: as
   * `replace` of a DirectoryRestoreTarget. A broker that runs there is refused. Default false.
   */
  readonly replace?: boolean | undefined;
}

/** Restores backups of Zeebe's own files, whoever stored them. Damage is an error, and installs nothing. */
export class ZeebeRestoreTarget implements RestoreTarget {
  readonly takesLentChunks = true;
  readonly replaces: boolean;
  readonly #directory: string;
  readonly #raft: DirectoryRestoreTarget;

  constructor({ directory, replace = false }: ZeebeRestoreTargetSettings) {
    this.#directory = resolve(directory);
    this.replaces = replace;
    const raft = { directory: join(this.#directory, RAFT_DIRECTORY), replace };
    // The configuration that the cluster had last, which a restored one does not go by.
    const topology = join(this.#directory, TOPOLOGY_FILE);
    this.#raft = new DirectoryRestoreTarget(raft, nodeDisk, zeebeLayout, [topology]);
  }

  get location(): string {
    return this.#directory;
  }

  async occupants(): Promise<readonly string[]> {
    if (this.replaces) await refuseRunning(this.#directory);
    const entries = (await nodeDisk.list(this.#directory)) ?? [];
    const others = entries
      .filter(({ name }) => !(this.replaces && name === TOPOLOGY_FILE))
      .filter(({ name, isDirectory }) => !(isDirectory && (name === 'lost+found' || name === RAFT_DIRECTORY)))
      .map(({ name }) => name);
    const inRaft = others.includes(RAFT_DIRECTORY) ? [] : await this.#raft.occupants();
    return [...others, ...inRaft.map((name) => `${RAFT_DIRECTORY}/${name}`)].sort();
  }

  restoredFrom(): Promise<RestoreOrigin | undefined> {
    return this.#raft.restoredFrom();
  }

  freeBytes(): Promise<number | undefined> {
    return this.#raft.freeBytes();
  }

  begin(checkpointId: CheckpointId): Promise<RestoreStaging> {
    return this.#raft.begin(checkpointId);
  }

  truncateAfter(ends: ReadonlyMap<PartitionId, LogPosition>): RestoreTarget {
    const cutting = this.#raft.truncateAfter?.(ends) ?? this.#raft;
    return {
      location: this.location,
      replaces: this.replaces,
      occupants: () => this.occupants(),
      restoredFrom: () => this.restoredFrom(),
      freeBytes: () => this.freeBytes(),
      begin: (checkpointId) => cutting.begin(checkpointId),
    };
  }
}

/** A broker that writes into files that are read and moved would lose what it writes. */
async function refuseRunning(directory: string): Promise<void> {
  const partitions = partitionsOf(directory);
  for (const { name, isDirectory } of (await nodeDisk.list(partitions)) ?? []) {
    if (!isDirectory || !/^[1-9]\d{0,8}$/.test(name)) continue;
    const partition = join(partitions, name);
    for (const lock of [databaseLock(partition), memberFile(partition, Number(name))]) {
      if (!(await isLocked(lock))) continue;
      const detail = `path=${directory} locked=${lock}; a broker runs there: stop it, then restore again`;
      throw new RestoreTargetFailure('replace', detail);
    }
  }
}
