// `tidemark repair`: puts right what can be proven, and names what is lost.
import type { Command } from 'commander';
import { err, ok, type ResultAsync } from 'neverthrow';
import { BackupCorrupt } from '../../core/errors.ts';
import { fromAsync } from '../../core/result.ts';
import type { RepairReport } from '../../ports/backup-store.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import { type CliError, NotSupportedByStore } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { printable } from '../text-table.ts';
import { withStore } from '../with-backups.ts';

interface RepairCommandOptions {
  readonly config?: string;
  readonly dryRun?: boolean;
}

export function addRepair(program: Command, run: CommandRun): void {
  program
    .command('repair')
    .description('put right what can be proven in the store, and name what is lost')
    .option('--dry-run', 'tell what would be done and why, and change nothing')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((options: RepairCommandOptions) => run.finish(() => repair(run, options)));
}

const EXAMPLES = `
Reads every byte of every backup, for which an encrypted store takes its keys. Deletes nothing that a COMPLETED backup
needs.

Examples:
  $ tidemark repair --dry-run
  $ tidemark repair --json`;

function repair(run: CommandRun, { config, dryRun }: RepairCommandOptions): ResultAsync<Shown, CliError> {
  const { signal } = run.surroundings.io;
  return withStore(run.surroundings, config, (store) =>
    fromAsync<Shown, CliError>(async () => {
      if (store.repair === undefined) {
        const detail = "Zeebe's layout has no digests that would prove anything; verify its backups instead";
        return err(new NotSupportedByStore('repair', detail));
      }
      const repaired = await store.repair({ dryRun, signal });
      return repaired.isErr() ? err(repaired.error) : ok(show(repaired.value));
    }),
  );
}

function show(report: RepairReport): Shown {
  const { dryRun, chunks, steps } = report;
  const lines = steps.map(({ kind, checkpointId, partitionId, nodeId, object, reason }) => {
    const verb = dryRun && kind !== 'lost' && kind !== 'unreadable' ? `would be ${kind}` : kind;
    const what = object === undefined ? '' : ` ${object}`;
    const copy = partitionId === undefined ? '' : ` partition ${partitionId} node ${nodeId}`;
    const backup = checkpointId === undefined ? ' data key' : ` backup ${checkpointId}${copy}`;
    return printable(`${verb}:${backup}${what}: ${reason}`);
  });
  const ends = `${chunks} chunks read; ${dryRun ? 'dry run: nothing was changed' : `${steps.length} findings`}`;
  const text = [...lines, ...(lines.length > 0 ? [''] : []), ends].join('\n');
  const lost = steps.find(({ kind }) => kind === 'lost');
  if (lost === undefined) return { json: report, text };
  const detail = `and ${steps.filter(({ kind }) => kind === 'lost').length - 1} more cannot be rebuilt`;
  return {
    json: report,
    text,
    error: new BackupCorrupt(lost.object ?? `backup ${lost.checkpointId}`, detail),
  };
}
