// The one failure of a trigger that leaves something behind: some partitions have the checkpoint, others
// failed.
import { BackupError } from './errors.ts';
import type { CheckpointId, PartitionId } from './ids.ts';

/**
 * Some partitions passed the checkpoint and others could not be asked or failed. The id is used up. Trigger
 * the same id again: that is safe and completes it where the partitions answer. Or give up and delete the
 * backup.
 */
export class BackupPartlyTriggered extends BackupError {
  override readonly name = 'BackupPartlyTriggered';
  override readonly retryable = true;
  readonly checkpointId: CheckpointId;
  /** The partitions known to have the checkpoint. One that did not answer in time may have it too. */
  readonly present: readonly PartitionId[];
  /** One error per partition that failed, in the order of the partitions. Never empty. */
  readonly failures: readonly BackupError[];
  constructor(
    checkpointId: CheckpointId,
    present: readonly PartitionId[],
    failures: readonly [BackupError, ...BackupError[]],
  ) {
    super(
      `the backup was triggered on some partitions only: backupId=${checkpointId} ` +
        `triggeredOn=[${present.join(',')}] failures=[${failures.map((e) => e.message).join(' | ')}]; ` +
        'trigger the same id again, or delete the backup',
      failures[0],
    );
    this.checkpointId = checkpointId;
    this.present = present;
    this.failures = failures;
  }
}
