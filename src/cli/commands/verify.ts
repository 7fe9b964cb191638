// `tidemark verify`: proves that a stored backup can be restored, without restoring it.
import type { Command } from 'commander';
import type { ResultAsync } from 'neverthrow';
import type { Settings } from '../../config/settings.ts';
import { BackupCorrupt, BackupIncomplete } from '../../core/errors.ts';
import type { CheckpointId } from '../../core/ids.ts';
import { parseCheckpointId } from '../../core/parse-checkpoint-id.ts';
import type { BackupStore } from '../../ports/backup-store.ts';
import { CONFIG_OPTION } from '../arguments.ts';
import type { CliError } from '../cli-errors.ts';
import type { CommandRun, Shown } from '../command-run.ts';
import { paintFor } from '../paint.ts';
import { ProgressLine } from '../progress-line.ts';
import type { BackupVerification } from '../verify/copy-verification.ts';
import { showPlace, showVerification } from '../verify/show-verification.ts';
import { verifyBackup } from '../verify/verify-backup.ts';
import { verifyNative, verifyZeebe } from '../verify/verify-copy.ts';
import { withStore } from '../with-backups.ts';

export function addVerify(program: Command, run: CommandRun): void {
  program
    .command('verify')
    .description('prove that a stored backup can be restored: reads every byte of it, and changes nothing')
    .argument('<backupId>', 'which backup')
    .option(...CONFIG_OPTION)
    .addHelpText('after', EXAMPLES)
    .action((id: string, { config }: { config?: string }) =>
      run.finish(() =>
        parseCheckpointId(id).asyncAndThen<Shown, CliError>((checkpointId) =>
          withStore(run.surroundings, config, (store, settings) =>
            verify(run, checkpointId, store, settings),
          ),
        ),
      ),
    );
}

const EXAMPLES = `
Examples:
  $ tidemark verify 1764000000000
  $ tidemark verify 1764000000000 --json | jq '.copies[].findings[]'`;

function verify(
  run: CommandRun,
  checkpointId: CheckpointId,
  store: BackupStore,
  { backup, cluster }: Settings,
): ResultAsync<Shown, CliError> {
  const { io, env } = run.surroundings;
  const isZeebe = 'format' in backup && backup.format === 'zeebe';
  const line = new ProgressLine(io.stderr, io.clock);
  return verifyBackup(store, isZeebe ? verifyZeebe : verifyNative, {
    checkpointId,
    partitionsCount: cluster.partitionsCount,
    signal: io.signal,
    onCopy: ({ partitionId, nodeId }) =>
      line.update(`reading the copy of partition ${partitionId} by node ${nodeId}`),
  })
    .map((verification) => {
      line.end();
      const { copies, restorable } = verification;
      const error = verdict(verification);
      const json = { backupId: checkpointId, restorable, copies };
      const text = showVerification(verification, paintFor(io.stdout, env));
      return error === undefined ? { json, text } : { json, text, error };
    })
    .mapErr((error) => {
      line.end();
      return error;
    });
}

/** Damage ends the run even where another copy would be restored: it is what was asked for. */
function verdict({ checkpointId, restorable, copies }: BackupVerification): CliError | undefined {
  const errors = copies.flatMap(({ partitionId, findings }) =>
    findings
      .filter(({ severity }) => severity === 'error')
      .map((finding) => ({
        object: finding.object,
        detail: `partition=${partitionId}${showPlace(finding)} ${finding.what}`,
      })),
  );
  const [first, ...others] = errors;
  if (first !== undefined) {
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    return new BackupCorrupt(first.object, `${first.detail}${more}`);
  }
  if (restorable) return undefined;
  const partitions = copies.map(({ state: statusCode, partitionId }) => ({ partitionId, statusCode }));
  return new BackupIncomplete(checkpointId, partitions);
}
