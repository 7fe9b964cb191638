// Damages every object of a place, one after the other, and looks what a verification says and what a restore does.
import { expect } from 'vitest';
import type { BackupVerification } from '../../src/cli/verify/copy-verification.ts';
import type { LocatedFinding } from '../../src/cli/verify/locate-finding.ts';
import { type VerifyCopy, verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import { type BackupError, isBackupError } from '../../src/core/errors.ts';
import type { CheckpointId } from '../../src/core/ids.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import type { ObjectStorage } from '../../src/ports/object-storage.ts';
import { type Damage, damagesOf } from './damages.ts';

/** A backup in a store, whole until it is damaged. */
export interface Place {
  readonly storage: ObjectStorage;
  readonly store: () => BackupStore;
  readonly checkpointId: CheckpointId;
  readonly partitions: number;
  readonly verifyCopy: VerifyCopy;
  /** Restores into a target of its own. Gives what a broker would find there, or the error; throws when both. */
  readonly restore: () => Promise<BackupError | Record<string, string>>;
  /** What the object is, in words. */
  readonly kindOf: (key: string) => string;
  /** Whether the backup needs the object; of others only a few damages are tried. */
  readonly isOfSubject: (key: string) => boolean;
  /** Whether a finding leads to the object. */
  readonly names: (key: string, finding: LocatedFinding) => boolean;
  /** Whether the layout may let it show only in what stands beside it. */
  readonly isNoticedElsewhere: (key: string) => boolean;
  /** The partition whose backup is damaged with the object. */
  readonly partitionOf: (key: string) => number;
  /** The key of what an earlier backup has in this one's place. */
  readonly olderOf: (key: string) => string | undefined;
  /** Why a damage does no harm. */
  readonly excuse: (key: string, damage: Damage, bytes: Uint8Array) => string | undefined;
}

export interface KindCounts {
  objects: number;
  damages: number;
  named: number;
  missing: number;
  elsewhere: number;
  refused: number;
  harmless: number;
}

export interface Matrix {
  readonly kinds: Map<string, KindCounts>;
  /** How often each excuse was needed. */
  readonly excuses: Map<string, number>;
}

export async function runMatrix(place: Place, objects: ReadonlyMap<string, Uint8Array>): Promise<Matrix> {
  const matrix: Matrix = { kinds: new Map(), excuses: new Map() };
  const whole = await place.restore();
  if (isBackupError(whole)) throw whole;
  expect(await verdict(place)).toMatchObject({ restorable: true });
  for (const [key, bytes] of objects) {
    const kind = place.kindOf(key);
    const counts = matrix.kinds.get(kind) ?? nothing();
    matrix.kinds.set(kind, counts);
    counts.objects += 1;
    const others = [...objects].filter(([name]) => name !== key && place.kindOf(name) === kind);
    const other = others.map(([name, content]) => ({ key: name, bytes: content }))[0];
    const older = objects.get(place.olderOf(key) ?? '');
    const damages = damagesOf(bytes, { other, older });
    const tried = place.isOfSubject(key) ? damages : damages.filter(({ how }) => FEW.includes(how));
    for (const damage of tried) {
      await apply(place.storage, key, damage, bytes);
      counts.damages += 1;
      await judge(place, { key, damage, bytes, whole, matrix, counts });
      (await place.storage.put(key, bytes))._unsafeUnwrap();
      if (damage.swappedWith !== undefined && other !== undefined)
        (await place.storage.put(other.key, other.bytes))._unsafeUnwrap();
    }
  }
  return matrix;
}

const FEW = ['deleted', 'filled with zeros', 'byte appended'];

function nothing(): KindCounts {
  return { objects: 0, damages: 0, named: 0, missing: 0, elsewhere: 0, refused: 0, harmless: 0 };
}

async function apply(storage: ObjectStorage, key: string, damage: Damage, bytes: Uint8Array): Promise<void> {
  const changed = damage.bytes === undefined ? storage.delete([key]) : storage.put(key, damage.bytes);
  (await changed)._unsafeUnwrap();
  if (damage.swappedWith !== undefined) (await storage.put(damage.swappedWith, bytes))._unsafeUnwrap();
}

interface Case {
  readonly key: string;
  readonly damage: Damage;
  readonly bytes: Uint8Array;
  readonly whole: Record<string, string>;
  readonly matrix: Matrix;
  readonly counts: KindCounts;
}

async function judge(place: Place, { key, damage, bytes, whole, matrix, counts }: Case): Promise<void> {
  const what = `${key} ${damage.how} at ${damage.at}`;
  const verified = await verdict(place);
  const restored = await place.restore();
  const excuse = place.excuse(key, damage, bytes);
  if (excuse !== undefined) {
    // Not only said to be harmless: the same comes out of it.
    expect(restored, `${what}: ${excuse}`).toEqual(whole);
    expect(verified?.restorable, `${what}: ${excuse}`).toBe(true);
    counts.harmless += 1;
    matrix.excuses.set(excuse, (matrix.excuses.get(excuse) ?? 0) + 1);
    return;
  }
  expect(isBackupError(restored), `${what}: a restore must refuse it`).toBe(true);
  counts.refused += 1;
  expect(verified?.restorable ?? false, `${what}: a verification must say so`).toBe(false);
  const errors = (verified?.copies ?? [])
    .filter(({ partitionId }) => partitionId === place.partitionOf(key))
    .flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error'));
  if (errors.some((finding) => place.names(key, finding))) counts.named += 1;
  else if (damage.bytes === undefined && isPartitionMissing(verified, place.partitionOf(key)))
    counts.missing += 1;
  else {
    const isAllowed = errors.length > 0 && place.isNoticedElsewhere(key);
    expect(isAllowed, `${what}: a verification must name it, ${said(verified)}`).toBe(true);
    counts.elsewhere += 1;
  }
}

function isPartitionMissing(verified: BackupVerification | undefined, partition: number): boolean {
  return (verified?.copies ?? []).every(
    ({ partitionId, state }) => partitionId !== partition || state !== 'COMPLETED',
  );
}

function said(verified: BackupVerification | undefined): string {
  const findings = verified?.copies.flatMap((copy) => copy.findings) ?? [];
  return `it said ${JSON.stringify(findings.map(({ severity, object, what }) => ({ severity, object, what })))}`;
}

/** Undefined when no copy of the backup is found. */
async function verdict(place: Place): Promise<BackupVerification | undefined> {
  const { checkpointId, partitions, verifyCopy } = place;
  const { signal } = new AbortController();
  const options = { checkpointId, partitionsCount: partitions, signal };
  const verified = await verifyBackup(place.store(), verifyCopy, options);
  if (verified.isErr() && verified.error.name === 'BackupNotFound') return undefined;
  return verified._unsafeUnwrap();
}

/** Rows for the page, by kind: the objects of an encrypted place come in another order each time. */
export function matrixRows(layout: string, { kinds }: Matrix): readonly string[] {
  const rows = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1));
  return rows.map(([kind, counts]) => {
    const { objects, damages, named, missing, elsewhere, refused, harmless } = counts;
    return `| ${[layout, kind, objects, damages, named, missing, elsewhere, refused, harmless].join(' | ')} |`;
  });
}
