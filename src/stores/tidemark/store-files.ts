// Turns a backup's files into stored chunks: cuts large files, packs small ones, leaves out what the base
// holds. Never holds more chunks in memory than the store lends.
import { err, type Ok, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { PartitionBackup } from '../../core/backup.ts';
import { Aborted, type BrokerFailure, type StoreError, StoreFailure } from '../../core/errors.ts';
import { BACKUP_DEADLINE_MS } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupProgress } from '../../core/status.ts';
import type { ChunkMemory } from '../chunk-memory.ts';
import { ChunkUploads } from './chunk-uploads.ts';
import type { DataKey } from './data-key.ts';
import { digestChunk, sha256Hex, toHex } from './digest.ts';
import { FileReader } from './file-reader.ts';
import type { Layout } from './layout.ts';
import { LoadThrottle } from './load-throttle.ts';
import type { ManifestFile, Piece } from './manifest.ts';
import type { ReusablePieces } from './reusable-pieces.ts';
import { SaveProgress } from './save-progress.ts';
import { type SourceFile, type StoringUnit, sourceFiles, storingPlan } from './storing-plan.ts';

export interface StoreFilesOptions {
  readonly backup: PartitionBackup;
  readonly reusable: ReusablePieces;
  readonly signal: AbortSignal;
  /** Set when chunks must not have names that are or were in the store. */
  readonly salt?: string | undefined;
  /** Set when chunks are to be encrypted. */
  readonly key?: DataKey | undefined;
  /** How long the save may take. */
  readonly deadlineMs?: number | undefined;
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
}

export type StoreFilesError = StoreError | BrokerFailure;

/** Stores all files and gives their places in the order of the manifest. Ends at the first error. */
export function storeFiles(
  layout: Layout,
  options: StoreFilesOptions,
): ResultAsync<readonly ManifestFile[], StoreFilesError> {
  return fromAsync<readonly ManifestFile[], StoreFilesError>(async () => {
    const sources = sourceFiles(options.backup);
    // No more files at once than chunks: the others would only wait with their sources open.
    const units = pLimit(layout.values.chunksInFlight);
    const plan = storingPlan(sources, layout.values.chunkSizeBytes);
    const storing = new FileStoring(layout, options, sources, chunksOf(plan, layout.values.chunkSizeBytes));
    await Promise.all(plan.map((unit) => units(() => storing.store(unit))));
    if (storing.failure !== undefined) return err(storing.failure);
    return ok(sources.map((source) => storing.place(source)));
  });
}

/** How many chunks a plan makes at most. */
function chunksOf(plan: readonly StoringUnit[], chunkSizeBytes: number): number {
  const ofUnit = (unit: StoringUnit) =>
    'large' in unit ? Math.ceil(unit.large.file.sizeBytes / chunkSizeBytes) : 1;
  return plan.reduce((sum, unit) => sum + ofUnit(unit), 0);
}

/** The work under way. The first failure stops all of it. */
class FileStoring {
  failure: StoreFilesError | undefined;
  readonly #chunkSizeBytes: number;
  readonly #slots: ReturnType<typeof pLimit>;
  readonly #memory: ChunkMemory;
  readonly #uploads: ChunkUploads;
  readonly #reusable: ReusablePieces;
  readonly #progress: SaveProgress;
  readonly #throttle: LoadThrottle | undefined;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #places = new Map<SourceFile, readonly Piece[]>();

  constructor(layout: Layout, options: StoreFilesOptions, sources: readonly SourceFile[], chunks: number) {
    const sizes = sources.map((source) => source.file.sizeBytes);
    this.#chunkSizeBytes = layout.values.chunkSizeBytes;
    this.#slots = pLimit(layout.values.chunksInFlight);
    this.#memory = layout.memories.forSaving();
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    const { backup, salt, key } = options;
    const { partitionId } = backup.id;
    this.#uploads = new ChunkUploads(layout, { partitionId, signal: this.#signal, salt, key });
    this.#reusable = options.reusable;
    const { clock, load } = layout;
    const { chunksInFlight } = layout.values;
    const { deadlineMs = BACKUP_DEADLINE_MS } = options;
    const onWindow = (window: number) => {
      this.#slots.concurrency = window;
    };
    const throttle =
      load === undefined
        ? undefined
        : new LoadThrottle({ clock, load, onWindow }, { chunksInFlight, chunks, deadlineMs });
    this.#throttle = throttle;
    const throttledMs = throttle === undefined ? undefined : () => throttle.throttledMs;
    this.#progress = new SaveProgress(sizes, options.onProgress, throttledMs);
  }

