// Reads a chunk with all its proofs, and makes the stored form of one anew. Gives nothing that a digest does not prove.
import { err, ok, type ResultAsync } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import type { StoreError } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { compressWorthwhile, decompress } from './compression.ts';
import { sha256Hex } from './digest.ts';
import { chunkKey } from './keys.ts';
import type { Layout } from './layout.ts';
import type { Chunk } from './manifest.ts';

/** A chunk as a manifest names it, and the first backup that needs it. */
export interface NamedChunk {
  readonly partitionId: PartitionId;
  readonly chunk: Chunk;
  readonly neededBy: BackupId;
}

/** The raw bytes of a chunk that is not encrypted; undefined when its object is missing or damaged. */
export function rawChunk(
  { storage, rate }: Layout,
  { partitionId, chunk }: Pick<NamedChunk, 'partitionId' | 'chunk'>,
  signal: AbortSignal,
): ResultAsync<Uint8Array | undefined, StoreError> {
  return fromAsync<Uint8Array | undefined, StoreError>(async () => {
    await rate?.turn(partitionId, chunk.storedBytes, signal);
    const range = { start: 0, length: chunk.storedBytes + 1 };
    const got = await storage.get(chunkKey(partitionId, chunk.name), { range, signal });
    if (got.isErr()) return got.error.name === 'ObjectNotFound' ? ok(undefined) : err(got.error);
    return ok(got.value.length === chunk.storedBytes ? await rawOf(got.value, chunk) : undefined);
  });
}

/** What the object of a chunk has to hold; undefined when the same bytes cannot be made again. */
export async function storedForm(raw: Uint8Array, chunk: Chunk): Promise<Uint8Array | undefined> {
  const stored = chunk.codec === 'none' ? raw : await compressWorthwhile(raw);
  if (stored?.length !== chunk.storedBytes) return undefined;
  return (await rawOf(stored, chunk)) === undefined ? undefined : stored;
}

async function rawOf(stored: Uint8Array, chunk: Chunk): Promise<Uint8Array | undefined> {
  try {
    const raw = chunk.codec === 'none' ? stored : await decompress(stored, chunk.sizeBytes);
    return raw.length === chunk.sizeBytes && sha256Hex(raw) === chunk.sha256 ? raw : undefined;
  } catch {
    // No frame, or one of more bytes: damage.
    return undefined;
  }
}
