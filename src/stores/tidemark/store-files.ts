// Turns a backup's files into stored chunks: cuts large files, packs small ones, leaves out what the base
// holds, unread where versions vouch for it. Never holds more chunks in memory than the store lends.
import { err, type Ok, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { BackupId, PartitionBackup } from '../../core/backup.ts';
import { Aborted, type BrokerFailure, type StoreError } from '../../core/errors.ts';
import { BACKUP_DEADLINE_MS } from '../../core/limits.ts';
import { fromAsync, threw } from '../../core/result.ts';
import type { BackupProgress } from '../../core/status.ts';
import type { Logger } from '../../ports/telemetry.ts';
import type { ChunkMemory } from '../chunk-memory.ts';
import { ChunkUploads } from './chunk-uploads.ts';
import type { DataKey } from './data-key.ts';
import { digestChunk, sha256Hex, toHex } from './digest.ts';
import { FileReader } from './file-reader.ts';
import type { Layout, LayoutValues } from './layout.ts';
import { LoadThrottle } from './load-throttle.ts';
import type { ManifestFile, Piece } from './manifest.ts';
import type { ReusablePieces } from './reusable-pieces.ts';
import { SaveProgress } from './save-progress.ts';
import { type SourceFile, type StoringUnit, sourceFiles, storingPlan } from './storing-plan.ts';
import { type VouchedFiles, vouchedFiles } from './vouched-files.ts';

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

const BROKEN_WORD =
  'a file has changed and its version has not: this backup has read it, others may hold old bytes of it';

/** Stores all files and gives their places in the order of the manifest. Ends at the first error. */
export function storeFiles(
  layout: Layout,
  options: StoreFilesOptions,
): ResultAsync<readonly ManifestFile[], StoreFilesError> {
  return fromAsync<readonly ManifestFile[], StoreFilesError>(async () => {
    const sources = sourceFiles(options.backup);
    const vouched = await vouchedFiles(sources, options.reusable, layout.values);
    const plan = storingPlan(
      sources.filter((source) => !vouched.whole.has(source)),
      layout.values.chunkSizeBytes,
    );
    const storing = new FileStoring(layout, options, { sources, vouched, plan });
    storing.leaveUnread();
    // No more files at once than chunks: the others would only wait with their sources open.
    const units = pLimit(layout.values.chunksInFlight);
    await Promise.all(plan.map((unit) => units(() => storing.store(unit))));
    if (storing.failure !== undefined) return err(storing.failure);
    return ok(sources.map((source) => storing.place(source)));
  });
}

interface FilesToStore {
  readonly sources: readonly SourceFile[];
  readonly vouched: VouchedFiles;
  /** What is read. */
  readonly plan: readonly StoringUnit[];
}

/** How many chunks a plan makes at most. */
function chunksOf({ plan, vouched }: FilesToStore, { chunkSizeBytes, readEverything }: LayoutValues): number {
  const ofUnit = (unit: StoringUnit) => {
    if ('group' in unit) return 1;
    const unread = readEverything ? 0 : (vouched.parts.get(unit.large)?.size ?? 0);
    return Math.ceil(unit.large.file.sizeBytes / chunkSizeBytes) - unread;
  };
  return plan.reduce((sum, unit) => sum + ofUnit(unit), 0);
}

/** The work under way. The first failure stops all of it. */
class FileStoring {
  failure: StoreFilesError | undefined;
  readonly #values: LayoutValues;
  readonly #id: BackupId;
  readonly #vouched: VouchedFiles;
  readonly #logger: Logger;
  readonly #changed = new Set<SourceFile>();
  readonly #slots: ReturnType<typeof pLimit>;
  readonly #memory: ChunkMemory;
  readonly #uploads: ChunkUploads;
  readonly #reusable: ReusablePieces;
  readonly #progress: SaveProgress;
  readonly #throttle: LoadThrottle | undefined;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #places = new Map<SourceFile, readonly Piece[]>();

  constructor(layout: Layout, options: StoreFilesOptions, files: FilesToStore) {
    const sizes = files.sources.map((source) => source.file.sizeBytes);
    this.#values = layout.values;
    this.#vouched = files.vouched;
    this.#logger = layout.logger;
    this.#id = options.backup.id;
    this.#slots = pLimit(layout.values.chunksInFlight);
    this.#memory = layout.memories.forSaving();
    this.#signal = AbortSignal.any([options.signal, this.#stop.signal]);
    const { backup, salt, key } = options;
    const { partitionId } = backup.id;
    this.#uploads = new ChunkUploads(layout, { partitionId, signal: this.#signal, salt, key });
    this.#reusable = options.reusable;
    const { clock, load } = layout;
    const { chunksInFlight } = layout.values;
    const chunks = chunksOf(files, layout.values);
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
    const { name, sizeBytes, version } = source.file;
    const pieces = this.#vouched.whole.get(source) ?? this.#places.get(source) ?? [];
    return { kind: source.kind, name, sizeBytes, ...(version === undefined ? {} : { version }), pieces };
  }

  /** Counts the files that are not read. */
  leaveUnread(): void {
    let bytes = 0;
    for (const { file } of this.#vouched.whole.keys()) bytes += file.sizeBytes;
    this.#progress.filesUnread(this.#vouched.whole.size, bytes);
  }

  async store(unit: StoringUnit): Promise<void> {
    await this.#contained(() => ('large' in unit ? this.#cut(unit.large) : this.#pack(unit.group)));
  }

  /** Cuts a file in chunks. Reads on while chunks are hashed and sent, as far as there are slots. */
  async #cut(source: SourceFile): Promise<void> {
    const { sizeBytes } = source.file;
    const { chunkSizeBytes, readEverything } = this.#values;
    const vouched = this.#vouched.parts.get(source);
    const reader = new FileReader(source.file, this.#signal);
    const sending: (Piece | Promise<Piece | undefined>)[] = [];
    for (let at = 0; at < sizeBytes && this.#mayGoOn(); at += chunkSizeBytes) {
      const length = Math.min(chunkSizeBytes, sizeBytes - at);
      const inBase = vouched?.get(at);
      if (inBase !== undefined && !readEverything) {
        this.#progress.bytesDone(length, 'unread');
        sending.push(inBase);
        continue;
      }
      const read = Promise.withResolvers<void>();
      sending.push(
        this.#slots(() =>
          this.#contained(async () => {
            await this.#throttle?.turn(this.#signal);
            return this.#inMemory(length, async (bytes) => {
              const filled = await reader.fill(bytes, at).andThen(() => reader.endAfter(sizeBytes));
              read.resolve();
              if (!this.#isOk(filled)) return undefined;
              const digest = await digestChunk(bytes);
              this.#holdAgainst(inBase, toHex(digest), source);
              return this.#piece(bytes, digest);
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
      this.#holdAgainst(this.#vouched.parts.get(source)?.get(0), digest, source);
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

  async #piece(bytes: Uint8Array<SharedArrayBuffer>, digest: Uint8Array): Promise<Piece | undefined> {
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

  /** Where a version vouched for a piece that was read all the same: was it true? */
  #holdAgainst(inBase: Piece | undefined, sha256: string, source: SourceFile): void {
    if (inBase === undefined || inBase.sha256 === sha256 || this.#changed.has(source)) return;
    this.#changed.add(source);
    const { name, version } = source.file;
    this.#logger.warn({ ...this.#id, file: name, version }, BROKEN_WORD);
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
      this.#isOk(err(threw('save backup', cause)));
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
