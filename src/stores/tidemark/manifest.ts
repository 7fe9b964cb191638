// The manifest: its shape in memory and its bytes. `parse-manifest.ts` reads it back.
import type { BackupDescriptor, BackupFileKind, BackupId, Timestamp } from '../../core/backup.ts';
import { randomSecret } from '../../runtime/random-secret.ts';
import { CIPHER } from './body-shapes.ts';
import type { DataKey } from './data-key.ts';
import { fileDigest } from './digest.ts';
import { jsonLine } from './lossless-text.ts';
import { linesToBytes } from './manifest-lines.ts';
import { LineSealer } from './sealed-lines.ts';

/** The format that this version writes, and the only one it reads. */
export const FORMAT = 1;

/** A stored chunk. */
export interface Chunk {
  /** Digest of the raw bytes, 64 hex digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Last part of the object's key: the digest, unless the manifest gives another. */
  readonly name: string;
  /** How the object holds the bytes, and how many it has itself. */
  readonly codec: Codec;
  readonly storedBytes: number;
}

/** `none`: as they are. */
export const CODECS = ['none', 'zstd'] as const;
export type Codec = (typeof CODECS)[number];

/** A run of a file's bytes: a whole chunk or a part of one. */
export interface Piece {
  readonly chunk: Chunk;
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
}

export interface ManifestFile {
  readonly kind: BackupFileKind;
  readonly name: string;
  readonly sizeBytes: number;
  /** What the broker vouched for the bytes with. Absent where it did not. */
  readonly version?: string | undefined;
  readonly pieces: readonly Piece[];
}

export interface Manifest {
  readonly clusterId: string | null;
  readonly id: BackupId;
  readonly attempt: string;
  readonly descriptor: BackupDescriptor;
  readonly createdAt: Timestamp;
  readonly completedAt: Timestamp;
  readonly base: string | null;
  readonly chunkSizeBytes: number;
  readonly files: readonly ManifestFile[];
  /** The data key of its chunks and lines. Absent when it is not encrypted. */
  readonly key?: DataKey | undefined;
}

/**
 * The bytes of a manifest: a line that says what it is, a line for each chunk in the order of their first use, a line
 * for each file, and one with the digest of all these.
 */
export function encodeManifest(manifest: Manifest): Promise<Uint8Array<ArrayBuffer>> {
  return linesToBytes(linesOf(manifest));
}

function* linesOf(manifest: Manifest): Generator<string> {
  const chunks = new Map<string, { readonly index: number; readonly chunk: Chunk }>();
  // One object may stand for two: somebody backs up a file that is the compressed form of another one.
  const keyOf = ({ codec, name }: Chunk) => `${codec} ${name}`;
  for (const { pieces } of manifest.files) {
    for (const { chunk } of pieces) {
      const key = keyOf(chunk);
      if (!chunks.has(key)) chunks.set(key, { index: chunks.size, chunk });
    }
  }
  const { key } = manifest;
  const head = jsonLine({
    format: FORMAT,
    clusterId: manifest.clusterId,
    id: idFields(manifest.id),
    attempt: manifest.attempt,
    descriptor: { ...descriptorFields(manifest.descriptor), ...pointFields(manifest.descriptor) },
    createdAt: manifest.createdAt,
    completedAt: manifest.completedAt,
    base: manifest.base,
    chunkSize: manifest.chunkSizeBytes,
    chunks: chunks.size,
    files: manifest.files.length,
    ...(key === undefined ? {} : { encryption: encryptionFields(key) }),
  });
  yield head;
  const sealer = key && new LineSealer(key, head);
  for (const { chunk } of chunks.values()) {
    const line = JSON.stringify(chunkFields(chunk));
    yield sealer?.seal(line, chunk.name) ?? line;
  }
  for (const { kind, name, sizeBytes, version, pieces } of manifest.files) {
    const ranges = pieces.map((piece) => {
      const range = [chunks.get(keyOf(piece.chunk))?.index, piece.offset, piece.length];
      return isWholeChunk(piece) ? range : [...range, piece.sha256];
    });
    // Without a version that field is left out.
    const fields = { kind, name, size: sizeBytes, version, digest: fileDigest(pieces), pieces: ranges };
    const line = JSON.stringify(fields);
    yield sealer?.seal(line) ?? line;
  }
}

export function isWholeChunk({ chunk, offset, length }: Omit<Piece, 'sha256'>): boolean {
  return offset === 0 && length === chunk.sizeBytes;
}

/** The salt makes each first line, and with it each key of a manifest, the only one of its kind. */
function encryptionFields(key: DataKey): object {
  return { cipher: CIPHER, keyId: key.id, salt: randomSecret(16).toString('hex') };
}

/** An id in the order of its fields in the format. */
export function idFields(id: BackupId): object {
  return { checkpointId: id.checkpointId, partitionId: id.partitionId, nodeId: id.nodeId };
}

/** In the manifest alone: what else holds a descriptor is written again and again, and has to stay small. */
function pointFields({ checkpoints }: BackupDescriptor): object {
  if (checkpoints === undefined) return {};
  return {
    checkpoints: checkpoints.map(({ checkpointId, position, timestamp, type }) => ({
      checkpointId,
      position,
      timestamp,
      type,
    })),
  };
}

/** A descriptor in the order of its fields in the format, without its points. */
export function descriptorFields(descriptor: BackupDescriptor): object {
  return {
    snapshotId: descriptor.snapshotId,
    checkpointPosition: descriptor.checkpointPosition,
    numberOfPartitions: descriptor.numberOfPartitions,
    brokerVersion: descriptor.brokerVersion,
    ...(descriptor.others === undefined ? {} : { others: descriptor.others }),
  };
}

function chunkFields({ sha256, sizeBytes, name, codec, storedBytes }: Chunk): object {
  const fields = { sha256, size: sizeBytes, stored: storedBytes, codec };
  return name === sha256 ? fields : { ...fields, name };
}
