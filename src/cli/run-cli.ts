// The command line as a function: arguments in, exit code out. It touches nothing of the process.
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Environment } from '../config/placeholder.ts';
import { InternalError, UsageError } from './cli-errors.ts';
import type { CliIo } from './cli-io.ts';
import { CommandRun } from './command-run.ts';
import { addCopy } from './commands/copy.ts';
import { addDelete } from './commands/delete.ts';
import { addDoctor } from './commands/doctor.ts';
import { addHold, addHolds, addUnhold } from './commands/hold.ts';
import { addKeys } from './commands/keys.ts';
import { addLabel, addLabels } from './commands/label.ts';
import { addList } from './commands/list.ts';
import { addPrune } from './commands/prune.ts';
import { addRanges } from './commands/ranges.ts';
import { addRepair } from './commands/repair.ts';
import { addRestore } from './commands/restore.ts';
import { addSave } from './commands/save.ts';
import { addStatus } from './commands/status.ts';
import { addSweep } from './commands/sweep.ts';
import { addTake } from './commands/take.ts';
import { addVerify } from './commands/verify.ts';
import { exitCodesHelp } from './exit-codes.ts';

/** Runs one command. `argv` is what follows the program's name. Never rejects. */
export async function runCli(argv: readonly string[], env: Environment, io: CliIo): Promise<number> {
  const run = new CommandRun({ env, io }, { json: asksForJson(argv) });
  let complaint = '';
  const program = makeProgram(run, (text) => {
    complaint += text;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) run.fail(new InternalError(cause));
    else if (cause.exitCode !== 0) run.fail(new UsageError(usageMessage(cause, complaint, program, argv)));
  }
  return run.exitCode;
}

const EXAMPLES = `
Results go to stdout, messages and progress to stderr. The configuration is a Zeebe broker's: application.yaml
and ZEEBE_BROKER_* variables.

Examples:
  $ tidemark take --gateway http://127.0.0.1:9600 --wait
  $ tidemark list --json
  $ tidemark restore 1764000000000`;

/** Builds the commands anew: a program keeps state between runs. */
export function makeProgram(run: CommandRun, complain: (text: string) => void = () => {}): Command {
  const { io } = run.surroundings;
  const program = new Command('tidemark')
    .description(manifest.description)
    .version(manifest.version, '-V, --version')
    .option('--json', 'print one JSON document, errors included')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: complain,
      getOutHelpWidth: () => io.stdout.columns ?? 100,
      getErrHelpWidth: () => io.stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', `${EXAMPLES}\n${exitCodesHelp()}`)
    .addHelpText('afterAll', ({ command }) =>
      command.parent === null ? '' : '\nThe exit codes are listed by: tidemark --help',
    );
  for (const add of [
    addRestore,
    addTake,
    addStatus,
    addList,
    addRanges,
    addVerify,
    addDelete,
    addSave,
    addCopy,
    addPrune,
    addHold,
    addUnhold,
    addHolds,
    addLabel,
    addLabels,
    addSweep,
    addKeys,
    addDoctor,
    addRepair,
  ])
    add(program, run);
  return program;
}

function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

/** Commander's words without its prefix, in one line, and where the help is. */
function usageMessage(
  cause: CommanderError,
  complaint: string,
  program: Command,
  argv: readonly string[],
): string {
  const command = program.commands.map((each) => each.name()).find((name) => argv.includes(name));
  const help = `see: tidemark ${command === undefined ? '' : `${command} `}--help`;
  // Without a command commander complains by printing the whole help.
  if (cause.code === 'commander.help') return `no command was given; ${help}`;
  const said = complaint
    .replace(/^error: /, '')
    .trim()
    .replace(/\s*\n\s*/g, ' ');
  return `${said}; ${help}`;
}
