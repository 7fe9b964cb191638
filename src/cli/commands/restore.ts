// `tidemark restore`: fills the empty data directory of one node from a backup, while its broker is down.
import type { Command } from 'commander';
import { ok, okAsync, type Result, type ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import type { InvalidInput } from '../../core/errors.ts';
import type { PartitionId } from '../../core/ids.ts';
import { partitionsOfNode } from '../../core/partition-distribution.ts';
import type { RestoreProgress } from '../../core/restore-progress.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import type { RestoreTarget } from '../../ports/restore-target.ts';
import { callTarget } from '../../restore/call-target.ts';
import { cuttingTarget } from '../../restore/cut-backups.ts';
import { RestoreManager, type RestoreSettings } from '../../restore/restore-manager.ts';
import type { RestorePlan } from '../../restore/restore-plan.ts';
import { DirectoryRestoreTarget } from '../../runtime/directory-restore-target.ts';
import { silentLogger } from '../../runtime/silent-logger.ts';
import { ZeebeRestoreTarget } from '../../zeebe/zeebe-restore-target.ts';
import { CONFIG_OPTION, parsePartitions } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { holdsZeebeFiles } from '../holds-zeebe-files.ts';
import { warnOfIgnored } from '../ignored-copies.ts';
import { ProgressLine } from '../progress-line.ts';
import { ID_VARIABLE, type RestoreRequest, restoreRequest } from '../restore-request.ts';
import { type ShownPlan, showDryRun, showPlan, showProgress, showReport } from '../show-restore.ts';
import { TransferRate } from '../transfer-rate.ts';
import { withStore } from '../with-backups.ts';

interface RestoreOptions {
  readonly backupId?: string;
  readonly to?: string;
  readonly dryRun?: true;
  readonly config?: string;
  readonly partitions?: string;
  readonly spaceCheck: boolean;
  readonly delta?: true;
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
  $ ZEEBE_BROKER_CLUSTER_NODEID=2 tidemark restore 1764000000000 --config /etc/zeebe/application.yaml`;

const NO_MARKERS =
  "Zeebe's layout tells of no markers: a time comes to the last whole backup that is not after it\n";

function restore(
  run: CommandRun,
  argument: string | undefined,
  { backupId, to, dryRun, config, partitions, spaceCheck, delta }: RestoreOptions,
): ResultAsync<Shown, CliError> {
  return restoreRequest({ argument, backupId, to }, run.surroundings.env).asyncAndThen<Shown, CliError>(
    (request) =>
      withStore(run.surroundings, config, (store, settings) =>
        partitionIdsOf(settings, partitions).asyncAndThen((partitionIds) =>
          new NodeRestore(run, store, settings, { partitionIds, spaceCheck, replace: delta === true }).run(
            request,
            dryRun === true,
          ),
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

interface RestoringSettings extends Pick<RestoreSettings, 'partitionIds' | 'spaceCheck'> {
  /** Whether what is there is replaced. */
  readonly replace: boolean;
}

/** The restore of one node: look what it would take, find out whose files that are, restore. */
class NodeRestore {
  readonly #run: CommandRun;
  readonly #store: BackupStore;
  readonly #settings: Settings;
  readonly #restoring: RestoringSettings;

  constructor(run: CommandRun, store: BackupStore, settings: Settings, restoring: RestoringSettings) {
    this.#run = run;
    this.#store = store;
    this.#settings = settings;
    this.#restoring = restoring;
  }

  run(request: RestoreRequest, dryRun: boolean): ResultAsync<Shown, CliError> {
    if (dryRun || this.#restoring.replace) return this.#planAndRun(request, dryRun);
    // The note comes first: a node that starts again needs no store for that.
    return this.#noted().andThen((target) =>
      target === undefined ? this.#planAndRun(request, dryRun) : this.#restore(request, target),
    );
  }

  /** The target in which an earlier restore has noted what it restored. */
  #noted(): ResultAsync<RestoreTarget | undefined, CliError> {
    const { dataDirectory: directory } = this.#settings;
    const targets = [new ZeebeRestoreTarget({ directory }), new DirectoryRestoreTarget({ directory })];
    return callTarget('inspect', async () => {
      for (const target of targets) if ((await target.restoredFrom()) !== undefined) return target;
      return undefined;
    });
  }

  #planAndRun(request: RestoreRequest, dryRun: boolean): ResultAsync<Shown, CliError> {
    const { io } = this.#run.surroundings;
    const { cluster, dataDirectory } = this.#settings;
    const { nodeId, partitionsCount } = cluster;
    if (request.kind === 'time' && this.#isZeebe) io.stderr.write(NO_MARKERS);
    return this.#plan(request)
      .andThen((plan) => this.#targetFor(plan).map((target) => ({ plan, target })))
      .andThen(({ plan, target }) => {
        warnOfIgnored(plan.ignored, partitionsCount, io);
        if (dryRun) return this.#check(plan, target).map(() => showDryRun(plan, nodeId, dataDirectory));
        io.stderr.write(`${showPlan(plan, nodeId, dataDirectory)}\n`);
        return this.#restore(request, target);
      });
  }

  /** A target of either kind would do: planning does not look at it, but for whether it can cut logs at all. */
  #plan(request: RestoreRequest): ResultAsync<ShownPlan, CliError> {
    const { signal } = this.#run.surroundings.io;
    const manager = this.#managerOf(new ZeebeRestoreTarget({ directory: this.#settings.dataDirectory }));
    return request.kind === 'backup'
      ? manager.plan(request.id, { signal })
      : manager.planTo(request.time, { signal });
  }

  /** What the restore would say of the target, which a dry run does not come to. */
  #check({ point, ends, ...plan }: ShownPlan, target: RestoreTarget): ResultAsync<RestoreTarget, CliError> {
    if (point === undefined || ends === undefined) return okAsync(target);
    return cuttingTarget(target, { ...plan, point, ends }).asyncMap(async (cutting) => cutting);
  }

  #restore(request: RestoreRequest, target: RestoreTarget): ResultAsync<Shown, CliError> {
    const { io } = this.#run.surroundings;
    const line = new ProgressLine(io.stderr, io.clock);
    const rate = new TransferRate(io.clock);
    const onProgress = (progress: RestoreProgress) => {
      const { bytesDone, bytesTotal, bytesKept } = progress;
      // What is kept goes faster than what is fetched, and would promise too much.
      const fetched = { bytesDone: bytesDone - bytesKept, bytesTotal: bytesTotal - bytesKept };
      line.update(`${showProgress(progress)}${rate.update(fetched)}`);
    };
    const options = { signal: io.signal, onProgress };
    const manager = this.#managerOf(target);
    const restoring: ResultAsync<Shown, CliError> = (
      request.kind === 'backup'
        ? manager.restore(request.id, options)
        : manager.restoreTo(request.time, options)
    ).map(showReport);
    return restoring.andTee(() => line.end()).orTee(() => line.end());
  }

  get #isZeebe(): boolean {
    const { backup } = this.#settings;
    return 'format' in backup && backup.format === 'zeebe';
  }

  #managerOf(target: RestoreTarget): RestoreManager {
    const { clock } = this.#run.surroundings.io;
    const { nodeId, partitionsCount, clusterId } = this.#settings.cluster;
    const { partitionIds, spaceCheck } = this.#restoring;
    return new RestoreManager(
      { store: this.#store, target, clock, logger: silentLogger },
      { nodeId, partitionsCount, clusterId, partitionIds, spaceCheck },
    );
  }

  /** A Zeebe's broker looks for its files where Zeebe keeps them, whichever layout they were stored in. */
  #targetFor({ copies: [first] }: RestorePlan): ResultAsync<RestoreTarget, CliError> {
    const place = { directory: this.#settings.dataDirectory, replace: this.#restoring.replace };
    if (this.#isZeebe) return okAsync(new ZeebeRestoreTarget(place));
    if (first === undefined) return okAsync(new DirectoryRestoreTarget(place));
    return this.#store
      .open(first.id, { signal: this.#run.surroundings.io.signal })
      .map((opened) =>
        holdsZeebeFiles(opened) ? new ZeebeRestoreTarget(place) : new DirectoryRestoreTarget(place),
      );
  }
}
