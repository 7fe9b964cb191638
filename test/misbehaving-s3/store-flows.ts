// What is done with a whole backup store while its server misbehaves, and what must be true when it says ok.
import { err, ok, type ResultAsync } from 'neverthrow';
import { readAllFiles } from '../../src/cli/verify/read-all-files.ts';
import { verifyBackup } from '../../src/cli/verify/verify-backup.ts';
import type { StoredBackup } from '../../src/core/backup.ts';
import { type BackupError, isBackupError } from '../../src/core/errors.ts';
import { fromAsync } from '../../src/core/result.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';
import { assertSameBackup, sampleBackup, sampleFile } from '../../src/testkit/sample-backups.ts';

const files = (seed: number) => ({
  snapshotFiles: [sampleFile('first', 300, seed), sampleFile('second', 300, seed + 1)],
  segmentFiles: [sampleFile('log', 5_000, seed + 2)],
});

/** In the store from the beginning. */
export const STORED = sampleBackup({ checkpointId: 1, ...files(1) });
/** The one that is saved. */
export const NEW = sampleBackup({ checkpointId: 2, term: 2n, ...files(11) });

export interface Flow {
  readonly name: string;
  run(store: BackupStore): ResultAsync<unknown, BackupError>;
  /** Throws unless an ok tells the truth. `store` is another one, on what the server has now. */
  assertTrue(value: unknown, store: BackupStore): Promise<void>;
}

/** The codes of the copies that a listing has, newest first. */
export function states(store: BackupStore): ResultAsync<string[], BackupError> {
  return store
    .list({})
    .map(({ backups }) => backups.map(({ id, statusCode }) => `${id.checkpointId} ${statusCode}`));
}

async function assertStates(store: BackupStore, expected: readonly string[]): Promise<void> {
  const found = (await states(store))._unsafeUnwrap();
  if (found.join() !== expected.join()) throw new Error(`the store has ${found}, not ${expected}`);
}

export const FLOWS: readonly Flow[] = [
  {
    name: 'save',
    run: (store) => store.save(NEW),
    async assertTrue(_, store) {
      await assertStates(store, ['2 COMPLETED', '1 COMPLETED']);
      await assertSameBackup((await store.open(NEW.id))._unsafeUnwrap(), NEW);
    },
  },
  {
    name: 'open and read',
    run: (store) => store.open(STORED.id).andThen(readWithStored),
    async assertTrue(mismatch) {
      if (mismatch !== undefined) throw mismatch;
    },
  },
  {
    name: 'list',
    run: states,
    async assertTrue(found) {
      if (String(found) !== '1 COMPLETED') throw new Error(`the listing is ${found}`);
    },
  },
  {
    name: 'delete',
    run: (store) => store.delete(STORED.id),
    assertTrue: (_, store) => assertStates(store, []),
  },
  {
    name: 'verify',
    run: (store) =>
      verifyBackup(store, readAllFiles, {
        checkpointId: STORED.id.checkpointId,
        partitionsCount: 1,
        signal: new AbortController().signal,
      }).andThen(({ copies: [copy] }) =>
        copy?.state === 'COMPLETED' && copy.findings.length === 0
          ? store.open(STORED.id).andThen(readWithStored)
          : ok(DAMAGE_TOLD),
      ),
    async assertTrue(mismatch) {
      if (mismatch !== undefined && mismatch !== DAMAGE_TOLD) throw mismatch;
    },
  },
];

/** A verification that found something. What came over the line was damaged, so that is no lie. */
export const DAMAGE_TOLD = Symbol('damage');

/** Gives what differs, or the error that reading ended with. */
function readWithStored(backup: StoredBackup): ResultAsync<unknown, BackupError> {
  return fromAsync<unknown, BackupError>(async () => {
    try {
      await assertSameBackup(backup, STORED);
      return ok(undefined);
    } catch (cause) {
      return isBackupError(cause) ? err(cause as BackupError) : ok(cause);
    }
  });
}
