// One restore into a directory, not yet visible. Every file and directory is synced before the one rename
// that makes all of them visible, so that a power cut leaves nothing or everything.
import { dirname, join, relative } from 'node:path';
import type { BackupDescriptor } from '../core/backup.ts';
import { BackupCorrupt } from '../core/errors.ts';
import type { CheckpointId, LogPosition, PartitionId } from '../core/ids.ts';
import type { RestoreOrigin } from '../core/restore-origin.ts';
import type { FilePiece, RestoredFile, RestoreStaging } from '../ports/restore-target.ts';
import type { Disk } from './disk.ts';
import { type KeptTree, takeKeptFile } from './kept-files.ts';
import { putBack, type Replaceable, setAside } from './replaced-data.ts';
import { flat, type RestoreLayout } from './restore-layout.ts';
import { RESTORE_NOTE, restoreNote } from './restore-note.ts';
import { partitionsDirectory, removeAdopted, removeStaging, stagingFailure } from './staging-directory.ts';

export interface DirectoryRestoreStagingSettings {
  /** The data directory. */
  readonly directory: string;
  /** The staging in it, which `makeStaging` made. */
  readonly staging: string;
  /** Directories in it with the partitions of interrupted restores of the same backup. */
  readonly kept: readonly string[];
  /** What is set aside for the new data; all of it is put back if that fails. Empty: nothing may be there. */
  readonly replaces: readonly Replaceable[];
  readonly layout: RestoreLayout;
  readonly checkpointId: CheckpointId;
  /** Where logs end before what is written of them. */
  readonly ends: ReadonlyMap<PartitionId, LogPosition>;
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
  readonly #files: RestoredFile[] = [];
  /** Of files that are there in part or whole: how many bytes of them count. */
  readonly #keptBytes = new Map<string, number>();
  #dropping: Promise<void> | undefined;
  #state: 'staged' | 'replacing' | 'moved' | 'installed' = 'staged';

  constructor(disk: Disk, settings: DirectoryRestoreStagingSettings) {
    this.#disk = disk;
    this.#settings = settings;
    this.#partitions = partitionsDirectory(settings.staging);
  }

  async keep(file: RestoredFile, pieces: readonly FilePiece[], signal: AbortSignal): Promise<number> {
    const { ends } = this.#settings;
    const trees = this.#trees();
    const to = this.#pathOf(file);
    this.#keptBytes.set(to, 0);
    // What is written of a log that ends earlier is made of its bytes, and is not these.
    if (trees.length === 0 || pieces.length === 0 || (file.kind === 'segment' && ends.has(file.partitionId)))
      return 0;
    let count = 0;
    await this.#inStaging(async () => {
      await this.#ensure(dirname(to));
      const path = relative(this.#partitions, to);
      const isShared = file.kind === 'snapshot';
      count = await takeKeptFile(this.#disk, trees, { path, isShared, to, pieces }, signal);
      if (count === 0) return;
      const bytes = pieces.slice(0, count).reduce((total, { sizeBytes }) => total + sizeBytes, 0);
      this.#keptBytes.set(to, bytes);
    });
    return count;
  }

