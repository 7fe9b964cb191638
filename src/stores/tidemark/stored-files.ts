// The files of an opened backup. There may be a hundred thousand, so each of them holds its pieces and nothing else of
// its own: no functions, and nothing of the manifest.
import type { OpenFileOptions, StoredFile, StoredPart } from '../../core/backup.ts';
import type { PartitionId } from '../../core/ids.ts';
import type { ChunkMemory } from '../chunk-memory.ts';
import { chunkKey } from './keys.ts';
import { type Layout, objectName } from './layout.ts';
import type { ManifestFile, Piece } from './manifest.ts';
import type { PieceReader } from './piece-reader.ts';
import { readPieces } from './read-pieces.ts';

/** What all files of a backup read with. */
export interface OpenedBackup {
  readonly layout: Layout;
  readonly partitionId: PartitionId;
  readonly reader: PieceReader;
  readonly memory: ChunkMemory;
  readonly isEncrypted: boolean;
  /** Ends every reading. */
  readonly closing: AbortSignal;
}

class TidemarkFile implements StoredFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly #backup: OpenedBackup;
  readonly #pieces: readonly Piece[];

  constructor(backup: OpenedBackup, { name, sizeBytes, pieces }: ManifestFile) {
    this.name = name;
    this.sizeBytes = sizeBytes;
    this.#backup = backup;
    this.#pieces = pieces;
  }

  open(options?: OpenFileOptions): AsyncIterable<Uint8Array> {
    return readAll(this.#backup, this.#pieces, options);
  }

  parts(): StoredPart[] {
    return this.#pieces.map((piece) => storedPart(this.#backup, piece));
  }
}

/** Files that read themselves, in the order of the manifest. */
export function storedFiles(backup: OpenedBackup, files: readonly ManifestFile[]): StoredFile[] {
  return files.map((file) => new TidemarkFile(backup, file));
}

function storedPart(backup: OpenedBackup, piece: Piece): StoredPart {
  const { layout, partitionId, isEncrypted } = backup;
  return {
    object: objectName(layout.storage, chunkKey(partitionId, piece.chunk.name)),
    ...(piece.chunk.codec === 'none' && !isEncrypted ? { offset: piece.offset } : {}),
    sizeBytes: piece.length,
    sha256: piece.sha256,
    open: (options) => readAll(backup, [piece], options),
  };
}

function readAll(
  { reader, memory, closing }: OpenedBackup,
  pieces: readonly Piece[],
  options?: OpenFileOptions,
): AsyncIterable<Uint8Array> {
  const { lend = false, signal } = options ?? {};
  return readPieces({ reader, memory }, pieces, { lend, signals: [closing, signal] });
}
