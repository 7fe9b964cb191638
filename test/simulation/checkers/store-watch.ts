// Looks at every change of the bucket in the moment it happens, and holds it against the format's promises. It keeps
// its own books and asks none of the code under test but for the names of objects.
import { createHash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { type CheckpointId, checkpointId } from '../../../src/core/ids.ts';
import { parseEntryKey, parseMarkerKey } from '../../../src/stores/tidemark/keys.ts';
import type { Scheduler } from '../scheduler.ts';
import * as settings from '../settings.ts';
import type { SimulatedProcess } from '../simulated-process.ts';
import { hold } from '../violation.ts';

interface Attempt {
  namedBaseAt: number;
  lastSignAt: number;
  writer: SimulatedProcess | undefined;
  /** How long it had given no sign when its writer began to end it: what follows looks at the entry, too. */
  silentMs: number | undefined;
  isSealedFailed: boolean;
  /** When its writer's seal arrived, as long as that is there, and the last `begun` that had arrived by then. */
  sealedAt: number | undefined;
  begunAt: number | undefined;
}

interface LiveManifest {
  readonly partitionId: number;
  readonly chunks: ReadonlySet<string>;
}

/** The first line of a manifest, and the lines of its chunks and files behind it, as far as they are looked at. */
interface ManifestHead {
  readonly base: string | null;
  readonly chunks: number;
  readonly files: number;
}
interface ManifestChunk {
  readonly sha256: string;
  readonly size: number;
  readonly codec: string;
  readonly name?: string;
}
interface ManifestFile {
  readonly name: string;
  readonly size: number;
  readonly pieces: readonly (readonly [chunk: number, offset: number, length: number])[];
}

const CHUNK = /^partitions\/\d+\/chunks\//;
/** A sign is tried every heartbeat, each try takes at most as long, and the try before may have just been missed. */
const SIGN_EVERY_MS = 2 * settings.HEARTBEAT_MS + 500;

/** What an object may stand for: its own bytes, and those that it is the frame of. */
function contentsOf(body: Uint8Array): readonly string[] {
  const content = (codec: string, bytes: Uint8Array) =>
    `${codec} ${createHash('sha256').update(bytes).digest('hex')} ${bytes.length}`;
  const isFrame = Buffer.from(body.subarray(0, 4)).toString('hex') === '28b52ffd';
  return [content('none', body), ...(isFrame ? [content('zstd', zstdDecompressSync(body))] : [])];
}

export class StoreWatch {
  /** What is deleted on purpose. Set by whoever asks for it. */
  readonly deleting = new Set<CheckpointId>();
  /** The latest time at which a process began to take this backup. */
  takeStartedAt: (process: SimulatedProcess, partitionId: number, id: CheckpointId) => number | undefined =
    () => undefined;
  readonly #scheduler: Scheduler;
  readonly #report: (cause: unknown) => void;
  readonly #digests = new Map<string, string>();
  /** Of each stored chunk its digest and its size. */
  readonly #chunks = new Map<string, readonly string[]>();
  readonly #manifests = new Map<string, LiveManifest>();
  readonly #markers = new Map<string, number>();
  readonly #attempts = new Map<string, Attempt>();
  readonly #readAt = new Map<string, number>();

  constructor(scheduler: Scheduler, report: (cause: unknown) => void) {
    this.#scheduler = scheduler;
    this.#report = report;
  }

  /** The partitions with a completed copy of a checkpoint now. */
  completedPartitions(id: CheckpointId): ReadonlySet<number> {
    const found = new Set<number>();
    for (const [key, { partitionId }] of this.#manifests) {
      if (parseMarkerKey(key)?.id.checkpointId === id) found.add(partitionId);
    }
    return found;
  }

  /** The names of the completed copies of a checkpoint now. */
  completedKeys(id: CheckpointId): readonly string[] {
    return [...this.#manifests.keys()].filter((key) => parseMarkerKey(key)?.id.checkpointId === id);
  }

  /** Stored chunks that no completed backup needs now. */
  garbage(): readonly string[] {
    const needed = new Set([...this.#manifests.values()].flatMap(({ chunks }) => [...chunks]));
    return [...this.#chunks.keys()].filter((chunk) => !needed.has(chunk));
  }

  /** A process asks for something. It may never arrive. */
  calls(operation: 'put' | 'head', key: string, process: SimulatedProcess): void {
    this.#contained(() => {
      const now = this.#scheduler.elapsed;
      const entry = parseEntryKey(key);
      if (entry !== undefined) {
        const attempt = this.#attempt(entry.attempt.text);
        if (entry.kind === 'entry' && operation === 'put') {
          attempt.writer = process;
          this.#assertUnused(key, process);
        }
        if (entry.kind === 'entry') attempt.lastSignAt = now;
        else if (attempt.writer === process) attempt.silentMs ??= now - attempt.lastSignAt;
      }
      const marker = parseMarkerKey(key);
      if (marker?.kind === 'begun') this.#attempt(marker.attempt.text).lastSignAt = now;
      if (marker?.kind === 'failed') this.#assertMayFail(key, this.#attempt(marker.attempt.text), process);
      if (marker?.kind !== 'completed' || operation !== 'put') return;
      const { silentMs = 0 } = this.#attempt(marker.attempt.text);
      hold(
        silentMs <= SIGN_EVERY_MS,
        'a running attempt shows that it lives',
        () => `${key} is published after ${Math.round(silentMs)} ms without a sign`,
      );
    });
  }

  got(key: string): void {
    this.#readAt.set(key, this.#scheduler.elapsed);
  }

  put(key: string, body: Uint8Array): void {
    this.#contained(() => {
      const digest = createHash('sha256').update(body).digest('hex');
      const known = this.#digests.get(key);
      hold(known === undefined || known === digest, 'no object changes', () => key);
      this.#digests.set(key, digest);
      if (CHUNK.test(key)) {
        this.#chunks.set(key, contentsOf(body));
        return;
      }
      const entry = parseEntryKey(key);
      if (entry !== undefined) {
        const attempt = this.#attempt(entry.attempt.text);
        if (entry.kind === 'entry') attempt.namedBaseAt = this.#scheduler.elapsed;
        else if (Buffer.from(body).includes('"failed"')) attempt.isSealedFailed = true;
        else attempt.sealedAt ??= this.#scheduler.elapsed;
        return;
      }
      const marker = parseMarkerKey(key);
      if (marker === undefined) return;
      if (marker.kind === 'begun') {
        const attempt = this.#attempt(marker.attempt.text);
        if (attempt.sealedAt === undefined) attempt.begunAt = this.#scheduler.elapsed;
      }
      if (!this.#markers.has(key)) this.#markers.set(key, this.#scheduler.elapsed);
      if (marker.kind === 'completed') this.#completed(key, marker.id.partitionId, marker.attempt.text, body);
    });
  }

  deleted(keys: readonly string[]): void {
    this.#contained(() => {
      for (const key of keys) {
        this.#markers.delete(key);
        // What ends an attempt counts while it is there. Of two that end or delete it at once, the later one may put anew
        // what the earlier one has removed.
        if (/\.seal$|\/failed\./.test(key)) this.#digests.delete(key);
        const entry = parseEntryKey(key);
        if (entry?.kind === 'seal') this.#attempt(entry.attempt.text).sealedAt = undefined;
        if (this.#chunks.delete(key)) this.#assertNotNeeded(key);
        if (!this.#manifests.delete(key)) continue;
        const id = parseMarkerKey(key)?.id.checkpointId ?? checkpointId(1);
        hold(this.deleting.has(id), 'completed is final', () => `${key} went and nobody asked for it`);
      }
    });
  }

  #completed(key: string, partitionId: number, text: string, body: Uint8Array): void {
    const attempt = this.#attempt(text);
    // A `failed` may be there already: a writer that gives up cannot call back a publication that is on its way. What is
    // published counts then, and is whole.
    hold(!attempt.isSealedFailed, 'a fenced attempt never publishes', () => key);
    const [line = '', ...lines] = Buffer.from(body).toString().split('\n');
    const { base, ...head } = JSON.parse(line) as ManifestHead;
    const chunks = lines.slice(0, head.chunks).map((chunkLine) => {
      const { sha256, size, codec, name = sha256 } = JSON.parse(chunkLine) as ManifestChunk;
      const chunk = `partitions/${partitionId}/chunks/${name.slice(0, 2)}/${name}`;
      const isThere = this.#chunks.get(chunk)?.includes(`${codec} ${sha256} ${size}`) ?? false;
      hold(isThere, 'a completed backup is whole', () => `${key} lacks ${chunk}`);
      return chunk;
    });
    for (const fileLine of lines.slice(head.chunks, head.chunks + head.files)) {
      const { name, size, pieces } = JSON.parse(fileLine) as ManifestFile;
      const bytes = pieces.reduce((sum, [, , length]) => sum + length, 0);
      hold(
        bytes === size,
        'a completed backup is whole',
        () => `${key} has ${bytes} of ${size} bytes of ${name}`,
      );
    }
    hold(
      base === null || (this.#readAt.get(base) ?? -1) >= attempt.namedBaseAt,
      'a base is read after it was named',
      () => `${key} reuses ${base}`,
    );
    this.#manifests.set(key, { partitionId, chunks: new Set(chunks) });
  }

  /**
   * Nobody but the writer ends what the writer has sealed, unless it has been silent for long enough. Where another seal
   * came first, `failed` may arrive twice, and the writer's seal means nothing.
   */
  #assertMayFail(key: string, attempt: Attempt, process: SimulatedProcess): void {
    const { writer, sealedAt, begunAt, isSealedFailed } = attempt;
    if (writer === process || isSealedFailed || sealedAt === undefined || begunAt === undefined) return;
    const silentMs = this.#scheduler.elapsed - begunAt;
    hold(
      silentMs >= settings.STALE_AFTER_MS,
      'who seals an attempt ends it',
      () => `${key} is put after ${Math.round(silentMs)} ms without a sign, and its writer has sealed it`,
    );
  }

  #assertNotNeeded(chunk: string): void {
    for (const [key, { chunks }] of this.#manifests) {
      hold(
        !chunks.has(chunk),
        'a delete takes its own backup and no more',
        () => `${chunk} is needed by ${key}`,
      );
    }
  }

  /** An attempt of a copy that had objects before this attempt had begun uses an id twice. */
  #assertUnused(entry: string, process: SimulatedProcess): void {
    const own = parseEntryKey(entry);
    if (own === undefined) return;
    const { checkpointId: id, partitionId, nodeId } = own.id;
    const startedAt = this.takeStartedAt(process, partitionId, id);
    for (const [key, at] of this.#markers) {
      const other = parseMarkerKey(key);
      const same =
        other?.id.checkpointId === id && other.id.partitionId === partitionId && other.id.nodeId === nodeId;
      if (!same || other.attempt.text === own.attempt.text || startedAt === undefined) continue;
      hold(at >= startedAt, 'an id is used once', () => `${entry} begins beside ${key}`);
    }
  }

  #attempt(text: string): Attempt {
    let attempt = this.#attempts.get(text);
    if (attempt === undefined) {
      attempt = {
        namedBaseAt: 0,
        lastSignAt: this.#scheduler.elapsed,
        writer: undefined,
        silentMs: undefined,
        isSealedFailed: false,
        sealedAt: undefined,
        begunAt: undefined,
      };
      this.#attempts.set(text, attempt);
    }
    return attempt;
  }

  /** What it finds is told to the run: the code under test must not catch it. */
  #contained(look: () => void): void {
    try {
      look();
    } catch (cause) {
      this.#report(cause);
    }
  }
}
