// `tidemark sweep`: frees what no backup uses any more.
import type { Command } from 'commander';
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import type { PartitionId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import { CONFIG_OPTION, parseGrace, parsePartitions } from '../arguments.ts';
import { type CliError, NotSupportedByStore } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { showSweep } from '../show-sweep.ts';
import { withStore } from '../with-backups.ts';

interface SweepCommandOptions {
  readonly config?: string;
  readonly partitions?: string;
  readonly grace?: string;
  readonly dryRun?: boolean;
}

export function addSweep(program: Command, run: CommandRun): void {
  program
    .command('sweep')
    .description('free what no backup in the store uses any more; deleting a backup leaves that behind')
    .option('--dry-run', 'tell what would be freed and what stays, and change nothing')
    .option('--grace <duration>', 'leave what is younger, such as 2h or PT2H (default: 2h)')
    .option('--partitions <ids>', 'only these, such as 1,3')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((options: SweepCommandOptions) => run.finish(() => sweep(run, options)));
}

const EXAMPLES = `
Backups may be taken, deleted and restored meanwhile. A partition whose backup is being taken is left for the next time.

Examples:
  $ tidemark sweep --dry-run
  $ tidemark sweep --grace PT6H --json`;

function sweep(run: CommandRun, options: SweepCommandOptions): ResultAsync<Shown, CliError> {
  const { signal } = run.surroundings.io;
  return withStore(run.surroundings, options.config, (store, { cluster }) =>
    fromAsync<Shown, CliError>(async () => {
      if (store.sweep === undefined) {
        return err(
          new NotSupportedByStore('sweep', "deleting a backup in Zeebe's layout leaves nothing to sweep"),
        );
      }
      const partitionIds = partitions(options.partitions, cluster.partitionsCount);
      if (partitionIds.isErr()) return err(partitionIds.error);
      const grace = options.grace === undefined ? ok(undefined) : parseGrace(options.grace);
      if (grace.isErr()) return err(grace.error);
      const { dryRun } = options;
      const swept = await store.sweep({
        partitionIds: partitionIds.value,
        gracePeriodMs: grace.value,
        dryRun,
        signal,
      });
      return swept.isErr() ? err(swept.error) : ok(showSweep(swept.value));
    }),
  );
}

function partitions(
  text: string | undefined,
  partitionsCount: number,
): Result<readonly PartitionId[] | undefined, CliError> {
  return text === undefined ? ok(undefined) : parsePartitions(text, partitionsCount);
}
