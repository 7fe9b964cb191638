// Reads a manifest and believes nothing: its digest, every number, name and range is checked before any
// byte of a backup is given out. Pure.
import { err, ok, type Result } from 'neverthrow';
import type { BackupId } from '../../core/backup.ts';
import { BackupCorrupt, type StoreFailure } from '../../core/errors.ts';
import { manifestShape } from './body-shapes.ts';
import { fileDigest, sha256Hex } from './digest.ts';
import {
  type Chunk,
  CODECS,
  isWholeChunk,
  type Manifest,
  type ManifestFile,
  type Piece,
} from './manifest.ts';
import { parseBody, tooNew } from './parse-body.ts';

/** Which manifest it should be. `object` names it in errors. */
export interface ExpectedManifest {
  readonly object: string;
  readonly id: BackupId;
  readonly attempt: string;
}

/** BackupCorrupt: it is damaged. StoreFailure: it is whole, and of a kind that this version does not know. */
export function parseManifest(
  bytes: Uint8Array,
  expected: ExpectedManifest,
): Result<Manifest, BackupCorrupt | StoreFailure> {
  const corrupt = (detail: string) => err(new BackupCorrupt(expected.object, detail));
  const line = firstLine(bytes);
  if (line === undefined) return corrupt('the line of JSON and its digest do not match');
  const shaped = parseBody(expected.object, line, manifestShape);
  if (shaped.isErr()) return err(shaped.error);
  const { chunkSize: chunkSizeBytes, chunks: _chunks, files: _files, ...fields } = shaped.value;
  const { id, attempt, chunks } = shaped.value;
  if (!sameId(id, expected.id) || attempt !== expected.attempt)
    return corrupt('is the manifest of another backup');

  const table: Chunk[] = [];
  for (const { sha256, size, stored, codec: named, name } of chunks) {
    const codec = CODECS.find((known) => known === named);
    if (codec === undefined) return err(tooNew(expected.object, `codec=${named}`));
    if (stored > size || (codec === 'none' && stored < size)) return corrupt('a chunk has two sizes');
    table.push({ sha256, sizeBytes: size, name: name ?? sha256, codec, storedBytes: stored });
  }
  const files: ManifestFile[] = [];
  const seen = new Set<string>();
  for (const file of shaped.value.files) {
    const named = `file=${file.kind}/${file.name}`;
    if (seen.has(named)) return corrupt(`${named} is there twice`);
    seen.add(named);
    const pieces = readPieces(file.pieces, table);
    if (pieces === undefined) return corrupt(`${named} has a piece outside of its chunk`);
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (sizeBytes !== file.size)
      return corrupt(`${named} has size ${file.size}, its pieces have ${sizeBytes}`);
    if (fileDigest(pieces) !== file.digest) return corrupt(`${named} has another digest than its pieces`);
    files.push({ kind: file.kind, name: file.name, sizeBytes, pieces });
  }
  return ok({ ...fields, chunkSizeBytes, files });
}

/** The first line, when there are two and the second holds the digest of the first. */
export function firstLine(bytes: Uint8Array): Uint8Array | undefined {
  const end = bytes.indexOf(0x0a);
  if (end < 0) return undefined;
  const line = bytes.subarray(0, end);
  const rest = Buffer.from(bytes.subarray(end + 1)).toString('latin1');
  return rest === `{"sha256":"${sha256Hex(line)}"}\n` ? line : undefined;
}

function readPieces(
  pieces: readonly (readonly [number, number, number] | readonly [number, number, number, string])[],
  chunks: readonly Chunk[],
): Piece[] | undefined {
  const read: Piece[] = [];
  for (const [at, offset, length, sha256] of pieces) {
    const chunk = chunks[at];
    if (chunk === undefined || length < 1 || offset + length > chunk.sizeBytes) return undefined;
    if (isWholeChunk({ chunk, offset, length }) !== (sha256 === undefined)) return undefined;
    read.push({ chunk, offset, length, sha256: sha256 ?? chunk.sha256 });
  }
  return read;
}

function sameId(a: BackupId, b: BackupId): boolean {
  return a.checkpointId === b.checkpointId && a.partitionId === b.partitionId && a.nodeId === b.nodeId;
}
