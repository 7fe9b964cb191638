// `tidemark take`: triggers a backup of a running cluster, and waits for it when asked to.
import type { Command } from 'commander';
import { ok, type ResultAsync } from 'neverthrow';
import { idOfInstant } from '../../core/generated-id.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { fromAsync } from '../../core/result.ts';
import type { ManagementClient } from '../../management/management-client.ts';
import type { BackupInfo } from '../../management/wire.ts';
import { optionalId, parseTimeout } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { ProgressLine } from '../progress-line.ts';
import { showProgress } from '../show-backups.ts';
import { printable } from '../text-table.ts';
import { waitForBackup } from '../wait-for-backup.ts';
import { gatewayClient } from '../with-backups.ts';

interface TakeOptions {
  readonly gateway: string;
  readonly wait?: boolean;
  readonly timeout: string;
}

export function addTake(program: Command, run: CommandRun): void {
  program
    .command('take')
    .description('trigger a backup of a running cluster, and print its id')
    .argument(
      '[backupId]',
      'higher than that of any backup before (default: one that the gateway makes, or the milliseconds since 1970)',
    )
    .requiredOption(
      '--gateway <url>',
      'the management API of a gateway or node, such as http://127.0.0.1:9600',
    )
    .option('--wait', 'wait until the backup is COMPLETED')
    .option('--timeout <duration>', 'how long to wait, such as 90s, 10m or PT1H', '30m')
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: TakeOptions) => run.finish(() => take(run, id, options)));
}

const EXAMPLES = `
Examples:
  $ tidemark take --gateway http://127.0.0.1:9600
  $ tidemark take 1764000000000 --gateway http://127.0.0.1:9600 --wait --timeout 10m`;

function take(run: CommandRun, text: string | undefined, options: TakeOptions): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  return parseTimeout(options.timeout)
    .andThen((timeoutMs) => optionalId(text).map((id) => ({ timeoutMs, id })))
    .asyncAndThen<Shown, CliError>(({ timeoutMs, id: given }) => {
      const client = gatewayClient(run.surroundings, options.gateway);
      return trigger(run, client, given).andThen<Shown, CliError>((id) => {
        if (options.wait) return waitVisibly(run, client, id, timeoutMs);
        io.stderr.write(
          `backup ${id} is triggered; watch it with: tidemark status ${id} --gateway ${options.gateway}\n`,
        );
        return ok({ json: { backupId: id }, text: String(id) });
      });
    });
}

/** Lets the gateway make the id that nobody gave. Where it makes none, the time of day is one, if it is high enough. */
function trigger(
  run: CommandRun,
  client: ManagementClient,
  given: CheckpointId | undefined,
): ResultAsync<CheckpointId, CliError> {
  const { clock, signal } = run.surroundings.io;
  return fromAsync<CheckpointId, CliError>(async () => {
    const first = await client.trigger(given, { signal });
    if (first.isOk() || given !== undefined || !makesNoIds(first.error)) return first;
    const ofNow = await client.trigger(idOfInstant(clock.now()), { signal });
    if (ofNow.isOk() || ofNow.error.name !== 'CheckpointNotNewer') return ofNow;
    const { nextFree } = ofNow.error;
    return nextFree === undefined ? ofNow : client.trigger(nextFree, { signal });
  });
}

/** It has refused, so nothing has happened there. */
function makesNoIds(error: CliError): boolean {
  return error.name === 'InvalidInput' || (error.name === 'ManagementApiError' && error.status === 400);
}

function waitVisibly(
  run: CommandRun,
  client: ManagementClient,
  id: CheckpointId,
  timeoutMs: number,
): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  const line = new ProgressLine(io.stderr, io.clock);
  const onNews = (news: BackupInfo | CliError) =>
    line.update(news instanceof Error ? printable(news.message) : showProgress(news));
  return waitForBackup(client, id, { clock: io.clock, signal: io.signal, timeoutMs, onNews })
    .map((info) => {
      line.update(showProgress(info));
      line.end();
      return { json: info, text: String(id) };
    })
    .mapErr((error) => {
      line.end();
      return error;
    });
}
