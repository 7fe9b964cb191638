// `tidemark restore`: fills the empty data directory of one node from a backup, while its broker is down.
import type { Command } from 'commander';
import { err, ok, okAsync, type Result, type ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { CheckpointId, PartitionId } from '../../core/ids.ts';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import { partitionsOfNode } from '../../core/partition-distribution.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import type { RestoreTarget } from '../../ports/restore-target.ts';
import { RestoreManager, type RestoreReport } from '../../restore/restore-manager.ts';
import type { RestorePlan } from '../../restore/restore-plan.ts';
import type { RestoreProgress } from '../../core/restore-progress.ts';
import { DirectoryRestoreTarget } from '../../runtime/directory-restore-target.ts';
import { silentLogger } from '../../runtime/silent-logger.ts';
import { ZeebeRestoreTarget } from '../../zeebe/zeebe-restore-target.ts';
import { CONFIG_OPTION, parsePartitions } from '../arguments.ts';
import { type CliError, UsageError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { holdsZeebeFiles } from '../holds-zeebe-files.ts';
import { warnOfIgnored } from '../ignored-copies.ts';
import { ProgressLine } from '../progress-line.ts';
import { formatBytes, printable } from '../text-table.ts';
import { withStore } from '../with-backups.ts';

/** What Zeebe's container image takes the id from. */
const ID_VARIABLE = 'ZEEBE_RESTORE_FROM_BACKUP_ID';

interface RestoreOptions {
  readonly backupId?: string;
  readonly config?: string;
  readonly partitions?: string;
}

export function addRestore(program: Command, run: CommandRun): void {
  program
    .command('restore')
    .description(
      "fill this node's empty data directory from a backup; run it on every node, with the broker down",
    )
    .argument('[backupId]', `which backup (default: ${ID_VARIABLE})`)
    .option('--backupId <backupId>', "the same, as Zeebe's restore takes it")
    .option('--partitions <ids>', 'the partitions of this node, such as 1,3 (default: by the configuration)')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: RestoreOptions) => run.finish(() => restore(run, id, options)));
}

const EXAMPLES = `
The node, its partitions and its data directory are those of the configuration:
zeebe.broker.cluster.* and zeebe.broker.data.directory, or their variables.

Examples:
  $ tidemark restore 1764000000000
  $ ZEEBE_BROKER_CLUSTER_NODEID=2 tidemark restore 1764000000000 --config /etc/zeebe/application.yaml`;

function restore(
  run: CommandRun,
  argument: string | undefined,
  { backupId, config, partitions }: RestoreOptions,
): ResultAsync<Shown, CliError> {
  return requestedId(argument, backupId, run.surroundings.env[ID_VARIABLE]).asyncAndThen<Shown, CliError>(
    (id) =>
      withStore(run.surroundings, config, (store, settings) =>
        partitionIdsOf(settings, partitions).asyncAndThen((partitionIds) =>
          restoreNode(run, id, store, settings, partitionIds),
        ),
      ),
  );
}

function partitionIdsOf(
  { cluster }: Settings,
  partitions: string | undefined,
): Result<readonly PartitionId[], InvalidInput> {
  if (partitions !== undefined) return parsePartitions(partitions, cluster.partitionsCount);
  return ok(partitionsOfNode(cluster));
}

function requestedId(
  argument: string | undefined,
  option: string | undefined,
  variable: string | undefined,
): Result<CheckpointId, InvalidInput | UsageError> {
  if (argument !== undefined && option !== undefined && argument !== option) {
    return err(
      new UsageError(`two backups are named, ${printable(argument)} and ${printable(option)}; name one`),
    );
  }
  const text = argument ?? option ?? variable;
  if (text === undefined) {
    return err(new UsageError(`no backup is named; give its id, or set ${ID_VARIABLE}; see: tidemark list`));
  }
  const isVariable = argument === undefined && option === undefined;
  return parseCheckpointId(text).mapErr((error) =>
    isVariable ? new InvalidInput(ID_VARIABLE, `expected a backup id, got '${text.slice(0, 40)}'`) : error,
  );
}

function restoreNode(
  run: CommandRun,
  id: CheckpointId,
  store: BackupStore,
  settings: Settings,
  partitionIds: readonly PartitionId[],
): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  const { cluster, dataDirectory } = settings;
  const { nodeId, partitionsCount } = cluster;
  const ofNode = { nodeId, partitionsCount, partitionIds };
  const managerOf = (target: RestoreTarget) =>
    new RestoreManager({ store, target, clock: io.clock, logger: silentLogger }, ofNode);
  const line = new ProgressLine(io.stderr, io.clock);
  const onProgress = (progress: RestoreProgress) => line.update(showProgress(progress));
  return managerOf(new DirectoryRestoreTarget({ directory: dataDirectory }))
    .plan(id, { signal: io.signal })
    .andThen((plan) => targetFor(plan, store, settings, io.signal).map((target) => ({ plan, target })))
    .andThen(({ plan, target }) => {
      warnOfIgnored(plan.ignored, partitionsCount, io);
      io.stderr.write(`${showPlan(plan, nodeId, dataDirectory)}\n`);
      return managerOf(target).restore(id, { signal: io.signal, onProgress });
    })
    .map((report) => {
      line.end();
      return {
        json: { ...report, durationMs: Math.round(report.durationMs) },
        text: `${showReport(report)}\nSuccessfully restored broker from backup`,
      };
    })
    .mapErr((error) => {
      line.end();
      return error;
    });
}

/** A Zeebe's broker looks for its files where Zeebe keeps them, whichever layout they were stored in. */
function targetFor(
  { copies: [first] }: RestorePlan,
  store: BackupStore,
  { backup, dataDirectory: directory }: Settings,
  signal: AbortSignal,
): ResultAsync<RestoreTarget, CliError> {
  if ('format' in backup && backup.format === 'zeebe') return okAsync(new ZeebeRestoreTarget({ directory }));
  if (first === undefined) return okAsync(new DirectoryRestoreTarget({ directory }));
  return store
    .open(first.id, { signal })
    .map((opened) =>
      holdsZeebeFiles(opened)
        ? new ZeebeRestoreTarget({ directory })
        : new DirectoryRestoreTarget({ directory }),
    );
}

function showPlan({ checkpointId, copies }: RestorePlan, nodeId: number, directory: string): string {
  const head = `restoring backup ${checkpointId} for node ${nodeId} into ${directory}`;
  if (copies.length === 0) return `${head}: this node holds no partition`;
  const rows = copies.map(
    ({ id, descriptor }) =>
      `  partition ${id.partitionId}: the copy of node ${id.nodeId}` +
      (descriptor === undefined ? '' : `, up to position ${descriptor.checkpointPosition}`),
  );
  return [head, ...rows].join('\n');
}

function showProgress({ filesDone, filesTotal, bytesDone, bytesTotal }: RestoreProgress): string {
  const written = bytesTotal === 0 ? 100 : Math.floor((100 * bytesDone) / bytesTotal);
  // A file whose bytes are written is not done before it is checked and synced.
  const percent = filesDone < filesTotal ? Math.min(written, 99) : written;
  const bytes = `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`;
  return `restored ${percent}%: ${filesDone} of ${filesTotal} files, ${bytes}`;
}

function showReport({ partitions, files, bytes, durationMs }: RestoreReport): string {
  const seconds = (durationMs / 1000).toFixed(1);
  return `partitions: ${partitions.length}, files: ${files}, ${formatBytes(bytes)} in ${seconds} s`;
}
