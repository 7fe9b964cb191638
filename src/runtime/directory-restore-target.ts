// A data directory in the default layout as a restore target:
// `<directory>/partitions/<partition>/log/<segment>` and
// `<directory>/partitions/<partition>/snapshots/<snapshot>/<file>`. It removes nothing that no restore made.
import { basename, dirname, join, resolve } from 'node:path';
import { RestoreTargetFailure } from '../core/errors.ts';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import type { RestoreStaging, RestoreTarget } from '../ports/restore-target.ts';
import { DirectoryRestoreStaging } from './directory-restore-staging.ts';
import type { Disk } from './disk.ts';
import { nodeDisk } from './node-disk.ts';
import { holdsReplaced, putBack, type Replaceable } from './replaced-data.ts';
import { defaultLayout, type RestoreLayout } from './restore-layout.ts';
import { parseRestoreNote, RESTORE_NOTE, RESTORE_NOTE_BYTES_MAX } from './restore-note.ts';
import {
  adoptedBytes,
  adoptLeftovers,
  isStaging,
  isStagingOf,
  makeStaging,
  partitionsDirectory,
  removeStaging,
} from './staging-directory.ts';

export interface DirectoryRestoreTargetSettings {
  /** The data directory of the node. It may be absent, and may hold `lost+found`. */
  readonly directory: string;
  /**
   * Replace the partitions that are there, and take from them what the backup has too. The old ones stay until the new
   * ones are whole, so the disk must hold both; then they are removed. Default false: what is there is in the way.
   */
  readonly replace?: boolean | undefined;
}

/** Restores into a directory. The files become visible with one rename of `partitions`. */
export class DirectoryRestoreTarget implements RestoreTarget {
  readonly takesLentChunks = true;
  readonly replaces: boolean;
  readonly #replaceable: readonly Replaceable[];
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #layout: RestoreLayout;
  /** There when the layout can truncate. */
  readonly truncateAfter?: (ends: ReadonlyMap<PartitionId, LogPosition>) => RestoreTarget;

  /**
   * `layout` is for a broker that keeps the files of a partition in its own way; `alongside` are files that must go
   * when its partitions are replaced.
   */
  constructor(
    { directory, replace = false }: DirectoryRestoreTargetSettings,
    disk: Disk = nodeDisk,
    layout: RestoreLayout = defaultLayout,
    alongside: readonly string[] = [],
  ) {
    this.#directory = resolve(directory);
    this.replaces = replace;
    this.#replaceable = [
      { name: 'partitions', path: partitionsDirectory(this.#directory), isDirectory: true },
      ...alongside.map((path) => ({ name: basename(path), path, isDirectory: false })),
    ];
    this.#disk = disk;
    this.#layout = layout;
    if (layout.truncate === undefined) return;
    this.truncateAfter = (ends) => ({
      location: this.location,
      replaces: this.replaces,
      occupants: () => this.occupants(),
      restoredFrom: () => this.restoredFrom(),
      freeBytes: () => this.freeBytes(),
      begin: (checkpointId) => this.#begin(checkpointId, ends),
    });
  }

  get location(): string {
    return this.#directory;
  }

  async occupants(): Promise<readonly string[]> {
    const kind = await this.#disk.kind(this.#directory);
    if (kind === undefined) return [];
    if (kind !== 'directory') throw this.#notADirectory(this.#directory);
    const occupants: string[] = [];
    for (const entry of (await this.#disk.list(this.#directory)) ?? []) {
      if (entry.name === 'lost+found' && entry.isDirectory) continue;
      if (this.replaces && entry.name === 'partitions' && entry.isDirectory) continue;
      if (!(await isStaging(this.#disk, this.#directory, entry))) occupants.push(entry.name);
      else if (!this.replaces && (await holdsReplaced(this.#disk, join(this.#directory, entry.name)))) {
        occupants.push(`${entry.name}/replaced`);
      }
    }
    return occupants.sort();
  }

  async restoredFrom(): Promise<RestoreOrigin | undefined> {
    const path = join(partitionsDirectory(this.#directory), RESTORE_NOTE);
    const text = await this.#disk.readText(path, RESTORE_NOTE_BYTES_MAX);
    return text === undefined ? undefined : parseRestoreNote(text);
  }

  async freeBytes(): Promise<number | undefined> {
    const free = await this.#disk.freeBytes(this.#directory);
    if (free === undefined) return undefined;
    let kept = 0;
    for (const staging of await this.#leftovers()) kept += await adoptedBytes(this.#disk, staging);
    return free + kept;
  }

  begin(checkpointId: CheckpointId): Promise<RestoreStaging> {
    return this.#begin(checkpointId, new Map());
  }

  async #begin(
    checkpointId: CheckpointId,
    ends: ReadonlyMap<PartitionId, LogPosition>,
  ): Promise<RestoreStaging> {
    const made: string[] = [];
    try {
      await this.#makeDirectories(made);
      const { staging, kept } = await this.#makeStaging(checkpointId);
      return new DirectoryRestoreStaging(this.#disk, {
        directory: this.#directory,
        staging,
        kept,
        replaces: this.replaces ? this.#replaceable : [],
        layout: this.#layout,
        checkpointId,
        ends,
        made,
      });
    } catch (cause) {
      for (const path of made.reverse()) await this.#disk.removeDirectory(path).catch(() => {});
      throw cause;
    }
  }

  /** Makes the directory and what is missing above it, and notes what it made, outermost first. */
  async #makeDirectories(made: string[]): Promise<void> {
    const missing: string[] = [];
    let path = this.#directory;
    let kind = await this.#disk.kind(path);
    while (kind === undefined) {
      missing.unshift(path);
      path = dirname(path);
      kind = await this.#disk.kind(path);
    }
    if (kind !== 'directory') throw this.#notADirectory(path);
    for (const directory of missing) {
      if (await this.#disk.makeDirectory(directory)) made.push(directory);
      await this.#disk.syncDirectory(dirname(directory));
    }
  }

  /** A new staging, with what restores of the same backup have left; what others left is removed. */
  async #makeStaging(checkpointId: CheckpointId) {
    let leftovers: string[] = [];
    for (const leftover of await this.#leftovers()) {
      // Stopped between the old data and the new: the old data is put back before anything else of it goes.
      if ((await this.#disk.kind(partitionsDirectory(this.#directory))) === undefined) {
        await putBack(this.#disk, leftover, this.#replaceable);
      }
      if (isStagingOf(basename(leftover), checkpointId)) leftovers.push(leftover);
      else await removeStaging(this.#disk, leftover);
    }
    const make = () => makeStaging(this.#disk, this.#directory, checkpointId);
    const staging = await make().catch(async (cause: unknown) => {
      if (leftovers.length === 0) throw cause;
      // They may have filled the disk to the last block.
      for (const leftover of leftovers) await removeStaging(this.#disk, leftover);
      leftovers = [];
      return make();
    });
    try {
      return { staging, kept: await adoptLeftovers(this.#disk, staging, leftovers) };
    } catch (cause) {
      await removeStaging(this.#disk, staging).catch(() => {});
      throw cause;
    }
  }

  async #leftovers(): Promise<string[]> {
    const leftovers: string[] = [];
    for (const entry of (await this.#disk.list(this.#directory)) ?? []) {
      if (await isStaging(this.#disk, this.#directory, entry))
        leftovers.push(join(this.#directory, entry.name));
    }
    return leftovers;
  }

  #notADirectory(path: string): RestoreTargetFailure {
    const detail = `path=${path} it is no directory; remove it or correct the data directory`;
    return new RestoreTargetFailure('inspect', detail);
  }
}
