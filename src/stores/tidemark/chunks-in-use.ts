// Which chunks the completed backups of some partitions use: reads each manifest once, and of each only the names.
// What it cannot read it tells, and never takes for a manifest without chunks.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { z } from 'zod';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { MANIFEST_SIZE_BYTES_MAX, SWEPT_MANIFESTS_IN_FLIGHT } from '../../core/limits.ts';
import { contain, fromAsync } from '../../core/result.ts';
import type { SweepHindrance } from '../../ports/backup-store.ts';
import type { ObjectInfo } from '../../ports/object-storage.ts';
import { sha256Hex } from './digest.ts';
import { BACKUPS_PREFIX, parseMarkerKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import { eachPage } from './list-copies.ts';
import { FORMAT } from './manifest.ts';
import { bytesToLines, jsonOfLine } from './manifest-lines.ts';
import { NameSet } from './name-set.ts';

const LARGE_BYTES = 1024 * 1024;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const headShape = z.object({ format: z.literal(FORMAT), chunks: z.int().nonnegative() });
/** Of an encrypted one the name alone is to be read. */
const chunkShape = z.union([
  z.object({ sha256: digest, name: digest.optional() }),
  z.object({ sealed: z.string(), name: digest }),
]);

/** Grows with each `read`; what it knows once it does not read again. */
export class ChunksInUse {
  readonly #layout: Layout;
  readonly #seen = new NameSet();
  readonly #partitions = new Map<PartitionId, UsedByPartition>();
  readonly #small = pLimit(SWEPT_MANIFESTS_IN_FLIGHT);
  readonly #large = pLimit(1);

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  of(partitionId: PartitionId): UsedByPartition {
    const known = this.#partitions.get(partitionId);
    if (known !== undefined) return known;
    const used = new UsedByPartition();
    this.#partitions.set(partitionId, used);
    return used;
  }

  /** Lists all manifests and reads those of these partitions that are new. Costs a GET for each. */
  read(partitionIds: ReadonlySet<PartitionId>, signal: AbortSignal): ResultAsync<void, StoreError> {
    return eachPage(this.#layout.storage, { prefix: BACKUPS_PREFIX, signal }, ({ objects }) =>
      fromAsync<'go on', StoreError>(async () => {
        const reads = objects.flatMap((object) => {
          const marker = parseMarkerKey(object.key);
          if (marker?.kind !== 'completed' || !partitionIds.has(marker.id.partitionId)) return [];
          if (this.#seen.has(sha256Hex(Buffer.from(object.key)))) return [];
          const slot = object.sizeBytes > LARGE_BYTES ? this.#large : this.#small;
          return [slot(() => this.#readOne(object, marker.id, signal))];
        });
        const failed = (await Promise.all(reads)).find((read) => read.isErr());
        return failed?.isErr() ? err(failed.error) : ok('go on');
      }),
    );
  }

  async #readOne(
    { key, sizeBytes }: ObjectInfo,
    id: BackupId,
    signal: AbortSignal,
  ): Promise<Result<void, StoreError>> {
    const used = this.of(id.partitionId);
    const { storage } = this.#layout;
    const unreadable = (detail: string) => {
      used.unreadable ??= { kind: 'manifest', id, object: objectName(storage, key), detail };
      return ok();
    };
    if (sizeBytes > MANIFEST_SIZE_BYTES_MAX) return unreadable(`has ${sizeBytes} bytes`);
    const body = await contain('get manifest', () => storage.get(key, { signal }));
    // Deleted meanwhile: it uses nothing any more.
    if (body.isErr()) return body.error.name === 'ObjectNotFound' ? ok() : err(body.error);
    const names = await chunkNames(body.value);
    if (names.isErr()) return unreadable(names.error);
    for (const name of names.value) used.chunks.add(name);
    used.backups += 1;
    this.#seen.add(sha256Hex(Buffer.from(key)));
    return ok();
  }
}

/** What is known of one partition. */
export class UsedByPartition {
  readonly chunks = new NameSet();
  backups = 0;
  unreadable: Extract<SweepHindrance, { kind: 'manifest' }> | undefined;
}

/** The names of the chunks in a manifest, whatever their codec and encryption: the names are always plain. */
function chunkNames(bytes: Uint8Array): ResultAsync<readonly string[], string> {
  return fromAsync<readonly string[], string>(async () => {
    const lines = await bytesToLines(bytes);
    if (lines === undefined) return err('the lines of JSON and their digest do not match');
    const names: string[] = [];
    let count: number | undefined;
    for await (const line of lines) {
      const json = jsonOfLine(line);
      if (count === undefined) {
        const head = headShape.safeParse(json);
        if (!head.success) return err('is of a format that this version does not know');
        count = head.data.chunks;
        continue;
      }
      const chunk = chunkShape.safeParse(json);
      if (names.length === count) {
        // What a sweep does not know of, it frees.
        return chunk.success ? err('has more chunks than its first line says') : ok(names);
      }
      if (!chunk.success) return err('a line is not of a chunk');
      names.push('sealed' in chunk.data ? chunk.data.name : (chunk.data.name ?? chunk.data.sha256));
    }
    return names.length === count ? ok(names) : err('has fewer chunks than its first line says');
  });
}
