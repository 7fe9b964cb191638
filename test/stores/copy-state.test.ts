// The reader's rule, over every combination of objects that one copy can have.
import { describe, expect, it } from 'vitest';
import { copyState, isSettled, type Marker } from '../../src/stores/tidemark/copy-state.ts';
import { type MarkerKind, newAttempt } from '../../src/stores/tidemark/keys.ts';

const STALE = 100;

function marker(kind: MarkerKind, term: bigint, silentMs = 0): Marker {
  const attempt = newAttempt(term, 1_000, '0000000a');
  const times = { lastModifiedMs: 5_000, listedAtMs: 5_000 + silentMs };
  return { key: `${kind}.${term}`, kind, attempt, sizeBytes: 1, ...times };
}

function stateOf(...markers: Marker[]): [string, string | undefined] {
  const { statusCode, decisive } = copyState(markers, STALE);
  return [statusCode, decisive?.key];
}

describe('a copy is', () => {
  it.each<[string, string | undefined, Marker[]]>([
    ['DOES_NOT_EXIST', undefined, []],
    ['IN_PROGRESS', 'begun.1', [marker('begun', 1n)]],
    ['IN_PROGRESS', 'begun.1', [marker('begun', 1n, STALE)]],
    ['FAILED', 'begun.1', [marker('begun', 1n, STALE + 1)]],
    ['FAILED', 'failed.1', [marker('failed', 1n)]],
    ['FAILED', 'failed.1', [marker('begun', 1n), marker('failed', 1n)]],
    ['IN_PROGRESS', 'begun.2', [marker('failed', 1n), marker('begun', 2n)]],
    ['IN_PROGRESS', 'begun.1', [marker('failed', 2n), marker('begun', 1n)]],
    ['FAILED', 'failed.1', [marker('failed', 1n), marker('begun', 2n, STALE + 1)]],
    ['COMPLETED', 'completed.1', [marker('completed', 1n), marker('begun', 1n), marker('failed', 1n)]],
    ['COMPLETED', 'completed.1', [marker('completed', 1n), marker('begun', 2n)]],
    ['COMPLETED', 'completed.10', [marker('completed', 9n), marker('completed', 10n)]],
  ])('%s by %s', (statusCode, key, markers) => {
    expect(stateOf(...markers)).toEqual([statusCode, key]);
    expect(stateOf(...markers.toReversed())).toEqual([statusCode, key]);
  });
});

it('an attempt is settled by an object of its own that ends it', () => {
  const { attempt } = marker('begun', 1n);
  expect(isSettled(attempt, [])).toBe(false);
  expect(isSettled(attempt, [marker('begun', 1n), marker('failed', 2n)])).toBe(false);
  expect(isSettled(attempt, [marker('begun', 2n), marker('failed', 1n)])).toBe(true);
  expect(isSettled(attempt, [marker('completed', 1n)])).toBe(true);
});
