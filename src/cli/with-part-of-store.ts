// Holds and labels: parts that not every store has, and backups that must be there to have them.
import { err, errAsync, ok, type ResultAsync } from 'neverthrow';
import { BackupNotFound } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import type { BackupStore, CallOptions, ListBackupsError } from '../ports/backup-store.ts';
import { type CliError, NotSupportedByStore } from './cli-errors.ts';
import type { CommandRun, Shown } from './command-run.ts';
import { withStore } from './with-backups.ts';

const VERBS = { holds: 'hold', labels: 'label' } as const;

/** Runs `use` with this part of the store, or says what to do where there is none. */
export function withPartOfStore<Part extends keyof typeof VERBS>(
  run: CommandRun,
  config: string | undefined,
  part: Part,
  use: (part: NonNullable<BackupStore[Part]>, store: BackupStore) => ResultAsync<Shown, CliError>,
): ResultAsync<Shown, CliError> {
  return withStore(run.surroundings, config, (store) => {
    const found = store[part];
    if (found !== undefined) return use(found, store);
    const verb = VERBS[part];
    const detail = `Zeebe's layout has no place for it; copy the backup to a native store and ${verb} it there`;
    return errAsync(new NotSupportedByStore(verb, detail));
  });
}

/** Makes sure that there is a copy of the backup, in whatever state. */
export function mustBeThere(
  store: BackupStore,
  checkpointId: CheckpointId,
  options: CallOptions,
): ResultAsync<void, ListBackupsError | BackupNotFound> {
  return store
    .list({ checkpointId }, options)
    .andThen(({ backups }) => (backups.length === 0 ? err(new BackupNotFound(checkpointId)) : ok()));
}
