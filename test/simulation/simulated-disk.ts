// The disk of one partition's leader. Bytes that were appended and not synced may be torn off by a crash. A leader that
// was deposed can sync no more: nothing that it appends is ever committed.
import type { LedgerDisk, LogFile } from '../../examples/ledger/ledger-disk.ts';
import type { LedgerState } from '../../examples/ledger/ledger-state.ts';
import type { BackupFile } from '../../src/core/backup.ts';
import type { Chance } from './chance.ts';
import { copyData, decodeData, emptyData, MemoryState, type StateData } from './memory-state.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedProcess } from './simulated-process.ts';

export interface DiskFile {
  bytes: Buffer;
  durable: number;
}

/** Told about the bytes of a file that have become durable. */
export type OnDurable = (path: string, bytes: Buffer) => void;

export interface SimulatedDiskParts {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  /** Whether files of backups have the versions that the broker gives them. */
  readonly givesVersions: boolean;
  readonly onDurable: OnDurable;
  /** Told about a snapshot's file when it has got its name. */
  readonly onSnapshot: (path: string, bytes: Buffer) => void;
}

/** What is left of a live state: all, an earlier one, or nothing. */
export type KeptState = 'whole' | 'behind' | 'none';

const STATE = /\/state\.db$/;
const SNAPSHOT = /\/snapshots\/(\d+-\d+)\/state\.db$/;

export class SimulatedDisk implements LedgerDisk {
  readonly files: Map<string, DiskFile>;
  /** Set when another leader has taken over: nothing becomes durable any more. */
  fenced = false;
  readonly #parts: SimulatedDiskParts;
  readonly #process: SimulatedProcess;
  /** The live states: what a database would keep in its file. */
  readonly #states: Map<string, StateData>;

  constructor(
    parts: SimulatedDiskParts,
    process: SimulatedProcess,
    files = new Map<string, DiskFile>(),
    states = new Map<string, StateData>(),
  ) {
    this.#parts = parts;
    this.#process = process;
    this.files = files;
    this.#states = states;
  }

