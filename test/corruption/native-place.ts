// Two native backups of two partitions, the second built on the first: packs, files of several chunks, and a log that has
// grown. Also with chunks as zstd, of files that shrink, and encrypted.

import { zstdDecompressSync } from 'node:zlib';
import { stringify } from 'lossless-json';
import { verifyNative } from '../../src/cli/verify/verify-copy.ts';
import type { BackupFile } from '../../src/core/backup.ts';
import { isBackupError } from '../../src/core/errors.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import { MemoryObjectStorage } from '../../src/objects/memory-object-storage.ts';
import { RestoreManager } from '../../src/restore/restore-manager.ts';
import { DirectoryRestoreTarget } from '../../src/runtime/directory-restore-target.ts';
import { silentLogger } from '../../src/runtime/silent-logger.ts';
import type { LayoutSettings } from '../../src/stores/backup-store-settings.ts';
import { PlaceKeys } from '../../src/stores/tidemark/place-keys.ts';
import { LineOpener } from '../../src/stores/tidemark/sealed-lines.ts';
import { TidemarkBackupStore } from '../../src/stores/tidemark/tidemark-backup-store.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { sampleBytes, sampleFile } from '../../src/testkit/sample-backups.ts';
import { PowerCutDisk } from '../runtime/power-cut-disk.ts';
import { keys } from '../stores/damage.ts';
import { manifestJson, sealedLines } from '../stores/manifest-json.ts';
import type { Damage } from './damages.ts';
import type { Place } from './matrix.ts';

const PARTITIONS = [1, 2];
const PREVIOUS = checkpointId(6);
const SUBJECT = checkpointId(7);
const PLAIN = { clusterId: 'a', chunkSizeBytes: 64 };
const COMPRESSED = { clusterId: 'a', chunkSizeBytes: 4096, compression: 'auto' } as const;
/** How much longer the files are where they are compressed: as many chunks come of them. */
const TIMES = COMPRESSED.chunkSizeBytes / PLAIN.chunkSizeBytes;

function filesOf(partition: number, isLater: boolean): { snapshot: BackupFile[]; segments: BackupFile[] } {
  const text = (name: string, what: string) =>
    sampleFile(name, Buffer.from(`${what} of partition ${partition}`));
  return {
    snapshot: [
      sampleFile('000010.sst', 200, partition),
      text('CURRENT', isLater ? 'now' : 'then'),
      text('IDENTITY', 'for ever'),
      text('OPTIONS', isLater ? 'new' : 'old'),
      sampleFile('LOCK', 0),
    ],
    segments: [
      sampleFile('log-1', 128, 10 + partition),
      // The later backup does not read the chunk that both have in common.
      {
        ...sampleFile('log-2', sampleBytes(150, 20 + partition).subarray(0, isLater ? 150 : 100)),
        version: 'a',
      },
    ],
  };
}

/** The same files so many times as long, each byte of them a word. */
function stretched({ name, sizeBytes, version, open }: BackupFile, times: number): BackupFile {
  return {
    name,
    version,
    sizeBytes: sizeBytes * times,
    async *open() {
      for await (const part of open()) {
        const words = Array.from(part, (byte) => `the byte is ${byte} of 255`.padEnd(times, '.'));
        yield Buffer.from(words.join(''));
      }
    },
  };
}

interface ChunkJson {
  readonly sha256: string;
  readonly size: number;
  readonly codec: string;
  readonly name?: string;
}

interface ManifestJson {
  readonly chunks: readonly ChunkJson[];
  readonly files: readonly {
    readonly kind: string;
    readonly name: string;
    readonly pieces: readonly number[][];
  }[];
}

export function compressedPlace() {
  return nativePlace(COMPRESSED, TIMES);
}

const KEY = { id: 'first', secret: Buffer.alloc(32, 7).toString('base64') };

export function encryptedPlace() {
  return nativePlace({ ...PLAIN, encryptionKeys: [KEY] });
}

