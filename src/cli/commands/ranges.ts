// `tidemark ranges`: from when to when the cluster can be restored, and what lies between that cannot be.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import type { GapReason, RestorableRanges } from '../../core/restorable-ranges.ts';
import { restorableRanges } from '../../restore/restorable-ranges.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { paintFor } from '../paint.ts';
import { textTable } from '../text-table.ts';
import { withStore } from '../with-backups.ts';

export function addRanges(program: Command, run: CommandRun): void {
  program
    .command('ranges')
    .description('tell from when to when the cluster can be restored, and why not in between')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action(({ config }: { config?: string }) => run.finish(() => ranges(run, config)));
}

const EXAMPLES = `
Examples:
  $ tidemark ranges
  $ tidemark ranges --json | jq '.ranges[-1].to.timestamp'`;

const REASONS: Readonly<Record<GapReason, string>> = {
  reach: 'the next backup begins with a newer snapshot',
  unrecorded: 'the next backup does not tell its points',
  history: 'the next backup does not follow: the cluster was restored in between',
};

function ranges(run: CommandRun, config: string | undefined): ResultAsync<Shown, CliError> {
  const { io, env } = run.surroundings;
  return withStore(run.surroundings, config, (store, { cluster: { partitionsCount } }) =>
    restorableRanges(store, { partitionsCount }, { signal: io.signal }),
  ).map((told) => ({ json: told, text: show(told, paintFor(io.stdout, env)) }));
}

function show({ ranges: told, gaps }: RestorableRanges, paint: ReturnType<typeof paintFor>): string {
  if (told.length === 0) return 'nothing can be restored: no backup is COMPLETED on every partition';
  const rows = told.flatMap(({ from, to, points, backups }, index) => {
    const gap = gaps[index - 1];
    const range = [from.timestamp, to.timestamp, String(points), String(backups.length), ''];
    if (gap === undefined) return [range];
    const { after, before, reason, partitions } = gap;
    const why = `${REASONS[reason]} (partitions ${partitions.join(', ')})`;
    return [[after.timestamp, before.timestamp, 'none', '', why], range];
  });
  return textTable(['FROM', 'TO', 'POINTS', 'BACKUPS', 'WHY NOT'], rows, paint.head);
}
