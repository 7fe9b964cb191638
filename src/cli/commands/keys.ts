// `tidemark keys rotate`: another key of the operator for an encrypted store. Moves no backup.
import type { Command } from 'commander';
import { err, ok, type ResultAsync } from 'neverthrow';
import { fromAsync } from '../../core/result.ts';
import type { KeyRotation } from '../../ports/backup-store.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import { type CliError, NotSupportedByStore } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { withStore } from '../with-backups.ts';

interface RotateOptions {
  readonly config?: string;
  readonly removeOthers?: boolean;
}

export function addKeys(program: Command, run: CommandRun): void {
  program
    .command('keys')
    .description('the keys of an encrypted store')
    .command('rotate')
    .description(
      'let the first key of tidemark.encryption.keys open all that is encrypted; no backup is moved',
    )
    .option('--remove-others', 'afterwards the other keys open nothing any more')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((options: RotateOptions) => run.finish(() => rotate(run, options)));
}

const EXAMPLES = `
Put the new key in front of the old one in tidemark.encryption.keys of every node, rotate, and see that a backup is
taken. Then rotate with --remove-others and take the old key out of the configuration.

Examples:
  $ tidemark keys rotate
  $ tidemark keys rotate --remove-others --json`;

function rotate(run: CommandRun, options: RotateOptions): ResultAsync<Shown, CliError> {
  const { signal } = run.surroundings.io;
  return withStore(run.surroundings, options.config, (store) =>
    fromAsync<Shown, CliError>(async () => {
      if (store.rotateKeys === undefined) {
        return err(new NotSupportedByStore('keys rotate', "Zeebe's layout knows no encryption of its own"));
      }
      const rotated = await store.rotateKeys({ removeOthers: options.removeOthers, signal });
      return rotated.isErr() ? err(rotated.error) : ok({ json: rotated.value, text: show(rotated.value) });
    }),
  );
}

function show({ keyId, dataKeys, wrapped, removed, left }: KeyRotation): string {
  if (dataKeys === 0) return 'nothing is encrypted yet: the first backup makes a data key';
  const opens = `key ${keyId} opens everything${wrapped === 0 ? '' : ' from now on'}`;
  const gone = removed === 0 ? '' : `; what other keys opened is gone (${removed})`;
  return `${opens}${gone}${left === 0 ? '' : '; other keys open it too: --remove-others ends that'}`;
}