export async function nativePlace(
  settings: LayoutSettings = PLAIN,
  times = 1,
): Promise<{ place: Place; objects: Map<string, Uint8Array> }> {
  const clock = new ManualClock();
  const storage = new MemoryObjectStorage({ clock });
  let made = 0;
  const hex = (bytes: number) => {
    made += 1;
    return made.toString(16).padStart(2 * bytes, '0');
  };
  const store = () =>
    new TidemarkBackupStore({ storage, clock, random: { hex, fraction: () => 0 } }, settings);
  for (const id of [PREVIOUS, SUBJECT]) {
    for (const partitionId of PARTITIONS) {
      const { snapshot, segments } = filesOf(partitionId, id === SUBJECT);
      const descriptor = {
        snapshotId: `snapshot-${id}`,
        checkpointPosition: logPosition(id * 10n),
        numberOfPartitions: PARTITIONS.length,
        brokerVersion: '1.2.3',
      };
      const backup = { id: { checkpointId: id, partitionId, nodeId: 0 }, term: 1n, descriptor };
      const [snapshotFiles, segmentFiles] = [snapshot, segments].map((files) =>
        times === 1 ? files : files.map((file) => stretched(file, times)),
      );
      const saved = await store().save({
        ...backup,
        snapshotFiles: snapshotFiles ?? [],
        segmentFiles: segmentFiles ?? [],
      });
      saved._unsafeUnwrap();
    }
    await clock.advance(1_000);
  }
  const objects = new Map<string, Uint8Array>();
  for (const key of await keys(storage)) {
    // Without its key a place has no backup to damage: that is told of by an error of its own, and tested by itself.
    if (!key.startsWith('keys/')) objects.set(key, (await storage.get(key))._unsafeUnwrap());
  }
  const facts = new Facts(objects, await openerOf(storage, settings));
  const place: Place = {
    storage,
    store,
    checkpointId: SUBJECT,
    partitions: PARTITIONS.length,
    verifyCopy: verifyNative,
    restore: () => restore(store(), clock),
    kindOf: (key) => facts.kindOf(key),
    isOfSubject: (key) => !facts.kindOf(key).includes('another backup') && key !== 'cluster.json',
    names: (key, { object }) => object === `${storage.location}/${key}`,
    isNoticedElsewhere: () => false,
    partitionOf: (key) => Number(/^(?:backups\/\d+|partitions)\/(\d+)\//.exec(key)?.[1] ?? 0),
    olderOf: (key) => facts.olderOf(key),
    excuse: (key, damage, bytes) => facts.excuse(key, damage, bytes),
  };
  return { place, objects };
}

/** What the manifests say of each object. */
class Facts {
  readonly #manifests = new Map<string, ManifestJson>();

  readonly #isEncrypted: boolean;

  /** `open` makes the lines of an encrypted manifest those of a plain one. */
  constructor(
    objects: ReadonlyMap<string, Uint8Array>,
    open: ((bytes: Uint8Array) => Uint8Array) | undefined,
  ) {
    this.#isEncrypted = open !== undefined;
    for (const [key, bytes] of objects) {
      if (!key.includes('/completed.')) continue;
      const plain = open?.(bytes) ?? bytes;
      this.#manifests.set(key, JSON.parse(stringify(manifestJson(plain)) ?? '') as ManifestJson);
    }
  }

  kindOf(key: string): string {
    if (key === 'cluster.json') return 'cluster.json';
    if (key.includes('/completed.')) return isOf(key, SUBJECT) ? 'manifest' : 'manifest of another backup';
    const isUsed = this.#pieces(key, SUBJECT).length > 0;
    const isOlder = this.#pieces(key, PREVIOUS).length > 0;
    if (!isUsed) return 'chunk of another backup';
    const what = this.#pieces(key, SUBJECT).length > 1 || this.#isPartly(key) ? 'pack' : 'chunk';
    return isOlder ? `${what}, reused` : what;
  }

  olderOf(key: string): string | undefined {
    if (key.includes('/completed.')) {
      const partition = /^backups\/\d+\/(\d+)\//.exec(key)?.[1];
      const isOlder = (other: string) => isOf(other, PREVIOUS) && other.includes(`/${partition}/completed.`);
      return isOf(key, SUBJECT) ? [...this.#manifests.keys()].find(isOlder) : undefined;
    }
    // The chunk that the same file had at the same place.
    const [own] = this.#pieces(key, SUBJECT);
    const older = this.#manifestOf(key, PREVIOUS);
    const file = older?.files.find(({ kind, name }) => kind === own?.kind && name === own.file);
    const piece = file?.pieces[own?.index ?? 0];
    const chunk = older?.chunks[piece?.[0] ?? -1];
    return chunk === undefined ? undefined : chunkKeyLike(key, chunk.name ?? chunk.sha256);
  }

  excuse(key: string, { at, bytes, how }: Damage, whole: Uint8Array): string | undefined {
    if (key === 'cluster.json') return 'the claim on the place: reading does not ask for it';
    if (key.includes('/completed.')) return isOf(key, SUBJECT) ? undefined : 'the manifest of another backup';
    const pieces = this.#pieces(key, SUBJECT);
    if (pieces.length === 0) return 'a chunk that only another backup uses';
    // The tag is of all bytes of the object.
    if (this.#isEncrypted) return undefined;
    if (this.#codecOf(key) === 'zstd') {
      const used = (frame: Uint8Array | undefined) => usedBytes(frame, pieces);
      const isSame = bytes?.length === whole.length && used(bytes) === used(whole);
      return isSame ? 'a bit of a frame of which the same bytes come out' : undefined;
    }
    const isInUse = pieces.some(({ offset, length }) => at >= offset && at < offset + length);
    const keepsItsSize = how === 'bit flipped' && bytes !== undefined;
    return keepsItsSize && !isInUse ? 'a part of a pack that only another backup uses' : undefined;
  }

  #codecOf(key: string): string | undefined {
    const { chunks = [] } = this.#manifestOf(key, SUBJECT) ?? {};
    return chunks.find(({ name, sha256 }) => key.endsWith(`/${name ?? sha256}`))?.codec;
  }

  #isPartly(key: string): boolean {
    const manifest = this.#manifestOf(key, SUBJECT);
    return this.#pieces(key, SUBJECT).some(({ chunk, length }) => manifest?.chunks[chunk]?.size !== length);
  }

  /** The pieces of a backup that lie in a chunk. */
  #pieces(key: string, id: bigint) {
    const manifest = this.#manifestOf(key, id);
    return (manifest?.files ?? []).flatMap(({ kind, name: file, pieces }) =>
      pieces.flatMap(([chunk = -1, offset = 0, length = 0], index) => {
        const { name, sha256 } = manifest?.chunks[chunk] ?? {};
        const isThis = key.endsWith(`/${name ?? sha256}`);
        return isThis ? [{ kind, file, chunk, index, offset, length }] : [];
      }),
    );
  }

  #manifestOf(chunk: string, id: bigint): ManifestJson | undefined {
    const partition = /^partitions\/(\d+)\//.exec(chunk)?.[1];
    return [...this.#manifests].find(
      ([key]) => isOf(key, id) && key.includes(`/${partition}/completed.`),
    )?.[1];
  }
}

