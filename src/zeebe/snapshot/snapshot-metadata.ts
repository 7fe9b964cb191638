// The file `zeebe.metadata` in a snapshot: one line of JSON with the positions that the snapshot stands for.
// They are int64: 2^63-1 is a usual value and must not be rounded.
import { parse } from 'lossless-json';
import { err, ok, type Result } from 'neverthrow';
import { INT64_MAX } from '../../core/ids.ts';

/** The name of the file. */
export const SNAPSHOT_METADATA_FILE = 'zeebe.metadata';

/** More than it can need: a guard for what is read into memory. */
export const SNAPSHOT_METADATA_BYTES_MAX = 64 * 1024;

export interface SnapshotMetadata {
  readonly version: bigint;
  readonly processedPosition: bigint;
  /** 2^63-1 when nothing is exported. */
  readonly exportedPosition: bigint;
  /** The last position that the snapshot may hold effects of; 2^63-1 when that is not known. */
  readonly lastFollowupEventPosition: bigint;
}

/** Reads the file. Unknown keys are ignored, absent ones are an error, but for the last position. */
export function parseSnapshotMetadata(bytes: Uint8Array): Result<SnapshotMetadata, string> {
  let value: unknown;
  try {
    value = parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes), null, { parseNumber: toBigInt });
  } catch (cause) {
    return err(`it is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const fields = new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  const number = (name: string): bigint | undefined => {
    const field: unknown = fields.get(name);
    return typeof field === 'bigint' && field <= INT64_MAX ? field : undefined;
  };
  const processedPosition = number('processedPosition');
  const exportedPosition = number('exportedPosition');
  if (processedPosition === undefined) return err('it has no processedPosition');
  if (exportedPosition === undefined) return err('it has no exportedPosition');
  if (processedPosition < 0n || exportedPosition < 0n) return err('it has negative positions');
  return ok({
    version: number('version') ?? 1n,
    processedPosition,
    exportedPosition,
    lastFollowupEventPosition: number('lastFollowupEventPosition') ?? INT64_MAX,
  });
}

function toBigInt(text: string): bigint | string {
  return /^-?\d+$/.test(text) ? BigInt(text) : text;
}
