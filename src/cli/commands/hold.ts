// `tidemark hold`, `unhold` and `holds`: which backups are never pruned.
import type { Command } from 'commander';
import { err, ok, type ResultAsync } from 'neverthrow';
import type { CheckpointId } from '../../core/ids.ts';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import { fromAsync } from '../../core/result.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { textTable } from '../text-table.ts';
import { mustBeThere, withPartOfStore } from '../with-part-of-store.ts';

interface HoldOptions {
  readonly config?: string;
  readonly reason?: string;
}

export function addHold(program: Command, run: CommandRun): void {
  program
    .command('hold')
    .description('keep a backup from being pruned; deleting it by its id stays possible')
    .argument('<backupId>', 'which backup')
    .option('--reason <text>', 'why, for whoever finds it later')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  $ tidemark hold 1764000000000 --reason "before the upgrade to 8.7"')
    .action((id: string, options: HoldOptions) => run.finish(() => hold(run, id, options)));
}

export function addUnhold(program: Command, run: CommandRun): void {
  program
    .command('unhold')
    .description('let a backup be pruned again; one that is not held is fine')
    .argument('<backupId>', 'which backup')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  $ tidemark unhold 1764000000000')
    .action((id: string, options: HoldOptions) => run.finish(() => unhold(run, id, options)));
}

export function addHolds(program: Command, run: CommandRun): void {
  program
    .command('holds')
    .description('show which backups are held, since when and why')
    .option(...CONFIG_OPTION)
    .addHelpText('after', '\nExample:\n  $ tidemark holds --json')
    .action((options: HoldOptions) => run.finish(() => list(run, options)));
}

function hold(run: CommandRun, text: string, { config, reason = '' }: HoldOptions) {
  const { signal } = run.surroundings.io;
  return parseCheckpointId(text).asyncAndThen((id) =>
    withPartOfStore(run, config, 'holds', (holds, store) =>
      fromAsync<Shown, CliError>(async () => {
        const there = await mustBeThere(store, id, { signal });
        if (there.isErr()) return err(there.error);
        const held = await holds.hold(id, reason, { signal });
        return held.isErr() ? err(held.error) : ok(shown(id, true));
      }),
    ),
  );
}

function unhold(run: CommandRun, text: string, { config }: HoldOptions) {
  const { signal } = run.surroundings.io;
  return parseCheckpointId(text).asyncAndThen((id) =>
    withPartOfStore(run, config, 'holds', (holds) =>
      holds.release(id, { signal }).map(() => shown(id, false)),
    ),
  );
}

function shown(backupId: CheckpointId, held: boolean): Shown {
  const text = `backup ${backupId} is ${held ? 'held: it is never pruned' : 'not held'}`;
  return { json: { backupId, held }, text };
}

function list(run: CommandRun, { config }: HoldOptions): ResultAsync<Shown, CliError> {
  const { signal } = run.surroundings.io;
  return withPartOfStore(run, config, 'holds', (holds) =>
    fromAsync<Shown, CliError>(async () => {
      const ids = await holds.list({ signal });
      if (ids.isErr()) return err(ids.error);
      const found: { backupId: CheckpointId; heldAt: string; reason: string }[] = [];
      for (const backupId of ids.value) {
        const one = await holds.get(backupId, { signal });
        if (one.isErr()) return err(one.error);
        if (one.value !== undefined) found.push({ backupId, ...one.value });
      }
      const rows = found.map(({ backupId, heldAt, reason }) => [String(backupId), heldAt, reason]);
      const text = found.length === 0 ? 'no holds' : textTable(['BACKUP', 'HELD SINCE', 'REASON'], rows);
      return ok({ json: { holds: found }, text });
    }),
  );
}
