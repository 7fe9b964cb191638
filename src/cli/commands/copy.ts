// `tidemark copy`: copies a backup from one store to another, also between Zeebe's layout and the native one.
import type { Command } from 'commander';
import { err, errAsync, ok, type ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import type { BackupId, PartitionBackup } from '../../core/backup.ts';
import { BackupCorrupt, InvalidInput } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import { fromAsync } from '../../core/result.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import { planRestore } from '../../restore/restore-plan.ts';
import { verifyPartition } from '../../zeebe/verify-partition.ts';
import type { CliError } from '../cli-errors.ts';
import type { CliIo } from '../cli-io.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { warnOfIgnored } from '../ignored-copies.ts';
import { ProgressLine } from '../progress-line.ts';
import { isSamePlace } from '../same-place.ts';
import { saveCopies } from '../save-copies.ts';
import { showSaved } from '../show-saved.ts';
import { formatBytes } from '../text-table.ts';
import { toldPartitions } from '../told-partitions.ts';
import { locateFinding } from '../verify/locate-finding.ts';
import { showPlace } from '../verify/show-verification.ts';
import { withStore } from '../with-backups.ts';
import { withoutSettings } from '../without-settings.ts';

interface CopyOptions {
  readonly from: string;
  readonly to: string;
  readonly replaceUnfinished?: boolean;
}

export function addCopy(program: Command, run: CommandRun): void {
  program
    .command('copy')
    .description('copy a backup from one store to another, whatever the layout of either')
    .argument('<backupId>', 'which backup; it must be COMPLETED on every partition')
    .requiredOption('--from <file>', 'the configuration of the store that has it')
    .requiredOption('--to <file>', 'the configuration of the store that gets it')
    .option(
      '--replace-unfinished',
      'nobody is at work on it there: replace what a killed run left in progress',
    )
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: CopyOptions) =>
      run.finish(() =>
        parseCheckpointId(id).asyncAndThen<Shown, CliError>((checkpointId) =>
          copy(run, checkpointId, options),
        ),
      ),
    );
}

const EXAMPLES = `
Every completed copy is copied, with its files byte for byte. What is there already and the same is left alone, so it
can be run again. In Zeebe's layout nobody can tell whether a copy in progress is still being written: after a run that
was killed, say --replace-unfinished. Variables that name settings do not count here: they would make both stores the
same one. A placeholder in the files takes any other variable.

Examples:
  $ tidemark copy 1764000000000 --from zeebe.yaml --to archive.yaml`;

function copy(
  run: CommandRun,
  checkpointId: CheckpointId,
  { from, to, replaceUnfinished = false }: CopyOptions,
): ResultAsync<Shown, CliError> {
  const { io } = run.surroundings;
  const { signal } = io;
  const surroundings = { ...run.surroundings, env: withoutSettings(run.surroundings.env) };
  const line = new ProgressLine(io.stderr, io.clock);
  return withStore(surroundings, from, (source, settings) =>
    withStore(surroundings, to, (target, { backup }) => {
      if (isSamePlace(settings.backup, backup))
        return errAsync(new InvalidInput('--to', `${to} names the store that ${from} names`));
      const onCopy = ({ partitionId, nodeId }: BackupId) =>
        line.update(`reading partition ${partitionId} of node ${nodeId}`);
      return openCopies(source, checkpointId, settings, { io, onCopy }).andThen((backups) =>
        saveCopies(target, checkpointId, backups, {
          isWriterGone: replaceUnfinished,
          leftBehind: 'The copying stopped before the backup was complete.',
          ifUnderWay: 'wait until it has ended; if nobody is at work on it, say --replace-unfinished',
          signal,
          onProgress: ({ partitionId, nodeId }, { bytesDone, bytesTotal }) =>
            line.update(
              `copying partition ${partitionId} of node ${nodeId}: ` +
                `${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`,
            ),
        }),
      );
    }),
  )
    .map((copies) => {
      line.end();
      return showSaved(checkpointId, copies);
    })
    .mapErr((error) => {
      line.end();
      return error;
    });
}

/** All completed copies, opened; damage that the reading would not notice is looked for. */
function openCopies(
  source: BackupStore,
  checkpointId: CheckpointId,
  { backup, cluster }: Settings,
  { io, onCopy }: { readonly io: CliIo; readonly onCopy: (id: BackupId) => void },
): ResultAsync<readonly PartitionBackup[], CliError> {
  const { signal } = io;
  return fromAsync<readonly PartitionBackup[], CliError>(async () => {
    const page = await source.list({ checkpointId, details: true }, { signal });
    if (page.isErr()) return err(page.error);
    const rows = page.value.backups;
    const partitionsCount = toldPartitions(rows) ?? cluster.partitionsCount;
    const plan = planRestore(rows, { checkpointId, partitionIds: [], partitionsCount });
    if (plan.isErr()) return err(plan.error);
    const { ignored } = plan.value;
    warnOfIgnored(ignored, partitionsCount, io);
    const backups: PartitionBackup[] = [];
    for (const { id, statusCode } of rows) {
      if (statusCode !== 'COMPLETED' || ignored.includes(id)) continue;
      onCopy(id);
      const opened = await source.open(id, { signal });
      if (opened.isErr()) return err(opened.error);
      const stored = opened.value;
      if ('format' in backup && backup.format === 'zeebe') {
        const verified = await verifyPartition(stored, { signal });
        if (verified.isErr()) return err(verified.error);
        const flaw = verified.value.findings.find(({ severity }) => severity === 'error');
        if (flaw !== undefined) {
          const found = locateFinding(stored, flaw);
          const detail = `partition=${id.partitionId}${showPlace(found)} ${found.what}`;
          return err(new BackupCorrupt(found.object, detail));
        }
      }
      const { descriptor, snapshotFiles, segmentFiles } = stored;
      backups.push({ id, term: 0n, descriptor, snapshotFiles, segmentFiles });
    }
    return ok(backups);
  });
}
