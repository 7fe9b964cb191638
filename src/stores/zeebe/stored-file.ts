// A file of a completed copy, read in ranges: a segment of any size takes a few chunks of memory. Gives out exactly
// as many bytes as it promised, or throws. Zeebe keeps no digests, so a changed byte in a plain file is not noticed.
import { isFlatFileName, type StoredFile } from '../../core/backup.ts';
import { BackupCorrupt, isBackupError } from '../../core/errors.ts';
import { invariant } from '../../core/invariant.ts';
import { objectName } from '../tidemark/layout.ts';
import type { ZeebeLayout } from './layout.ts';
import { decompressed } from './zstd.ts';

/** Where a file lies and how. */
export interface StoredObject {
  readonly name: string;
  readonly key: string;
  /** The size of the object, as a listing told it. */
  readonly storedBytes: number;
  readonly isCompressed: boolean;
  /** Known already: reading the file throws it. */
  readonly damage?: BackupCorrupt;
}

type Source = Pick<ZeebeLayout, 'storage' | 'values'>;

/** The file as a backup gives it. Reading ends when `closing` fires. */
export function storedFile(
  layout: Source,
  object: StoredObject,
  sizeBytes: number,
  closing: AbortSignal,
): StoredFile {
  invariant(isFlatFileName(object.name), `a file of a backup has one path component, got ${object.name}`);
  const open: StoredFile['open'] = (options) => {
    const given = options?.signal;
    const signal = given === undefined ? closing : AbortSignal.any([closing, given]);
    return exactly(layout, object, sizeBytes, contentOf(layout, object, signal));
  };
  const where = {
    object: objectName(layout.storage, object.key),
    ...(object.isCompressed ? {} : { offset: 0 }),
  };
  return { name: object.name, sizeBytes, open, parts: () => [{ ...where, sizeBytes, open }] };
}

/** The bytes of the file, however many there are. */
export function contentOf(
  layout: Source,
  object: StoredObject,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  const stored = storedBytes(layout, object, signal);
  return object.isCompressed ? unpacked(layout, object, stored) : stored;
}

async function* exactly(
  { storage }: Source,
  object: StoredObject,
  sizeBytes: number,
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let given = 0;
  for await (const part of content) {
    given += part.byteLength;
    if (given > sizeBytes) break;
    yield part;
  }
  if (given === sizeBytes) return;
  const found = given > sizeBytes ? 'more' : `only ${given}`;
  throw new BackupCorrupt(objectName(storage, object.key), `expected ${sizeBytes} bytes and found ${found}`);
}

async function* unpacked(
  { storage }: Source,
  { key }: StoredObject,
  stored: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* decompressed(stored);
  } catch (cause) {
    if (isBackupError(cause)) throw cause;
    const detail = `cannot be decompressed: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new BackupCorrupt(objectName(storage, key), detail, cause);
  }
}

/** The object in ranges, of which some are fetched ahead. */
async function* storedBytes(
  { storage, values }: Source,
  { key, storedBytes: size, damage }: StoredObject,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (damage !== undefined) throw damage;
  const stop = new AbortController();
  const fetching: ReturnType<typeof storage.get>[] = [];
  const { chunkSizeBytes, chunksInFlight } = values;
  try {
    for (let start = 0, next = 0; start < size; start += chunkSizeBytes) {
      for (; next < size && fetching.length < chunksInFlight; next += chunkSizeBytes) {
        const range = { start: next, length: Math.min(chunkSizeBytes, size - next) };
        fetching.push(storage.get(key, { range, signal: AbortSignal.any([signal, stop.signal]) }));
      }
      const bytes = await fetching.shift();
      if (bytes === undefined) return;
      if (bytes.isErr()) {
        const { error } = bytes;
        const isMissing = error.name === 'ObjectNotFound';
        throw isMissing ? new BackupCorrupt(objectName(storage, key), 'is missing', error) : error;
      }
      const expected = Math.min(chunkSizeBytes, size - start);
      if (bytes.value.byteLength !== expected) {
        const detail = `expected ${expected} bytes from ${start} on and found ${bytes.value.byteLength}`;
        throw new BackupCorrupt(objectName(storage, key), detail);
      }
      yield bytes.value;
    }
  } finally {
    stop.abort();
  }
}
