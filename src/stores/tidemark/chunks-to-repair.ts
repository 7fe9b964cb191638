// The chunks that completed backups name, for a repair: what each object should be, by every manifest that names it.
// Holds no bytes of them.
import type { BackupId } from '../../core/backup.ts';
import { chunkKey } from './keys.ts';
import type { Manifest } from './manifest.ts';
import type { NamedChunk } from './rebuild-chunk.ts';

/** An object, and what manifests say of it: one thing, unless one of them lies. */
export interface NamedObject {
  readonly key: string;
  readonly claims: readonly NamedChunk[];
}

export class ChunksToRepair {
  /** By the key of the object, then by what is said of it. */
  readonly #objects = new Map<string, Map<string, NamedChunk>>();
  readonly #bySha256 = new Map<string, NamedChunk[]>();

  get size(): number {
    return this.#objects.size;
  }

  add(id: BackupId, { files, key, attempt }: Manifest): void {
    for (const { chunk } of files.flatMap(({ pieces }) => pieces)) {
      const at = chunkKey(id.partitionId, chunk.name);
      const claims = this.#objects.get(at) ?? new Map<string, NamedChunk>();
      this.#objects.set(at, claims);
      const said = `${chunk.sha256} ${chunk.codec} ${chunk.storedBytes} ${key?.id}`;
      const known = claims.get(said);
      if (known !== undefined) {
        known.attempts.add(attempt);
        continue;
      }
      const { partitionId } = id;
      const named = { partitionId, chunk, neededBy: id, key, attempts: new Set([attempt]) };
      claims.set(said, named);
      this.#bySha256.set(chunk.sha256, [...(this.#bySha256.get(chunk.sha256) ?? []), named]);
    }
  }

  *objects(): Generator<NamedObject> {
    for (const [key, claims] of this.#objects) yield { key, claims: [...claims.values()] };
  }

  /**
   * Where the same bytes should be as well. For a chunk in the clear only others in the clear: whoever may write to the
   * store could otherwise plant a manifest and have a repair decrypt for him.
   */
  twins({ partitionId, chunk, key }: NamedChunk): readonly NamedChunk[] {
    return (this.#bySha256.get(chunk.sha256) ?? []).filter(
      (other) =>
        (other.partitionId !== partitionId || other.chunk.name !== chunk.name) &&
        (key !== undefined || other.key === undefined),
    );
  }
}
