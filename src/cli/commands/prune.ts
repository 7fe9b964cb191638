// `tidemark prune`: deletes the backups that nobody wants to keep any longer.
import type { Command } from 'commander';
import { err, ok, type ResultAsync } from 'neverthrow';
import { fromAsync } from '../../core/result.ts';
import type { RetentionPolicy } from '../../core/retention-policy.ts';
import { RetentionManager } from '../../retention/retention-manager.ts';
import { CONFIG_OPTION, parseGrace, parsePolicy } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { ProgressLine } from '../progress-line.ts';
import { showPruned } from '../show-pruned.ts';
import { withStore } from '../with-backups.ts';

type PolicyTexts = { readonly [N in Exclude<keyof RetentionPolicy, 'keepWithinMs'>]?: string };

interface PruneCommandOptions extends PolicyTexts {
  readonly keepWithin?: string;
  readonly config?: string;
  readonly dryRun?: boolean;
  readonly sweep?: boolean;
  readonly grace?: string;
}

export function addPrune(program: Command, run: CommandRun): void {
  program
    .command('prune')
    .description('delete the backups that no rule keeps; the newest COMPLETED one always stays')
    .option('--keep-last <number>', 'keep the newest so many')
    .option('--keep-within <duration>', 'keep what is at most this much older than the newest, such as P30D')
    .option('--keep-daily <number>', 'keep the newest of each of the last so many days (UTC) that have one')
    .option('--keep-weekly <number>', 'likewise of weeks, from Monday')
    .option('--keep-monthly <number>', 'likewise of months')
    .option('--minimum <number>', 'keep so many in any case (default: 1)')
    .option('--dry-run', 'tell what would go and what would stay, each with its reason, and change nothing')
    .option('--sweep', 'then free what no backup uses any more')
    .option('--grace <duration>', 'with --sweep: leave what is younger, such as 2h or PT2H (default: 2h)')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((options: PruneCommandOptions) => run.finish(() => prune(run, options)));
}

const EXAMPLES = `
Without any of the options the rules of the configuration count, zeebe.broker.data.backup.retention.*; an option takes
the place of the same rule there. What is in progress or held never goes, and what failed not before a week has passed
and a COMPLETED backup has come after it.

Examples:
  $ tidemark prune --keep-last 5 --keep-daily 7 --keep-weekly 4 --dry-run
  $ tidemark prune --keep-within P30D --minimum 3 --sweep`;

function prune(run: CommandRun, options: PruneCommandOptions): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  const { signal, clock } = io;
  return withStore(run.surroundings, options.config, (store, { retention, cluster }) =>
    fromAsync<Shown, CliError>(async () => {
      const { keepWithin, dryRun, sweep, grace: graceText, config: _, ...texts } = options;
      const given = keepWithin === undefined ? texts : { ...texts, keepWithinMs: keepWithin };
      const policy = parsePolicy(given, retention);
      if (policy.isErr()) return err(policy.error);
      const grace = graceText === undefined ? ok(undefined) : parseGrace(graceText);
      if (grace.isErr()) return err(grace.error);
      const line = new ProgressLine(io.stderr, clock);
      const { partitionsCount } = cluster;
      const manager = new RetentionManager({ store, clock }, { policy: policy.value, partitionsCount });
      const pruned = await manager.prune({
        dryRun,
        sweep,
        sweepGracePeriodMs: grace.value,
        signal,
        onProgress: ({ deleted, total }) => line.update(`deleted ${deleted} of ${total} backups`),
      });
      line.end();
      return pruned.isErr() ? err(pruned.error) : ok(showPruned(pruned.value));
    }),
  );
}
