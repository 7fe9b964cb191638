// Reads a chunk with all its proofs, and makes the stored form of one anew. Gives nothing that a digest does not prove,
// and of an encrypted chunk nothing but the very bytes that were sealed under its name before.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { SPARE_BYTES } from '../chunk-memory.ts';
import { compressWorthwhile, decompress } from './compression.ts';
import type { DataKey } from './data-key.ts';
import { sha256Hex } from './digest.ts';
import { chunkKey } from './keys.ts';
import type { Layout } from './layout.ts';
import type { Chunk } from './manifest.ts';

/** A chunk as a manifest names it, and the first backup that needs it. */
export interface NamedChunk {
  readonly partitionId: PartitionId;
  readonly chunk: Chunk;
  readonly neededBy: BackupId;
  /** The data key that it is sealed with; absent when it is not encrypted. */
  readonly key: DataKey | undefined;
  /** The attempts of the backups that need it: one of them may be in its name. */
  readonly attempts: Set<string>;
}

/** The raw bytes of a chunk; undefined when its object is missing or damaged. */
export function rawChunk(
  { storage, rate }: Layout,
  { partitionId, chunk, key }: NamedChunk,
  signal: AbortSignal,
): ResultAsync<Uint8Array | undefined, StoreError> {
  return fromAsync<Uint8Array | undefined, StoreError>(async () => {
    await rate?.turn(partitionId, chunk.storedBytes, signal);
    const range = { start: 0, length: chunk.storedBytes + 1 };
    const got = await storage.get(chunkKey(partitionId, chunk.name), { range, signal });
    if (got.isErr()) return got.error.name === 'ObjectNotFound' ? ok(undefined) : err(got.error);
    if (got.value.length !== chunk.storedBytes) return ok(undefined);
    const packed = key === undefined ? got.value : await unsealed(key, chunk, got.value);
    return ok(packed && (await rawOf(packed, chunk)));
  });
}

/**
 * What the object of a chunk has to hold; undefined when it cannot be proven that these are the bytes it had. That
 * matters where it is encrypted: two texts under one name would be two texts under one key and nonce.
 */
export async function storedForm(raw: Uint8Array, named: NamedChunk): Promise<Uint8Array | undefined> {
  const { chunk, key } = named;
  const packed = chunk.codec === 'none' ? raw : await compressWorthwhile(raw);
  const spare = key === undefined ? 0 : SPARE_BYTES;
  if (packed === undefined || packed.length + spare !== chunk.storedBytes) return undefined;
  if ((await rawOf(packed, chunk)) === undefined) return undefined;
  // Bytes that are stored as they are have the digest that the manifest tells. Of a frame only the name knows.
  if (chunk.codec !== 'none' && !hasName(named, packed)) return undefined;
  if (key === undefined) return packed;
  const memory = new Uint8Array(new SharedArrayBuffer(chunk.storedBytes));
  memory.set(packed);
  await key.sealChunk(chunk.name, memory);
  return Uint8Array.from(memory);
}

/** Whether the name was made of these bytes. */
function hasName({ partitionId, chunk, key, attempts }: NamedChunk, packed: Uint8Array): boolean {
  const digest = sha256Hex(packed);
  return [undefined, ...attempts].some((salt) => {
    if (key !== undefined) return key.chunkName(partitionId, digest, salt) === chunk.name;
    return (salt === undefined ? digest : sha256Hex(Buffer.from(`${salt} ${digest}`))) === chunk.name;
  });
}

async function unsealed(key: DataKey, chunk: Chunk, stored: Uint8Array): Promise<Uint8Array | undefined> {
  const memory = new Uint8Array(new SharedArrayBuffer(stored.length));
  memory.set(stored);
  const isWhole = await key.unsealChunk(chunk.name, memory);
  return isWhole ? Uint8Array.from(memory.subarray(0, -SPARE_BYTES)) : undefined;
}

async function rawOf(packed: Uint8Array, chunk: Chunk): Promise<Uint8Array | undefined> {
  try {
    const raw = chunk.codec === 'none' ? packed : await decompress(packed, chunk.sizeBytes);
    return raw.length === chunk.sizeBytes && sha256Hex(raw) === chunk.sha256 ? raw : undefined;
  } catch {
    // No frame, or one of more bytes: damage.
    return undefined;
  }
}
