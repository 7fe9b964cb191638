// Opens what a command works on, the gateway or the store, and lets go of it however the command ends.
import { Option } from 'commander';
import { err, ok, type ResultAsync } from 'neverthrow';
import { environmentVariable, SETTINGS } from '../config/setting-keys.ts';
import type { Settings } from '../config/settings.ts';
import { BackupsDisabled, InvalidConfiguration } from '../core/errors.ts';
import { bracket, fromAsync } from '../core/result.ts';
import { ManagementClient } from '../management/management-client.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import { openBackupStore } from '../stores/open-backup-store.ts';
import type { BackupsSource } from './backups-source.ts';
import type { CliError } from './cli-errors.ts';
import type { CliSurroundings } from './cli-io.ts';
import { readSettings } from './read-settings.ts';
import { StoreBackups } from './store-backups.ts';
import { storeWarnings } from './store-warnings.ts';

/** Where to look: a gateway when one is named, else the store in the configuration. */
export interface SourceChoice {
  readonly gateway?: string | undefined;
  readonly config?: string | undefined;
}

/** Where both are named it is not known which was meant, and one of them may be deleted from. */
export function gatewayOption(description: string): Option {
  return new Option('--gateway <url>', description).conflicts('config');
}

/** Uses the gateway or the store. A gateway has no settings here. */
export function withBackups<T>(
  surroundings: CliSurroundings,
  { gateway, config }: SourceChoice,
  use: (source: BackupsSource, settings?: Settings) => ResultAsync<T, CliError>,
): ResultAsync<T, CliError> {
  if (gateway !== undefined) return use(gatewayClient(surroundings, gateway));
  return withStore(surroundings, config, (store, settings) =>
    use(new StoreBackups(store, settings.cluster), settings),
  );
}

/** Uses the store in the configuration. */
export function withStore<T>(
  surroundings: CliSurroundings,
  config: string | undefined,
  use: (store: BackupStore, settings: Settings) => ResultAsync<T, CliError>,
): ResultAsync<T, CliError> {
  return readSettings(surroundings, config).andThen<T, CliError>((settings) =>
    bracket<BackupStore, T, CliError, CliError>(
      () => open(surroundings, settings),
      (store) => use(store, settings),
      (store) => store.close(),
    ),
  );
}

/**
 * A client of the gateway at this address. The token comes from the environment alone: a command line is
 * public.
 */
export function gatewayClient({ io, env }: CliSurroundings, url: string): ManagementClient {
  const token = env[environmentVariable(SETTINGS.managementToken.key)];
  return new ManagementClient({ fetch: io.fetch, clock: io.clock }, { url, token });
}

function open({ io }: CliSurroundings, { backup }: Settings): ResultAsync<BackupStore, CliError> {
  return fromAsync<BackupStore, CliError>(async () => {
    try {
      const store = await openBackupStore(backup, { clock: io.clock, logger: storeWarnings(io) });
      return store === null ? err(new BackupsDisabled()) : ok(store);
    } catch (cause) {
      if (cause instanceof InvalidConfiguration) return err(cause);
      throw cause;
    }
  });
}
