// `tidemark doctor`: finds out whether a bucket or directory does what backups need, before anything depends on it.
import type { Command } from 'commander';
import { err, ok, type ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import { CHUNK_SIZE_BYTES } from '../../core/limits.ts';
import { fromAsync } from '../../core/result.ts';
import { systemRandom } from '../../runtime/system-random.ts';
import { withKeyFiles } from '../../stores/key-files.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import { type CliError, NotSupportedByStore } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { checkup } from '../doctor/checkup.ts';
import { iamPolicy } from '../doctor/iam-policy.ts';
import { layoutOf, openPlace, storeOver } from '../doctor/open-place.ts';
import { showCheckup } from '../doctor/show-checkup.ts';
import { paintFor } from '../paint.ts';
import { withStore } from '../with-backups.ts';

interface DoctorCommandOptions {
  readonly config?: string;
  readonly iam?: boolean;
  readonly readOnly?: boolean;
}

export function addDoctor(program: Command, run: CommandRun): void {
  program
    .command('doctor')
    .description('find out whether the store does what backups need, and what is missing')
    .option('--read-only', 'write nothing: only what listing, verifying and restoring need')
    .option('--iam', 'print the least IAM policy for the bucket, and ask it nothing')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((options: DoctorCommandOptions) => run.finish(() => doctor(run, options)));
}

const EXAMPLES = `
It writes under a prefix of its own below the base path, and deletes that again, also when it is stopped. Backups
that are there are not touched. Takes a few thousand small requests.

Examples:
  $ tidemark doctor
  $ tidemark doctor --read-only --json
  $ tidemark doctor --iam > policy.json`;

function doctor(run: CommandRun, options: DoctorCommandOptions): ResultAsync<Shown, CliError> {
  return withStore(run.surroundings, options.config, (_store, settings) =>
    options.iam ? policy(settings, options) : examine(run, settings, options),
  );
}

function policy(
  { backup }: Settings,
  { readOnly = false }: DoctorCommandOptions,
): ResultAsync<Shown, CliError> {
  return fromAsync<Shown, CliError>(async () => {
    if (backup.store !== 'S3')
      return err(new NotSupportedByStore('doctor --iam', 'only a bucket has an IAM policy'));
    const { bucketName, basePath } = backup;
    const json = iamPolicy({ bucketName, basePath, layout: layoutOf(backup), readOnly });
    return ok({ json, text: JSON.stringify(json, undefined, 2) });
  });
}

function examine(
  { surroundings: { io, env } }: CommandRun,
  { backup: given }: Settings,
  { readOnly = false }: DoctorCommandOptions,
): ResultAsync<Shown, CliError> {
  return fromAsync<Shown, CliError>(async () => {
    const read = await withKeyFiles(given);
    if (read.isErr()) return err(read.error);
    const backup = read.value;
    const components = { clock: io.clock };
    const storage = await openPlace(backup, components);
    try {
      const found = await checkup({
        storage,
        clock: io.clock,
        random: systemRandom,
        signal: io.signal,
        chunkSizeBytes: ('chunkSizeBytes' in backup && backup.chunkSizeBytes) || CHUNK_SIZE_BYTES,
        layout: layoutOf(backup),
        isBucket: backup.store === 'S3',
        readOnly,
        openStorage: () => openPlace(backup, components),
        storeOver: (over) => storeOver(backup, over, components),
        onFinding: ({ check, state }) => {
          if (io.stderr.isTTY) io.stderr.write(`${state.padEnd(8)} ${check}\n`);
        },
      });
      if (found.isErr()) return err(found.error);
      return ok(showCheckup(storage.location, found.value, paintFor(io.stdout, env)));
    } finally {
      await storage.close();
    }
  });
}
