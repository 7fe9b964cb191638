// Reads a manifest and believes nothing: its digest, every number, name and range is checked before any
// byte of a backup is given out. Pure.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import type { z } from 'zod';
import type { BackupId } from '../../core/backup.ts';
import { EncryptionKeyMissing } from '../../core/encryption-errors.ts';
import { BackupCorrupt, type StoreError, type StoreFailure } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import { SPARE_BYTES } from '../chunk-memory.ts';
import { manifestChunkShape, manifestFileShape, manifestHeadShape, shapeProblem } from './body-shapes.ts';
import type { DataKey } from './data-key.ts';
import { fileDigest } from './digest.ts';
import {
  type Chunk,
  CODECS,
  isWholeChunk,
  type Manifest,
  type ManifestFile,
  type Piece,
} from './manifest.ts';
import { bytesToLines, jsonOfLine } from './manifest-lines.ts';
import { parseBody, tooNew } from './parse-body.ts';
import { LineOpener, type OpenedLine } from './sealed-lines.ts';

/** Which manifest it should be. `object` names it in errors. */
export interface ExpectedManifest {
  readonly object: string;
  readonly id: BackupId;
  readonly attempt: string;
  /** The data key with this id, for one that is encrypted. Without it such a one cannot be read. */
  readonly openKey?: (keyId: string) => ResultAsync<DataKey, StoreError>;
}

/** BackupCorrupt: it is damaged. StoreFailure: it is whole, and of a kind that this version does not know. */
export function parseManifest(
  bytes: Uint8Array,
  expected: ExpectedManifest,
): ResultAsync<Manifest, BackupCorrupt | StoreError> {
  return fromAsync<Manifest, BackupCorrupt | StoreError>(async () => {
    const lines = await bytesToLines(bytes);
    if (lines === undefined) {
      return err(new BackupCorrupt(expected.object, 'the lines of JSON and their digest do not match'));
    }
    let head: ManifestHead | undefined;
    let key: DataKey | undefined;
    let opener: LineOpener | undefined;
    const chunks: Chunk[] = [];
    const files = new FileTable(chunks);
    let number = 0;
    for await (const line of lines) {
      number += 1;
      if (head === undefined) {
        const read = readHead(line, expected);
        if (read.isErr()) return err(read.error);
        head = read.value;
        const { keyId } = head.encryption ?? {};
        if (keyId === undefined) continue;
        const opened = await expected.openKey?.(keyId);
        if (opened === undefined) return err(new EncryptionKeyMissing(expected.object, []));
        if (opened.isErr()) return err(opened.error);
        key = opened.value;
        opener = new LineOpener(key, line);
        continue;
      }
      const opened = opener === undefined ? { line } : opener.open(line);
      const read =
        chunks.length < head.chunks ? readChunk(expected.object, opened, chunks) : files.read(opened?.line);
      if (read.isErr()) {
        const { error } = read;
        const isFlaw = typeof error === 'string';
        return err(isFlaw ? new BackupCorrupt(expected.object, `line ${number}: ${error}`) : error);
      }
    }
    if (head === undefined || chunks.length < head.chunks || files.files.length !== head.files) {
      return err(new BackupCorrupt(expected.object, 'has other lines than its first one says'));
    }
    const { chunkSize: chunkSizeBytes, chunks: _chunks, files: _files, encryption: _, ...fields } = head;
    return ok({ ...fields, chunkSizeBytes, files: files.files, ...(key === undefined ? {} : { key }) });
  });
}

/** What a manifest says for all to read, encrypted or not: no line but the first is looked at. */
export function parseManifestHead(
  bytes: Uint8Array,
  expected: ExpectedManifest,
): ResultAsync<ManifestHead, BackupCorrupt | StoreFailure> {
  return fromAsync<ManifestHead, BackupCorrupt | StoreFailure>(async () => {
    const lines = await bytesToLines(bytes);
    for await (const line of lines ?? []) return readHead(line, expected);
    return err(new BackupCorrupt(expected.object, 'the lines of JSON and their digest do not match'));
  });
}

type ManifestHead = z.infer<typeof manifestHeadShape>;

function readHead(
  line: Uint8Array,
  { object, id, attempt }: ExpectedManifest,
): Result<ManifestHead, BackupCorrupt | StoreFailure> {
  return parseBody(object, line, manifestHeadShape).andThen((head) =>
    sameId(head.id, id) && head.attempt === attempt
      ? ok(head)
      : err(new BackupCorrupt(object, 'is the manifest of another backup')),
  );
}

/** Adds a chunk. A text tells what is wrong with the line. */
function readChunk(
  object: string,
  opened: OpenedLine | undefined,
  chunks: Chunk[],
): Result<undefined, string | StoreFailure> {
  return readLine(opened?.line, manifestChunkShape).andThen<undefined, string | StoreFailure>(
    ({ sha256, size, stored, codec: named, name = sha256 }) => {
      const codec = CODECS.find((known) => known === named);
      if (codec === undefined) return err(tooNew(object, `codec=${named}`));
      // An encrypted one has its name beside what is sealed, and 16 bytes more.
      const beside = opened?.beside;
      if (beside !== undefined && beside.name !== name) return err('a chunk has two names');
      const packed = stored - (beside === undefined ? 0 : SPARE_BYTES);
      if (packed < 1 || packed > size || (codec === 'none' && packed < size)) {
        return err('a chunk has two sizes');
      }
      chunks.push({ sha256, sizeBytes: size, name, codec, storedBytes: stored });
      return ok(undefined);
    },
  );
}

/** The files of a manifest, read line by line. */
class FileTable {
  readonly files: ManifestFile[] = [];
  readonly #chunks: readonly Chunk[];
  readonly #names = { snapshot: new Set<string>(), segment: new Set<string>() };

  constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks;
  }

  /** Adds a file. A text tells what is wrong with the line. */
  read(line: Uint8Array | undefined): Result<undefined, string> {
    return readLine(line, manifestFileShape).andThen<undefined, string>(
      ({ kind, name, size, version, digest, pieces: ranges }) => {
        const named = `file=${kind}/${name}`;
        if (this.#names[kind].has(name)) return err(`${named} is there twice`);
        this.#names[kind].add(name);
        const pieces = readPieces(ranges, this.#chunks);
        if (pieces === undefined) return err(`${named} has a piece outside of its chunk`);
        const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
        if (sizeBytes !== size) return err(`${named} has size ${size}, its pieces have ${sizeBytes}`);
        if (fileDigest(pieces) !== digest) return err(`${named} has another digest than its pieces`);
        this.files.push({ kind, name, sizeBytes, ...(version === undefined ? {} : { version }), pieces });
        return ok(undefined);
      },
    );
  }
}

function readLine<T>(line: Uint8Array | undefined, shape: z.ZodType<T>): Result<T, string> {
  if (line === undefined) return err('does not decrypt');
  const json = jsonOfLine(line);
  if (json === undefined) return err('is no JSON');
  const shaped = shape.safeParse(json);
  return shaped.success ? ok(shaped.data) : err(shapeProblem(shaped.error));
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
