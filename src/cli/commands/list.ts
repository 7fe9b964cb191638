// `tidemark list`: the backups there are, newest first, a page at a time.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import { BACKUPS_PER_PAGE } from '../../core/limits.ts';
import { CONFIG_OPTION, optionalId, parseLimit } from '../arguments.ts';
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
    .option(...CONFIG_OPTION)
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
      withBackups(run.surroundings, options, (source, settings) =>
        source.list(query, { signal: io.signal }).map((page) => ({ page, settings })),
      ),
    )
    .map(({ page, settings }) => {
      if (page.backups.length === 0 && options.before === undefined) io.stderr.write(otherLayout(settings));
      if (page.next !== undefined) io.stderr.write(`there may be more: --before ${page.next}\n`);
      return { json: page, text: showBackups(page.backups, paintFor(io.stdout, env)) };
    });
}

/** A bucket with backups looks empty in the other layout: the setting is easily forgotten. */
function otherLayout(settings: Settings | undefined): string {
  if (settings?.backup.store !== 'S3') return '';
  return settings.backup.format === 'zeebe'
    ? "none in Zeebe's layout; for tidemark's own leave zeebe.broker.data.backup.format out\n"
    : "none in tidemark's layout; for backups by Zeebe's own brokers set zeebe.broker.data.backup.format to zeebe\n";
}
