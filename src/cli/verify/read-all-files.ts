// Verifies a copy in a layout that keeps a digest of every piece: reading a file to its end is the proof.
import { err, ok, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import type { StoredBackup, StoredFile } from '../../core/backup.ts';
import { BackupCorrupt, type BrokerFailure, type StoreError } from '../../core/errors.ts';
import { invariant } from '../../core/invariant.ts';
import { fromAsync } from '../../core/result.ts';
import { readFailure } from '../../zeebe/read-failure.ts';
import { type LocatedFinding, partsOf, placeOf } from './locate-finding.ts';

interface ReadOptions {
  readonly signal: AbortSignal;
}

const FILES_IN_FLIGHT = 4;

/** So many files are named that a damaged object takes with it. */
const FILES_NAMED_MAX = 5;

/** Reads every byte that can be read. One finding per damaged object, at the first file that it breaks. */
export function readAllFiles(
  { snapshotFiles, segmentFiles }: StoredBackup,
  options: ReadOptions,
): ResultAsync<readonly LocatedFinding[], StoreError | BrokerFailure> {
  return fromAsync<readonly LocatedFinding[], StoreError | BrokerFailure>(async () => {
    const findings: LocatedFinding[] = [];
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    try {
      // Several at once: the next file is on its way when one ends.
      const files = [...snapshotFiles, ...segmentFiles];
      findings.push(
        ...(await pLimit(FILES_IN_FLIGHT).map(files, (file) => readOne(file, { signal }))).flat(),
      );
    } catch (cause) {
      stop.abort();
      return err(readFailure(cause));
    }
    return ok([...Map.groupBy(findings, ({ object }) => object).values()].map(asOne));
  });
}

function asOne([first, ...others]: readonly LocatedFinding[]): LocatedFinding {
  invariant(first !== undefined, 'a group has a member');
  const names = new Set(
    others.flatMap(({ file }) => (file === undefined || file === first.file ? [] : file)),
  );
  if (names.size === 0) return first;
  const named = [...names].slice(0, FILES_NAMED_MAX).join(', ');
  const more = names.size > FILES_NAMED_MAX ? ` and ${names.size - FILES_NAMED_MAX} more` : '';
  const files = names.size === 1 ? 'file' : 'files';
  return { ...first, what: `${first.what}; with it ${names.size} more ${files}: ${named}${more}` };
}

/** From the first damage on part by part: what lies behind it may be whole, or damaged as well. */
async function readOne(file: StoredFile, options: ReadOptions): Promise<LocatedFinding[]> {
  const { damage, bytes } = await readToEnd(file, options);
  if (damage === undefined) return [];
  const findings = [at(file, damage, bytes)];
  const told = new Set([damage.object]);
  let begin = 0;
  for (const part of partsOf(file)) {
    if (begin > bytes && !told.has(part.object)) {
      const more = await readToEnd(part, options);
      if (more.damage !== undefined) {
        findings.push(at(file, more.damage, begin));
        told.add(more.damage.object);
      }
    }
    begin += part.sizeBytes;
  }
  return findings;
}

/** How far it came, and the damage that ended it. Throws what is no damage. */
async function readToEnd(
  file: Pick<StoredFile, 'open'>,
  options: ReadOptions,
): Promise<{ readonly bytes: number; readonly damage?: BackupCorrupt }> {
  let bytes = 0;
  try {
    for await (const part of file.open({ ...options, lend: true })) bytes += part.byteLength;
  } catch (cause) {
    if (!(cause instanceof BackupCorrupt)) throw cause;
    return { bytes, damage: cause };
  }
  return { bytes };
}

function at(file: StoredFile, damage: BackupCorrupt, fileOffset: number): LocatedFinding {
  const { object, offset } = placeOf(file, fileOffset) ?? {};
  const isKnown = object === damage.object && offset !== undefined;
  return { ...findingOf(damage), ...(isKnown ? { offset } : {}), file: file.name, fileOffset };
}

/** Damage that a store found by itself. */
export function findingOf({ object, detail }: Pick<BackupCorrupt, 'object' | 'detail'>): LocatedFinding {
  const whatRestoreWouldDo = 'it refuses the backup and installs nothing';
  return { severity: 'error', object, what: detail, whatRestoreWouldDo };
}
