// `tidemark status`: how one backup is doing, on every partition.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { paintFor } from '../paint.ts';
import { showBackup } from '../show-backups.ts';
import { gatewayOption, type SourceChoice, withBackups } from '../with-backups.ts';

export function addStatus(program: Command, run: CommandRun): void {
  program
    .command('status')
    .description('show how a backup is doing, from a running cluster or from the store')
    .argument('<backupId>', 'which backup')
    .addOption(gatewayOption('ask this management API; without it the store in the configuration is read'))
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: SourceChoice) => run.finish(() => status(run, id, options)));
}

const EXAMPLES = `
Examples:
  $ tidemark status 1764000000000
  $ tidemark status 1764000000000 --gateway http://127.0.0.1:9600 --json`;

function status(run: CommandRun, text: string, choice: SourceChoice): ResultAsync<Shown, CliError> {
  const { io, env } = run.surroundings;
  return parseCheckpointId(text).asyncAndThen((id) =>
    withBackups(run.surroundings, choice, (source) => source.status(id, { signal: io.signal })).map(
      (info) => ({
        json: info,
        text: showBackup(info, paintFor(io.stdout, env)),
      }),
    ),
  );
}