  /** The disk as the next process on this node finds it after a crash. */
  afterCrash(process: SimulatedProcess, state: KeptState): SimulatedDisk {
    const files = new Map<string, DiskFile>();
    for (const [path, { bytes, durable }] of this.files) {
      const kept = this.#parts.chance.between(durable, bytes.length);
      files.set(path, { bytes: Buffer.from(bytes.subarray(0, kept)), durable: kept });
    }
    return new SimulatedDisk(this.#parts, process, files, this.#kept(state));
  }

  /** The disk of a replica that takes over: what is committed, with a state of its own or without one. */
  replica(process: SimulatedProcess, state: KeptState, hasNewestSnapshot: boolean): SimulatedDisk {
    const files = new Map<string, DiskFile>();
    for (const [path, { bytes, durable }] of this.files) {
      files.set(path, { bytes: Buffer.from(bytes.subarray(0, durable)), durable });
    }
    const snapshots = [...files.keys()].filter((path) => SNAPSHOT.test(path)).sort(byPosition);
    if (!hasNewestSnapshot && snapshots.length > 1) files.delete(snapshots.at(-1) as string);
    return new SimulatedDisk(this.#parts, process, files, this.#kept(state));
  }

  #kept(kept: KeptState): Map<string, StateData> {
    const states = new Map<string, StateData>();
    for (const [path, data] of this.#states) {
      const from = kept === 'behind' ? (data.behind ?? data) : data;
      if (kept !== 'none') states.set(path, copyData(from));
    }
    return states;
  }

  openState(path: string): LedgerState {
    const file = this.files.get(path);
    const data = this.#states.get(path) ?? (file === undefined ? emptyData() : decodeData(file.bytes));
    this.#states.set(path, data);
    this.files.delete(path);
    return new MemoryState(data, (to, bytes) => void this.files.set(to, { bytes, durable: bytes.length }));
  }

  /** What recovery has kept of a log is durable from now on. */
  settle(): void {
    for (const [path, file] of this.files) {
      if (!path.endsWith('.log')) continue;
      file.durable = file.bytes.length;
      this.#parts.onDurable(path, file.bytes);
    }
  }

  makeDirectory(): void {}

  list(path: string): string[] {
    const names = new Set<string>();
    for (const file of [...this.files.keys(), ...this.#states.keys()]) {
      if (file.startsWith(`${path}/`)) names.add(file.slice(path.length + 1).split('/')[0] as string);
    }
    return [...names].sort();
  }

  exists(path: string): boolean {
    return this.files.has(path) || this.#states.has(path);
  }

  read(path: string): Buffer {
    return this.#file(path).bytes;
  }

  async readLater(path: string): Promise<Buffer> {
    return this.read(path);
  }

  copy(from: string, to: string): void {
    const bytes = Buffer.from(this.read(from));
    this.files.set(to, { bytes, durable: bytes.length });
  }

  rename(from: string, to: string): void {
    for (const [path, file] of [...this.files]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      const moved = to + path.slice(from.length);
      this.files.delete(path);
      this.files.set(moved, file);
      if (SNAPSHOT.test(moved)) this.#parts.onSnapshot(moved, file.bytes);
    }
  }

  remove(path: string): void {
    for (const files of [this.files, this.#states]) {
      for (const file of [...files.keys()]) {
        if (file === path || file.startsWith(`${path}/`)) files.delete(file);
      }
    }
  }

  truncate(path: string, sizeBytes: number): void {
    const file = this.#file(path);
    file.bytes = file.bytes.subarray(0, sizeBytes);
    file.durable = Math.min(file.durable, sizeBytes);
  }

  sync(): void {}

  async open(path: string, flags: 'a' | 'ax'): Promise<LogFile> {
    const { scheduler, chance, onDurable } = this.#parts;
    if (flags === 'ax' && this.files.has(path)) throw new Error(`EEXIST ${path}`);
    const file = this.files.get(path) ?? { bytes: Buffer.alloc(0), durable: 0 };
    this.files.set(path, file);
    return {
      appendFile: async (bytes) => {
        file.bytes = Buffer.concat([file.bytes, bytes]);
      },
      datasync: () =>
        new Promise((resolve) => {
          const upTo = file.bytes.length;
          const delay = chance.is(0.05) ? chance.fraction() * 300 : 0.1 + chance.fraction() * 2;
          const done = () => {
            if (this.fenced) return;
            file.durable = Math.max(file.durable, upTo);
            onDurable(path, file.bytes.subarray(0, file.durable));
            resolve();
          };
          scheduler.after(delay, `synced ${path} by ${this.#process.name}`, done, this.#process);
        }),
      close: async () => {},
    };
  }

  backupFile(
    path: string,
    { version, sizeBytes = this.read(path).length }: Parameters<LedgerDisk['backupFile']>[1],
  ): BackupFile {
    const file = () => this.#file(path).bytes;
    return {
      name: path.slice(path.lastIndexOf('/') + 1),
      sizeBytes,
      ...(this.#parts.givesVersions ? { version } : {}),
      async *open() {
        for (let at = 0; at < sizeBytes; at += 1_000)
          yield file().subarray(at, Math.min(at + 1_000, sizeBytes));
      },
    };
  }

  #file(path: string): DiskFile {
    const file = this.files.get(path);
    if (file === undefined) throw new Error(`ENOENT ${path}`);
    return file;
  }
}

/** The id of the snapshot that a file belongs to. */
export function snapshotOfPath(path: string): string | undefined {
  return SNAPSHOT.exec(path)?.[1];
}

export function isStatePath(path: string): boolean {
  return STATE.test(path);
}

function byPosition(a: string, b: string): number {
  const position = (path: string) => BigInt(snapshotOfPath(path)?.split('-')[0] ?? 0);
  return position(a) < position(b) ? -1 : 1;
}
