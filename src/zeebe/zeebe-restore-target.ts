// A Zeebe broker's data directory as a restore target: the tree that Zeebe's own restore makes, with the log
// really ending at the checkpoint. All partitions become visible with one rename of
// `raft-partition/partitions`.
import { join, resolve } from 'node:path';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import type { RestoreStaging, RestoreTarget } from '../ports/restore-target.ts';
import { DirectoryRestoreTarget } from '../runtime/directory-restore-target.ts';
import { nodeDisk } from '../runtime/node-disk.ts';
import { RAFT_DIRECTORY } from './data-directory-paths.ts';
import { zeebeLayout } from './zeebe-layout.ts';

export interface ZeebeRestoreTargetSettings {
  /** Zeebe's `data.directory` of this node. It may be absent, and may hold `lost+found`. */
  readonly directory: string;
}

/** Restores backups of Zeebe's own files, whoever stored them. Damage is an error, and installs nothing. */
export class ZeebeRestoreTarget implements RestoreTarget {
  readonly takesLentChunks = true;
  readonly #directory: string;
  readonly #raft: DirectoryRestoreTarget;

  constructor({ directory }: ZeebeRestoreTargetSettings) {
    this.#directory = resolve(directory);
    const raft = { directory: join(this.#directory, RAFT_DIRECTORY) };
    this.#raft = new DirectoryRestoreTarget(raft, nodeDisk, zeebeLayout);
  }

  get location(): string {
    return this.#directory;
  }

  async occupants(): Promise<readonly string[]> {
    const entries = (await nodeDisk.list(this.#directory)) ?? [];
    const others = entries
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
      occupants: () => this.occupants(),
      restoredFrom: () => this.restoredFrom(),
      freeBytes: () => this.freeBytes(),
      begin: (checkpointId) => cutting.begin(checkpointId),
    };
  }
}
