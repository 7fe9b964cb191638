// Opens the planned copies and holds each against the plan, before any data is touched. It reads manifests,
// not files.
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import pLimit from 'p-limit';
import { type BackupFile, isFlatFileName, type StoredBackup } from '../core/backup.ts';
import { untilAborted } from '../core/deadline.ts';
import { BackupCorrupt, PartitionCountMismatch } from '../core/errors.ts';
import { contain, fromAsync } from '../core/result.ts';
import type { BackupStore, OpenBackupError } from '../ports/backup-store.ts';
import type { PlannedCopy, RestorePlan } from './restore-plan.ts';

export interface OpenBackupsOptions {
  readonly partitionsCount: number;
  readonly inFlight: number;
  readonly signal: AbortSignal;
}

/** Opens all copies of a plan, in its order. One that does not fit fails them all. */
export function openBackups(
  store: Pick<BackupStore, 'open'>,
  plan: RestorePlan,
  { partitionsCount, inFlight, signal }: OpenBackupsOptions,
): ResultAsync<readonly StoredBackup[], OpenBackupError | PartitionCountMismatch> {
  return fromAsync(async () => {
    const opening = await pLimit(inFlight).map(plan.copies, async (copy) =>
      untilAborted(signal, () => contain('open', () => store.open(copy.id, { signal }))),
    );
    const backups: StoredBackup[] = [];
    for (const [index, opened] of opening.entries()) {
      if (opened.isErr()) return err(opened.error);
      const checked = checkAgainstPlan(opened.value, plan.copies[index], partitionsCount);
      if (checked.isErr()) return err(checked.error);
      backups.push(checked.value);
    }
    return ok(backups);
  });
}

function checkAgainstPlan(
  backup: StoredBackup,
  planned: PlannedCopy | undefined,
  partitionsCount: number,
): Result<StoredBackup, BackupCorrupt | PartitionCountMismatch> {
  const { id, descriptor } = backup;
  const inBackup = descriptor.numberOfPartitions;
  if (inBackup !== partitionsCount) {
    return err(new PartitionCountMismatch(id.checkpointId, partitionsCount, inBackup));
  }
  const flaw = flawOf(backup, planned);
  if (flaw === undefined) return ok(backup);
  const { checkpointId, partitionId, nodeId } = planned?.id ?? id;
  return err(
    new BackupCorrupt(`manifest(backupId=${checkpointId} partition=${partitionId} node=${nodeId})`, flaw),
  );
}

/** What is wrong with a manifest that the store itself found readable. */
function flawOf(backup: StoredBackup, planned: PlannedCopy | undefined): string | undefined {
  const { id, descriptor, snapshotFiles, segmentFiles } = backup;
  const expected = planned?.id;
  if (
    id.checkpointId !== expected?.checkpointId ||
    id.partitionId !== expected.partitionId ||
    id.nodeId !== expected.nodeId
  ) {
    const found = `backupId=${id.checkpointId} partition=${id.partitionId} node=${id.nodeId}`;
    return `it is of another backup: ${found}`;
  }
  const listed = planned?.descriptor;
  if (
    listed !== undefined &&
    (listed.snapshotId !== descriptor.snapshotId ||
      listed.checkpointPosition !== descriptor.checkpointPosition)
  ) {
    return 'its descriptor is not the one that was listed';
  }
  const { snapshotId } = descriptor;
  if (snapshotId === null && snapshotFiles.length > 0) return 'it has snapshot files and no snapshot id';
  if (snapshotId !== null && !isFlatFileName(snapshotId)) return 'its snapshot id is no file name';
  return badName('snapshot', snapshotFiles) ?? badName('segment', segmentFiles);
}

function badName(kind: string, files: readonly BackupFile[]): string | undefined {
  const seen = new Set<string>();
  for (const { name } of files) {
    if (!isFlatFileName(name))
      return `a ${kind} file has a name that is no file name: ${JSON.stringify(name)}`;
    if (seen.has(name)) return `two ${kind} files have the same name: ${name}`;
    seen.add(name);
  }
  return undefined;
}