  /** Where files may be found: what a killed restore left, and the data that is replaced. */
  #trees(): readonly KeptTree[] {
    const { kept, directory, replaces } = this.#settings;
    const ours = kept.map((tree) => ({ directory: tree, isOurs: true }));
    return replaces.length === 0
      ? ours
      : [...ours, { directory: partitionsDirectory(directory), isOurs: false }];
  }

  write(file: RestoredFile, content: AsyncIterable<Uint8Array>): Promise<void> {
    const { ends, layout } = this.#settings;
    const end = file.kind === 'segment' ? ends.get(file.partitionId) : undefined;
    if (end === undefined) return this.#inStaging(() => this.#write(file, content));
    return this.#inStaging(() =>
      readToItsEnd(content, async (rest) => {
        const kept = layout.truncate?.(file, rest, end) ?? null;
        if (kept !== null) await this.#write(file, kept);
      }),
    );
  }

  seal(partitionId: PartitionId, descriptor: BackupDescriptor): Promise<void> {
    return this.#inStaging(() => this.#seal(partitionId, descriptor));
  }

  install(origin: RestoreOrigin): Promise<void> {
    return this.#inStaging(() => this.#install(origin));
  }

  async #write(file: RestoredFile, content: AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf(file);
    if (!this.#keptBytes.has(path)) await this.#dropKept();
    await this.#ensure(dirname(path));
    await this.#writeFile(path, content);
    this.#files.push(file);
  }

  /** Nobody can tell whether what was left is good: it makes room before the first file is written. */
  #dropKept(): Promise<void> {
    const { kept, staging } = this.#settings;
    if (kept.length === 0) return Promise.resolve();
    this.#dropping ??= removeAdopted(this.#disk, staging);
    return this.#dropping;
  }

  async #writeFile(path: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const kept = this.#keptBytes.get(path) ?? 0;
    const out = await (kept === 0 ? this.#disk.createFile(path) : this.#disk.continueFile(path, kept));
    try {
      for await (const chunk of content) await out.write(chunk);
      await out.sync();
    } finally {
      await out.close();
    }
  }

  async #seal(partitionId: PartitionId, descriptor: BackupDescriptor): Promise<void> {
    const { layout, checkpointId } = this.#settings;
    const { snapshotId } = descriptor;
    const partition = this.#partition(partitionId);
    if (snapshotId !== null && !this.#directories.has(join(partition, 'snapshots', snapshotId))) {
      throw new BackupCorrupt(`partition ${partitionId}`, `no file of the snapshot ${snapshotId} is in it`);
    }
    for (const directory of layout.directories) await this.#ensure(join(partition, directory));
    const files = this.#files.filter((file) => file.partitionId === partitionId);
    await layout.finish({ checkpointId, partitionId, descriptor, directory: partition, files });
    // Children before parents: a parent's path is the shorter one.
    const directories = [...this.#directories.keys()].filter((path) => isAtOrBelow(path, partition));
    for (const path of directories.sort((a, b) => b.length - a.length)) await this.#disk.syncDirectory(path);
  }

  async #install(origin: RestoreOrigin): Promise<void> {
    const { directory, staging, replaces } = this.#settings;
    const note = new TextEncoder().encode(restoreNote(origin));
    await this.#writeFile(join(this.#partitions, RESTORE_NOTE), [note]);
    await this.#disk.syncDirectory(this.#partitions);
    if (replaces.length > 0) {
      this.#state = 'replacing';
      await setAside(this.#disk, staging, replaces);
    }
    await this.#disk.moveDirectory(this.#partitions, partitionsDirectory(directory));
    this.#state = 'moved';
    await this.#disk.syncDirectory(directory);
    this.#state = 'installed';
    // The data is in place. An empty staging that cannot be removed does no harm and is no reason to fail.
    await removeStaging(this.#disk, staging).catch(() => {});
  }

  async discard(): Promise<void> {
    const { directory, staging, made, replaces } = this.#settings;
    if (this.#state === 'installed') return;
    if (this.#state === 'moved') {
      await this.#disk.moveDirectory(partitionsDirectory(directory), this.#partitions);
      this.#state = 'replacing';
    }
    if (this.#state === 'replacing') {
      await putBack(this.#disk, staging, replaces);
      this.#state = 'staged';
    }
    await removeStaging(this.#disk, staging);
    // Innermost first; one that is not empty by now stays, with those above it.
    for (const path of [...made].reverse()) {
      if (!(await this.#disk.removeDirectory(path))) return;
    }
  }

  /** Tells another restore of this directory by what it took away. */
  async #inStaging(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (cause) {
      if (this.#state !== 'staged') throw cause;
      throw await stagingFailure(this.#disk, this.#settings.staging, this.#partitions, cause);
    }
  }

  #pathOf(file: RestoredFile): string {
    return join(this.#partition(file.partitionId), ...this.#settings.layout.pathOf(file).map(flat));
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

/** Lets `use` take what it wants of the content, and reads what it leaves: only what is read is checked. */
async function readToItsEnd(
  content: AsyncIterable<Uint8Array>,
  use: (rest: AsyncIterable<Uint8Array>) => Promise<void>,
): Promise<void> {
  const iterator = content[Symbol.asyncIterator]();
  try {
    // Without a `return`, so that whoever stops early does not close it.
    await use({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) });
    while ((await iterator.next()).done !== true);
  } finally {
    await iterator.return?.();
  }
}

function isAtOrBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(join(parent, '/'));
}