  place(source: SourceFile): ManifestFile {
    const { kind, file } = source;
    return { kind, name: file.name, sizeBytes: file.sizeBytes, pieces: this.#places.get(source) ?? [] };
  }

  async store(unit: StoringUnit): Promise<void> {
    await this.#contained(() => ('large' in unit ? this.#cut(unit.large) : this.#pack(unit.group)));
  }

  /** Cuts a file in chunks. Reads on while chunks are hashed and sent, as far as there are slots. */
  async #cut(source: SourceFile): Promise<void> {
    const { sizeBytes } = source.file;
    const reader = new FileReader(source.file, this.#signal);
    const sending: Promise<Piece | undefined>[] = [];
    for (let at = 0; at < sizeBytes && this.#mayGoOn(); at += this.#chunkSizeBytes) {
      const length = Math.min(this.#chunkSizeBytes, sizeBytes - at);
      const read = Promise.withResolvers<void>();
      sending.push(
        this.#slots(() =>
          this.#contained(async () => {
            await this.#throttle?.turn(this.#signal);
            return this.#inMemory(length, async (bytes) => {
              const filled = await reader.fill(bytes).andThen(() => reader.endAfter(sizeBytes));
              read.resolve();
              return this.#isOk(filled) ? this.#piece(bytes) : undefined;
            });
          }).finally(read.resolve),
        ),
      );
      await read.promise;
    }
    const pieces = (await Promise.all(sending)).filter((piece) => piece !== undefined);
    reader.close();
    if (this.failure === undefined) this.#placed(source, pieces);
  }

  /** Reads a group of small files into one buffer; what the base does not hold of it becomes one chunk. */
  async #pack(group: readonly SourceFile[]): Promise<void> {
    await this.#slots(async () => {
      await this.#throttle?.turn(this.#signal);
      const bytes = group.reduce((sum, { file }) => sum + file.sizeBytes, 0);
      await this.#inMemory(bytes, (pack) => this.#packInto(pack, group));
    });
  }

  /** Something when it went well, or when there was nothing to send. */
  async #packInto(
    pack: Uint8Array<SharedArrayBuffer>,
    group: readonly SourceFile[],
  ): Promise<true | undefined> {
    const packed: { readonly source: SourceFile; readonly digest: string; readonly offset: number }[] = [];
    let used = 0;
    for (const source of group) {
      if (!this.#mayGoOn()) return undefined;
      const { sizeBytes } = source.file;
      const bytes = pack.subarray(used, used + sizeBytes);
      const reader = new FileReader(source.file, this.#signal);
      const filled = await reader.fill(bytes).andThen(() => reader.endAfter(sizeBytes));
      reader.close();
      if (!this.#isOk(filled)) return undefined;
      const digest = sha256Hex(bytes);
      const known = this.#reusable.find(digest, sizeBytes);
      if (known !== undefined || sizeBytes === 0) {
        this.#progress.bytesDone(sizeBytes, 'reused');
        this.#placed(source, known === undefined ? [] : [known]);
        continue;
      }
      packed.push({ source, digest, offset: used });
      used += sizeBytes;
    }
    if (used === 0) return true;
    const whole = pack.subarray(0, used);
    const sent = await this.#uploads.send(whole, await digestChunk(whole));
    if (!this.#isOk(sent)) return undefined;
    for (const { source, digest, offset } of packed) {
      const length = source.file.sizeBytes;
      this.#progress.bytesDone(length, 'sent');
      this.#placed(source, [{ chunk: sent.value, offset, length, sha256: digest }]);
    }
    return true;
  }

  /**
   * Lends memory to a step. Only what went well to its end is surely done with it: a broker's file or a request that
   * was given up may still write or read there.
   */
  async #inMemory<T>(
    sizeBytes: number,
    step: (bytes: Uint8Array<SharedArrayBuffer>) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const lent = await this.#memory.take(sizeBytes, this.#signal);
    if (lent === undefined) {
      this.#mayGoOn();
      return undefined;
    }
    try {
      const done = await step(lent.bytes);
      if (done !== undefined) lent.giveBack();
      return done;
    } finally {
      lent.giveUp();
    }
  }

  async #piece(bytes: Uint8Array<SharedArrayBuffer>): Promise<Piece | undefined> {
    const digest = await digestChunk(bytes);
    const known = this.#reusable.find(toHex(digest), bytes.length);
    if (known !== undefined) {
      this.#progress.bytesDone(bytes.length, 'reused');
      return known;
    }
    const sent = await this.#uploads.send(bytes, digest);
    if (!this.#isOk(sent)) return undefined;
    this.#progress.bytesDone(bytes.length, 'sent');
    return { chunk: sent.value, offset: 0, length: bytes.length, sha256: sent.value.sha256 };
  }

  #placed(source: SourceFile, pieces: readonly Piece[]): void {
    this.#places.set(source, pieces);
    this.#progress.fileDone();
  }

  #mayGoOn(): boolean {
    if (this.failure === undefined && this.#signal.aborted) this.failure = new Aborted('save backup');
    return this.failure === undefined;
  }

  /** A step that throws (a storage or a callback of others) ends the save, and never the process. */
  async #contained<T>(step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (cause) {
      this.#isOk(err(new StoreFailure('save backup', 'it threw instead of giving a Result', cause)));
      return undefined;
    }
  }

  /** Whether the step went well. The first one that did not stops everything. */
  #isOk<T>(result: Result<T, StoreFilesError>): result is Ok<T, never> {
    if (result.isOk()) return true;
    this.failure ??= result.error;
    this.#stop.abort();
    return false;
  }
}
