// What the objects of one copy say about it, from names and times alone. Pure: the one place where the
// reader's rule of the format document stands.
import type { BackupStatusCode } from '../../core/status.ts';
import { type Attempt, compareAttempts, type MarkerKind } from './keys.ts';

/** An object in a copy's directory, as a listing showed it. */
export interface Marker {
  readonly key: string;
  readonly kind: MarkerKind;
  readonly attempt: Attempt;
  readonly sizeBytes: number;
  /** When it was written and when it was listed, both by the storage's clock: milliseconds since 1970. */
  readonly lastModifiedMs: number;
  readonly listedAtMs: number;
}

/** The state of one copy, and the object that decided it. */
export interface CopyState {
  readonly statusCode: BackupStatusCode;
  readonly decisive?: Marker;
}

/** The state that the objects of one copy (same checkpoint, partition and node) add up to. */
export function copyState(markers: readonly Marker[], staleAfterMs: number): CopyState {
  const completed = highest(markers, 'completed');
  if (completed !== undefined) return { statusCode: 'COMPLETED', decisive: completed };
  const settled = new Set(markers.filter(isTerminal).map(({ attempt }) => attempt.text));
  const living = markers.filter(
    (marker) => !settled.has(marker.attempt.text) && !isSilent(marker, staleAfterMs),
  );
  const begun = highest(living, 'begun');
  if (begun !== undefined) return { statusCode: 'IN_PROGRESS', decisive: begun };
  const failed = highest(markers, 'failed') ?? highest(markers, 'begun');
  if (failed !== undefined) return { statusCode: 'FAILED', decisive: failed };
  return { statusCode: 'DOES_NOT_EXIST' };
}

/** Whether a terminal object of this attempt is there. */
export function isSettled(attempt: Attempt, markers: readonly Marker[]): boolean {
  return markers.some((marker) => isTerminal(marker) && marker.attempt.text === attempt.text);
}

/** Whether the writer of this object has given no sign of life with it for too long, by the storage's own clock. */
export function isSilent(
  { listedAtMs, lastModifiedMs }: Pick<Marker, 'listedAtMs' | 'lastModifiedMs'>,
  staleAfterMs: number,
): boolean {
  return listedAtMs - lastModifiedMs > staleAfterMs;
}

function isTerminal({ kind }: Marker): boolean {
  return kind !== 'begun';
}

function highest(markers: readonly Marker[], kind: MarkerKind): Marker | undefined {
  return markers
    .filter((marker) => marker.kind === kind)
    .reduce<Marker | undefined>(
      (best, marker) =>
        best === undefined || compareAttempts(marker.attempt, best.attempt) > 0 ? marker : best,
      undefined,
    );
}
