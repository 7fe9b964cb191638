// Snapshot ids: `<index>-<term>-<processed position>-<exported position>`, from 8.6 on with `-<broker id>`
// behind. The id itself is kept as it is; the parts are only read.

export interface SnapshotId {
  /** Up to here the log may be gone: it must begin at the next index at the latest. */
  readonly index: bigint;
  readonly term: bigint;
  readonly processedPosition: bigint;
  /** 2^63-1 when nothing is exported. */
  readonly exportedPosition: bigint;
}

/** Reads an id. Undefined when it is none. */
export function parseSnapshotId(id: string): SnapshotId | undefined {
  const parts = id.split('-');
  const [index, term, processedPosition, exportedPosition] = parts.slice(0, 4).map(toInt64);
  if (index === undefined || term === undefined) return undefined;
  if (processedPosition === undefined || exportedPosition === undefined) return undefined;
  return { index, term, processedPosition, exportedPosition };
}

function toInt64(digits: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(digits)) return undefined;
  const value = BigInt(digits);
  return value < 2n ** 63n ? value : undefined;
}
