// The restore of one node from the command line: look what it would take, find out whose files that are, restore.
import { okAsync, type ResultAsync } from 'neverthrow';
import type { Settings } from '../config/settings.ts';
import type { RestoreProgress } from '../core/restore-progress.ts';
import type { BackupStore } from '../ports/backup-store.ts';
import type { RestoreTarget } from '../ports/restore-target.ts';
import { callTarget } from '../restore/call-target.ts';
import { cuttingTarget } from '../restore/cut-backups.ts';
import { RestoreManager, type RestoreSettings } from '../restore/restore-manager.ts';
import type { RestorePlan } from '../restore/restore-plan.ts';
import type { RestoreReport } from '../restore/restore-report.ts';
import { DirectoryRestoreTarget } from '../runtime/directory-restore-target.ts';
import { silentLogger } from '../runtime/silent-logger.ts';
import { ZeebeRestoreTarget } from '../zeebe/zeebe-restore-target.ts';
import type { CliError } from './cli-errors.ts';
import type { CliSurroundings } from './cli-io.ts';
import type { Shown } from './command-run.ts';
import { holdsZeebeFiles } from './holds-zeebe-files.ts';
import { warnOfIgnored } from './ignored-copies.ts';
import { ProgressLine } from './progress-line.ts';
import type { RestoreRequest } from './restore-request.ts';
import { type ShownPlan, showDryRun, showPlan, showProgress } from './show-restore.ts';
import { TransferRate } from './transfer-rate.ts';

const NO_MARKERS =
  "Zeebe's layout tells of no markers: a time comes to the last whole backup that is not after it\n";

/** What of the restore is said on the command line. */
export interface NodeRestoreSettings extends Pick<RestoreSettings, 'partitionIds' | 'spaceCheck'> {
  /** Whether what is there is replaced. */
  readonly replace: boolean;
}

export class NodeRestore {
  readonly #surroundings: CliSurroundings;
  readonly #store: BackupStore;
  readonly #settings: Settings;
  readonly #restoring: NodeRestoreSettings;

  constructor(
    surroundings: CliSurroundings,
    store: BackupStore,
    settings: Settings,
    restoring: NodeRestoreSettings,
  ) {
    this.#surroundings = surroundings;
    this.#store = store;
    this.#settings = settings;
    this.#restoring = restoring;
  }

  /** Restores, unless the place was restored from that before. */
  restore(request: RestoreRequest): ResultAsync<RestoreReport, CliError> {
    if (this.#restoring.replace) return this.#planAndRestore(request);
    // The note comes first: a node that starts again needs no store for that.
    return this.#noted().andThen((target) =>
      target === undefined ? this.#planAndRestore(request) : this.#restore(request, target),
    );
  }

  /** Tells what it would do, and changes nothing. */
  dryRun(request: RestoreRequest): ResultAsync<Shown, CliError> {
    const { cluster, dataDirectory } = this.#settings;
    return this.#planned(request).andThen(({ plan, target }) =>
      this.#check(plan, target).map(() => showDryRun(plan, cluster.nodeId, dataDirectory)),
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

  #planAndRestore(request: RestoreRequest): ResultAsync<RestoreReport, CliError> {
    const { cluster, dataDirectory } = this.#settings;
    return this.#planned(request).andThen(({ plan, target }) => {
      this.#surroundings.io.stderr.write(`${showPlan(plan, cluster.nodeId, dataDirectory)}\n`);
      return this.#restore(request, target);
    });
  }

  #planned(
    request: RestoreRequest,
  ): ResultAsync<{ readonly plan: ShownPlan; readonly target: RestoreTarget }, CliError> {
    const { io } = this.#surroundings;
    if (request.kind === 'time' && this.#isZeebe) io.stderr.write(NO_MARKERS);
    return this.#plan(request)
      .andThen((plan) => this.#targetFor(plan).map((target) => ({ plan, target })))
      .andTee(({ plan }) => warnOfIgnored(plan.ignored, this.#settings.cluster.partitionsCount, io));
  }

  /** A target of either kind would do: planning does not look at it, but for whether it can cut logs at all. */
  #plan(request: RestoreRequest): ResultAsync<ShownPlan, CliError> {
    const { signal } = this.#surroundings.io;
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

  #restore(request: RestoreRequest, target: RestoreTarget): ResultAsync<RestoreReport, CliError> {
    const { io } = this.#surroundings;
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
    const restoring: ResultAsync<RestoreReport, CliError> =
      request.kind === 'backup'
        ? manager.restore(request.id, options)
        : manager.restoreTo(request.time, options);
    return restoring.andTee(() => line.end()).orTee(() => line.end());
  }

  get #isZeebe(): boolean {
    const { backup } = this.#settings;
    return 'format' in backup && backup.format === 'zeebe';
  }

  #managerOf(target: RestoreTarget): RestoreManager {
    const { clock } = this.#surroundings.io;
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
      .open(first.id, { signal: this.#surroundings.io.signal })
      .map((opened) =>
        holdsZeebeFiles(opened) ? new ZeebeRestoreTarget(place) : new DirectoryRestoreTarget(place),
      );
  }
}
