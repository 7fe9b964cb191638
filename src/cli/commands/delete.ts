// `tidemark delete`: removes a backup on every partition.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { gatewayOption, type SourceChoice, withBackups } from '../with-backups.ts';

export function addDelete(program: Command, run: CommandRun): void {
  program
    .command('delete')
    .description('delete a backup on every partition; deleting what is not there succeeds')
    .argument('<backupId>', 'which backup')
    .addOption(gatewayOption('ask this management API; without it the store in the configuration is changed'))
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: SourceChoice) => run.finish(() => remove(run, id, options)));
}

const EXAMPLES = `
Examples:
  $ tidemark delete 1764000000000
  $ tidemark delete 1764000000000 --gateway http://127.0.0.1:9600`;

function remove(run: CommandRun, text: string, choice: SourceChoice): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  return parseCheckpointId(text).asyncAndThen((id) =>
    withBackups(run.surroundings, choice, (source) => source.delete(id, { signal: io.signal })).map(() => ({
      json: { backupId: id, deleted: true },
      text: `no copy of backup ${id} is left`,
    })),
  );
}
