// `tidemark save --offline`: a backup of a stopped Zeebe broker, from its data directory, in any layout.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import type { ClusterSettings, Settings } from '../../config/settings.ts';
import type { CheckpointId, PartitionId } from '../../core/ids.ts';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { offlineBackups } from '../offline-backups.ts';
import { ProgressLine } from '../progress-line.ts';
import { saveCopies } from '../save-copies.ts';
import { showSaved } from '../show-saved.ts';
import { formatBytes } from '../text-table.ts';
import { withStore } from '../with-backups.ts';

interface SaveOptions {
  readonly config?: string;
  readonly brokerVersion?: string;
}

export function addSave(program: Command, run: CommandRun): void {
  program
    .command('save')
    .description("save a backup of this node's stopped Zeebe broker, from its data directory")
    .argument('<backupId>', 'a checkpoint that is in the log of every partition')
    .requiredOption('--offline', 'the broker is stopped: its files are read as they are')
    .option('--broker-version <version>', 'which Zeebe wrote the data (default: what the log says)')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: SaveOptions) =>
      run.finish(() =>
        parseCheckpointId(id).asyncAndThen<Shown, CliError>((checkpointId) =>
          withStore(run.surroundings, options.config, (store, settings) =>
            save(run, checkpointId, store, settings, options),
          ),
        ),
      ),
    );
}

const EXAMPLES = `
The checkpoint is one that the broker passed before it stopped, such as that of a backup that failed. Run it on
every node. Zeebe's own restore needs zeebe.broker.data.backup.format: zeebe. The native layout keeps the other
checkpoints of the log as well, for tidemark restore --to.

Examples:
  $ tidemark save --offline 1764000000000 --config /etc/zeebe/application.yaml`;

function save(
  run: CommandRun,
  checkpointId: CheckpointId,
  store: BackupStore,
  { cluster, dataDirectory: directory }: Settings,
  { brokerVersion }: SaveOptions,
): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  const { signal } = io;
  const { nodeId, partitionsCount } = cluster;
  let unproven: readonly PartitionId[] = [];
  const line = new ProgressLine(io.stderr, io.clock);
  line.update(`reading ${directory}`);
  return offlineBackups({ directory, checkpointId, nodeId, partitionsCount, brokerVersion, signal })
    .andThen((backups) => {
      unproven = backups
        .filter(({ isProven, id }) => !isProven && replicasOf(cluster, id.partitionId) > 1)
        .map(({ id }) => id.partitionId);
      return saveCopies(store, checkpointId, backups, {
        signal,
        isWriterGone: true,
        leftBehind: 'The broker stopped before the backup was complete.',
        ifUnderWay: 'wait until it has ended',
        onProgress: ({ partitionId }, { bytesDone, bytesTotal }) =>
          line.update(
            `saving partition ${partitionId}: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`,
          ),
      });
    })
    .andThen((copies) =>
      missingPartitions(store, checkpointId, partitionsCount, signal).map((missing) => {
        line.end();
        return showSaved(checkpointId, copies, { missing, unproven });
      }),
    )
    .mapErr((error) => {
      line.end();
      return error;
    });
}

/** The partitions without a completed copy, whoever should have stored it. */
function missingPartitions(
  store: BackupStore,
  checkpointId: CheckpointId,
  partitionsCount: number,
  signal: AbortSignal,
): ResultAsync<readonly PartitionId[], CliError> {
  return store.list({ checkpointId }, { signal }).map(({ backups }) => {
    const completed = backups.filter(({ statusCode }) => statusCode === 'COMPLETED');
    const stored = new Set(completed.map(({ id }) => id.partitionId));
    return Array.from({ length: partitionsCount }, (_, index) => index + 1).filter((id) => !stored.has(id));
  });
}

/** On how many nodes a partition lies. On one alone there is nobody to agree with. */
function replicasOf({ replicationFactor, fixedPartitions }: ClusterSettings, id: PartitionId): number {
  const fixed = fixedPartitions?.find(({ partitionId }) => partitionId === id);
  return fixed?.nodeIds.length ?? replicationFactor;
}
