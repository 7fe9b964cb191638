// `tidemark label` and `labels`: what people call a backup.
import type { Command } from 'commander';
import { err, ok } from 'neverthrow';
import { InvalidInput } from '../../core/errors.ts';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import { fromAsync } from '../../core/result.ts';
import type { LabelledBackup } from '../../ports/backup-store.ts';
import { CONFIG_OPTION, optionalId } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { textTable } from '../text-table.ts';
import { mustBeThere, withPartOfStore } from '../with-part-of-store.ts';

interface LabelOptions {
  readonly config?: string;
}

export function addLabel(program: Command, run: CommandRun): void {
  program
    .command('label')
    .description(
      'say something about a backup, for people and scripts; a label keeps nothing from being pruned',
    )
    .argument('<backupId>', 'which backup')
    .argument('<labels...>', 'name=value to set a label, name- to take it back')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  $ tidemark label 1764000000000 release=8.7 tested-')
    .action((id: string, labels: string[], options: LabelOptions) =>
      run.finish(() => label(run, id, labels, options)),
    );
}

export function addLabels(program: Command, run: CommandRun): void {
  program
    .command('labels')
    .description('show the labels of one backup or of all')
    .argument('[backupId]', 'which backup; without it all that have any')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  $ tidemark labels --json')
    .action((id: string | undefined, options: LabelOptions) => run.finish(() => list(run, id, options)));
}

function label(run: CommandRun, text: string, changes: readonly string[], { config }: LabelOptions) {
  const { signal } = run.surroundings.io;
  return parseCheckpointId(text).asyncAndThen((id) =>
    withPartOfStore(run, config, 'labels', (labels, store) =>
      fromAsync<Shown, CliError>(async () => {
        const wrong = changes.find((change) => !change.includes('=') && !change.endsWith('-'));
        if (wrong !== undefined) {
          return err(new InvalidInput('label', `expected name=value or name-, got '${wrong.slice(0, 40)}'`));
        }
        const there = await mustBeThere(store, id, { signal });
        if (there.isErr()) return err(there.error);
        for (const change of changes) {
          const at = change.indexOf('=');
          const changed = await (at < 0
            ? labels.remove(id, change.slice(0, -1), { signal })
            : labels.set(id, change.slice(0, at), change.slice(at + 1), { signal }));
          if (changed.isErr()) return err(changed.error);
        }
        const now = await labels.list(id, { signal });
        if (now.isErr()) return err(now.error);
        const [backup = { checkpointId: id, labels: {} }] = now.value;
        return ok({ json: document(backup), text: `backup ${id}: ${words(backup) || 'no labels'}` });
      }),
    ),
  );
}

function list(run: CommandRun, text: string | undefined, { config }: LabelOptions) {
  const { signal } = run.surroundings.io;
  return optionalId(text).asyncAndThen((id) =>
    withPartOfStore(run, config, 'labels', (labels) =>
      labels.list(id, { signal }).map((backups) => {
        const rows = backups.map((backup) => [String(backup.checkpointId), words(backup)]);
        const table = rows.length === 0 ? 'no labels' : textTable(['BACKUP', 'LABELS'], rows);
        return { json: { backups: backups.map(document) }, text: table };
      }),
    ),
  );
}

function words({ labels }: LabelledBackup): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(' ');
}

function document({ checkpointId: backupId, labels }: LabelledBackup): object {
  return { backupId, labels };
}
