// `tidemark restore`: fills the empty data directory of one node from a backup, while its broker is down.
import { type Command, Option } from 'commander';
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import type { InvalidInput } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { partitionsOfNode } from '../../core/partition-distribution.ts';
import { CONFIG_OPTION, parsePartitions, parseTimeout } from '../arguments.ts';
import { type CliError, UsageError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { NodeRestore } from '../node-restore.ts';
import { type RehearsalOptions, rehearse } from '../rehearse.ts';
import { ID_VARIABLE, restoreRequest } from '../restore-request.ts';
import { showReport } from '../show-restore.ts';
import { withStore } from '../with-backups.ts';

interface RestoreOptions {
  readonly backupId?: string;
  readonly to?: string;
  readonly dryRun?: true;
  readonly config?: string;
  readonly partitions?: string;
  readonly spaceCheck: boolean;
  readonly delta?: true;
  readonly rehearse?: true;
  readonly check?: string;
  readonly checkTimeout?: string;
  readonly scratch?: string;
}

export function addRestore(program: Command, run: CommandRun): void {
  program
    .command('restore')
    .description(
      "fill this node's empty data directory from a backup; run it on every node, with the broker down",
    )
    .argument('[backupId]', `which backup (default: ${ID_VARIABLE})`)
    .option('--backupId <backupId>', "the same, as Zeebe's restore takes it")
    .option('--to <time>', 'the latest point that is not after this instant, instead of a backup')
    .option('--delta', 'replace the data that is there, and fetch only what it does not hold already')
    .option('--dry-run', 'tell what would be restored, and change nothing')
    .addOption(
      new Option(
        '--rehearse',
        'restore into a scratch directory, check it, throw it away, and tell how long it took',
      ).conflicts(['delta', 'dryRun']),
    )
    .option('--check <command>', 'with --rehearse: what looks whether the restored data is good')
    .option('--check-timeout <time>', 'how long that may take (default: 1h)')
    .option(
      '--scratch <directory>',
      'where to make the scratch directory (default: that for temporary files)',
    )
    .option('--partitions <ids>', 'the partitions of this node, such as 1,3 (default: by the configuration)')
    .option(
      '--no-space-check',
      'begin though the disk tells less room than the files take, as one that compresses may',
    )
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: RestoreOptions) => run.finish(() => restore(run, id, options)));
}

const EXAMPLES = `
The node, its partitions and its data directory are those of the configuration:
zeebe.broker.cluster.* and zeebe.broker.data.directory, or their variables.

Examples:
  $ tidemark restore 1764000000000
  $ tidemark restore --to 2026-11-24T06:00:00Z --dry-run
  $ tidemark restore 1764000000000 --rehearse --scratch /mnt/big --check ./looks-good.sh
  $ ZEEBE_BROKER_CLUSTER_NODEID=2 tidemark restore 1764000000000 --config /etc/zeebe/application.yaml`;

function restore(
  run: CommandRun,
  argument: string | undefined,
  options: RestoreOptions,
): ResultAsync<Shown, CliError> {
  const { backupId, to, config, partitions, spaceCheck, delta } = options;
  const { surroundings } = run;
  return rehearsalOf(options)
    .andThen((rehearsal) =>
      restoreRequest({ argument, backupId, to }, surroundings.env).map((request) => ({ rehearsal, request })),
    )
    .asyncAndThen<Shown, CliError>(({ rehearsal, request }) =>
      withStore(surroundings, config, (store, settings) =>
        partitionIdsOf(settings, partitions).asyncAndThen((partitionIds) => {
          const restoring = { partitionIds, spaceCheck, replace: delta === true };
          const into = (dataDirectory: string) =>
            new NodeRestore(surroundings, store, { ...settings, dataDirectory }, restoring);
          if (rehearsal !== undefined) {
            return rehearse(surroundings, rehearsal, (directory) => into(directory).restore(request));
          }
          const node = into(settings.dataDirectory);
          return options.dryRun ? node.dryRun(request) : node.restore(request).map(showReport);
        }),
      ),
    );
}

/** Undefined where it is none. */
function rehearsalOf({
  rehearse: isRehearsal,
  check,
  checkTimeout,
  scratch,
}: RestoreOptions): Result<RehearsalOptions | undefined, UsageError | InvalidInput> {
  if (!isRehearsal) {
    const [without] = Object.entries({ check, 'check-timeout': checkTimeout, scratch }).flatMap(
      ([name, value]) => (value === undefined ? [] : [name]),
    );
    if (without === undefined) return ok(undefined);
    return err(new UsageError(`--${without} belongs to --rehearse; see: tidemark restore --help`));
  }
  if (checkTimeout === undefined) return ok({ check, scratch });
  return parseTimeout(checkTimeout, '--check-timeout').map((checkTimeoutMs) => ({
    check,
    checkTimeoutMs,
    scratch,
  }));
}

function partitionIdsOf(
  { cluster }: Settings,
  partitions: string | undefined,
): Result<readonly PartitionId[], InvalidInput> {
  if (partitions !== undefined) return parsePartitions(partitions, cluster.partitionsCount);
  return ok(partitionsOfNode(cluster));
}
