// Makes the partition backups of a checkpoint from a stopped Zeebe broker's data directory. It only reads, and
// gives nothing that it has not verified. The checkpoints in the log become points to restore to.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import type { PartitionBackup } from '../core/backup.ts';
import { BackupNotPossible, type BrokerFailure, InvalidInput, isBackupError } from '../core/errors.ts';
import { type CheckpointId, logPosition, type NodeId } from '../core/ids.ts';
import { fromAsync } from '../core/result.ts';
import { selectBackup } from '../partition/backup-selection.ts';
import { pointsInLog } from '../partition/points-in-log.ts';
import type { PartitionReservation } from '../ports/partition.ts';
import { ZeebeDataDirectory } from '../zeebe/data-directory.ts';
import { readFailure } from '../zeebe/read-failure.ts';
import { verifyPartition } from '../zeebe/verify-partition.ts';
import type { ZeebePartition } from '../zeebe/zeebe-partition.ts';
import type { CliError } from './cli-errors.ts';

export interface OfflineSource {
  readonly directory: string;
  readonly checkpointId: CheckpointId;
  readonly nodeId: NodeId;
  readonly partitionsCount: number;
  /** Instead of what the log tells. */
  readonly brokerVersion?: string | undefined;
  readonly signal: AbortSignal;
}

/** A backup, and whether the log proves that the nodes of the partition had agreed on its checkpoint. */
export interface OfflineBackup extends PartitionBackup {
  readonly isProven: boolean;
}

/** One backup per partition in the directory. Any that cannot be made fails them all. */
export function offlineBackups(source: OfflineSource): ResultAsync<readonly OfflineBackup[], CliError> {
  const { directory, nodeId, partitionsCount } = source;
  return new ZeebeDataDirectory({ directory }).open().andThen((opened) =>
    fromAsync<readonly OfflineBackup[], CliError>(async () => {
      if (opened.nodeId !== undefined && opened.nodeId !== nodeId) {
        const detail = `the data directory belongs to node ${opened.nodeId}, the configuration says ${nodeId}`;
        return err(new InvalidInput('zeebe.broker.cluster.nodeId', detail));
      }
      const beyond = opened.partitions.find(({ partitionId }) => partitionId > partitionsCount);
      if (beyond !== undefined) {
        const held = `the data directory holds partition ${beyond.partitionId}`;
        const detail = `${held}, the configuration says ${partitionsCount}`;
        return err(new InvalidInput('zeebe.broker.cluster.partitionsCount', detail));
      }
      const backups: OfflineBackup[] = [];
      for (const partition of opened.partitions) {
        const backup = await partitionBackup(partition, source);
        if (backup.isErr()) return err(backup.error);
        backups.push(backup.value);
      }
      return ok(backups);
    }),
  );
}

function partitionBackup(
  partition: ZeebePartition,
  source: OfflineSource,
): ResultAsync<OfflineBackup, CliError> {
  const { checkpointId, nodeId, partitionsCount, signal } = source;
  const { partitionId } = partition;
  return fromAsync<OfflineBackup, CliError>(async () => {
    const state = await partition.inspect({ signal });
    if (state.isErr()) return err(state.error);
    const { checkpoints, term, agreedPosition } = state.value;
    const checkpoint = checkpoints.find((each) => each.checkpointId === checkpointId);
    if (checkpoint === undefined) {
      const there = checkpoints.map((each) => each.checkpointId).join(', ') || 'none';
      const detail = `partition=${partitionId} its log has no checkpoint ${checkpointId}; it has: ${there}`;
      return err(new BackupNotPossible(detail));
    }
    const reserved = await reserve(partition);
    if (reserved.isErr()) return err(reserved.error);
    const selected = selectBackup(reserved.value, checkpoint.position);
    if (selected.isErr()) return err(selected.error);
    const { snapshot, segments } = selected.value;
    const brokerVersion = source.brokerVersion ?? state.value.brokerVersion;
    if (brokerVersion === undefined) {
      return err(new InvalidInput('--broker-version', 'the log does not tell which Zeebe wrote it; name it'));
    }
    const points = pointsInLog(checkpoints, snapshot?.position ?? logPosition(0), checkpoint);
    const isProven = agreedPosition !== undefined && checkpoint.position <= agreedPosition;
    const backup = {
      id: { checkpointId, partitionId, nodeId },
      term,
      descriptor: {
        snapshotId: snapshot?.id ?? null,
        checkpointPosition: checkpoint.position,
        numberOfPartitions: partitionsCount,
        brokerVersion,
        ...(points === undefined ? {} : { checkpoints: points }),
      },
      snapshotFiles: snapshot?.files ?? [],
      segmentFiles: await Promise.all(segments.map((segment) => segment.upTo(checkpoint.position))),
    };
    const checked = await verified(backup, signal);
    return checked.map((whole) => ({ ...whole, isProven }));
  });
}

function reserve(partition: ZeebePartition): ResultAsync<PartitionReservation, CliError> {
  return fromAsync<PartitionReservation, CliError>(async () => {
    try {
      return ok(await partition.reserve());
    } catch (cause) {
      if (isBackupError(cause)) return err(readFailure(cause));
      throw cause;
    }
  });
}

async function verified(
  backup: PartitionBackup,
  signal: AbortSignal,
): Promise<Result<PartitionBackup, CliError | BrokerFailure>> {
  const verification = await verifyPartition(backup, { signal });
  if (verification.isErr()) return err(verification.error);
  const flaw = verification.value.findings.find(({ severity }) => severity === 'error');
  if (flaw === undefined) return ok(backup);
  const at = flaw.offset === undefined ? '' : ` offset=${flaw.offset}`;
  const detail = `partition=${backup.id.partitionId} file=${flaw.object}${at} ${flaw.what}`;
  return err(new BackupNotPossible(detail));
}