/** Opens manifests of the place, where they are encrypted. */
async function openerOf(storage: MemoryObjectStorage, { encryptionKeys = [] }: LayoutSettings) {
  if (encryptionKeys.length === 0) return undefined;
  const masters = encryptionKeys.map(({ id, secret }) => ({ id, secret: Buffer.from(secret, 'base64') }));
  const { signal } = new AbortController();
  const dataKey = await new PlaceKeys({ storage, logger: silentLogger }, masters).forSaving(signal);
  const key = dataKey._unsafeUnwrap();
  return (bytes: Uint8Array): Uint8Array => {
    const [head = '', ...lines] = Buffer.from(bytes).toString().split('\n').slice(0, -2);
    const opener = key && new LineOpener(key, Buffer.from(head));
    return sealedLines([
      head,
      ...lines.map((line) => Buffer.from(opener?.open(Buffer.from(line))?.line ?? []).toString()),
    ]);
  };
}

/** What of a frame's bytes is in use, as text; undefined for what is no frame. */
function usedBytes(
  frame: Uint8Array | undefined,
  pieces: readonly { readonly offset: number; readonly length: number }[],
): string | undefined {
  try {
    const raw = zstdDecompressSync(frame ?? new Uint8Array());
    return pieces.map(({ offset, length }) => raw.toString('latin1', offset, offset + length)).join('|');
  } catch {
    return undefined;
  }
}

function isOf(key: string, id: bigint): boolean {
  return key.startsWith(`backups/${2n ** 63n - 1n - id}/`);
}

function chunkKeyLike(key: string, name: string): string {
  return `${key.slice(0, key.indexOf('/chunks/'))}/chunks/${name.slice(0, 2)}/${name}`;
}

async function restore(store: TidemarkBackupStore, clock: ManualClock) {
  const disk = new PowerCutDisk();
  await disk.makeDirectory('/srv');
  const before = disk.content();
  const target = new DirectoryRestoreTarget({ directory: '/srv/data' }, disk);
  const settings = { partitionIds: PARTITIONS, partitionsCount: PARTITIONS.length };
  const restoring = new RestoreManager({ store, target, clock, logger: silentLogger }, settings);
  const restored = await restoring.restore(SUBJECT);
  if (restored.isOk()) return disk.content() as Record<string, string>;
  if (!isBackupError(restored.error)) throw new Error('the error has no type');
  if (JSON.stringify(disk.content()) !== JSON.stringify(before)) throw new Error('the target was touched');
  return restored.error;
}
