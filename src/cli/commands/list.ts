// `tidemark list`: the backups there are, newest first, a page at a time.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import { BACKUPS_PER_PAGE } from '../../core/limits.ts';
import { optionalId, parseLimit } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { paintFor } from '../paint.ts';
import { showBackups } from '../show-backups.ts';
import { gatewayOption, type SourceChoice, withBackups } from '../with-backups.ts';

interface ListOptions extends SourceChoice {
  readonly limit: string;
  readonly before?: string;
}

export function addList(program: Command, run: CommandRun): void {
  program
    .command('list')
    .description('list backups, newest first, from a running cluster or from the store')
    .option('--limit <number>', 'at most this many', String(BACKUPS_PER_PAGE))
    .option('--before <backupId>', 'only those with a lower id: continues a listing')
    .addOption(gatewayOption('ask this management API; without it the store in the configuration is read'))
    .option(
      '--config <file>',
      'the configuration, instead of ./application.yaml or ./config/application.yaml',
    )
    .addHelpText('after', EXAMPLES)
    .action((options: ListOptions) => run.finish(() => list(run, options)));
}

const EXAMPLES = `
Examples:
  $ tidemark list --limit 10
  $ tidemark list --json | jq '.backups[] | select(.state == "COMPLETED") | .backupId'`;

function list(run: CommandRun, options: ListOptions): ResultAsync<Shown, CliError> {
  const { io, env } = run.surroundings;
  return parseLimit(options.limit)
    .andThen((limit) => optionalId(options.before, '--before').map((before) => ({ limit, before })))
    .asyncAndThen((query) =>
      withBackups(run.surroundings, options, (source) => source.list(query, { signal: io.signal })),
    )
    .map((page) => {
      if (page.next !== undefined) io.stderr.write(`there may be more: --before ${page.next}\n`);
      return { json: page, text: showBackups(page.backups, paintFor(io.stdout, env)) };
    });
}
