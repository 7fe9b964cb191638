// Holds the copies of a backup against each other as a restore does: which copy of each partition it takes, what it
// ignores and what it refuses. Pure.
import type { CheckpointId } from '../../core/ids.ts';
import { PARTITIONS_MAX } from '../../core/limits.ts';
import type { BackupStatus } from '../../core/status.ts';
import { type PlannedCopy, planRestore } from '../../restore/restore-plan.ts';
import { toldPartitions } from '../told-partitions.ts';
import type { BackupVerification, CopyVerification } from './copy-verification.ts';
import type { LocatedFinding } from './locate-finding.ts';

/** `configured` counts where no copy says how many partitions there are. */
export function judgeCopies(
  checkpointId: CheckpointId,
  copies: readonly CopyVerification[],
  configured: number,
): BackupVerification {
  const rows = copies.flatMap((copy) => rowOf(checkpointId, copy));
  const told = toldPartitions(rows);
  const count = Math.min(told ?? configured, PARTITIONS_MAX);
  const partitionIds = Array.from({ length: count }, (_, index) => index + 1);
  const plan = planRestore(rows, { checkpointId, partitionIds, partitionsCount: count });
  const taken = plan.isOk() ? plan.value.copies : [];
  const judged = copies.map((copy) => {
    if (isStray(copy, told)) return { ...copy, findings: [stray(copy, count)] };
    const found = disagreement(copy, copies) ?? otherPosition(copy, taken);
    return found === undefined ? copy : { ...copy, findings: [...copy.findings, found] };
  });
  const restorable =
    plan.isOk() &&
    taken.every(({ id }) =>
      judged.some(
        (copy) =>
          copy.partitionId === id.partitionId &&
          copy.nodeId === id.nodeId &&
          copy.findings.every(({ severity }) => severity !== 'error'),
      ),
    );
  return { checkpointId, restorable, copies: withMissing(judged, partitionIds) };
}

function rowOf(
  checkpointId: CheckpointId,
  { partitionId, nodeId, state, descriptor }: CopyVerification,
): BackupStatus[] {
  if (nodeId === undefined) return [];
  const id = { checkpointId, partitionId, nodeId };
  return [descriptor === undefined ? { id, statusCode: state } : { id, statusCode: state, descriptor }];
}

/** Of a partition that the cluster has not, by all that its copies tell. */
function isStray({ partitionId, descriptor }: CopyVerification, told: number | undefined): boolean {
  if (told === undefined || (partitionId >= 1 && partitionId <= told)) return false;
  return descriptor === undefined || descriptor.numberOfPartitions === told;
}

function stray(copy: CopyVerification, count: number): LocatedFinding {
  return {
    severity: 'warning',
    object: copy.manifest ?? 'manifest',
    what: `the cluster of the backup has the partitions 1 to ${count}, and no partition ${copy.partitionId}`,
    whatRestoreWouldDo: 'it ignores this copy',
  };
}

/** All copies were taken of one cluster. */
function disagreement(
  { descriptor, manifest }: CopyVerification,
  copies: readonly CopyVerification[],
): LocatedFinding | undefined {
  const count = descriptor?.numberOfPartitions;
  const other = copies.find(
    (copy) => copy.descriptor !== undefined && copy.descriptor.numberOfPartitions !== count,
  );
  if (count === undefined || other === undefined) return undefined;
  const { partitionId, nodeId, descriptor: theirs } = other;
  const they = `that of partition ${partitionId} by node ${nodeId} says ${theirs?.numberOfPartitions}`;
  return {
    severity: 'error',
    object: manifest ?? 'manifest',
    what: `it says that its cluster has ${count} partitions, and ${they}`,
    whatRestoreWouldDo: 'it refuses the backup and installs nothing',
  };
}

/** Copies of a partition end at one record. A restore takes one of them, so another does no harm. */
function otherPosition(copy: CopyVerification, taken: readonly PlannedCopy[]): LocatedFinding | undefined {
  const position = copy.descriptor?.checkpointPosition;
  const chosen = taken.find(({ id }) => id.partitionId === copy.partitionId);
  const due = chosen?.descriptor?.checkpointPosition;
  if (position === undefined || due === undefined || position === due) return undefined;
  return {
    severity: 'warning',
    object: copy.manifest ?? 'manifest',
    what: `it ends at position ${position}, and the copy of node ${chosen?.id.nodeId} at position ${due}`,
    whatRestoreWouldDo: `it takes the copy of node ${chosen?.id.nodeId}`,
  };
}

function withMissing(
  copies: readonly CopyVerification[],
  partitionIds: readonly number[],
): CopyVerification[] {
  const there = new Set(copies.map(({ partitionId }) => partitionId));
  const missing: CopyVerification[] = partitionIds
    .filter((partitionId) => !there.has(partitionId))
    .map((partitionId) => ({ partitionId, state: 'DOES_NOT_EXIST', files: 0, bytes: 0, findings: [] }));
  return [...copies, ...missing].sort(
    (a, b) => a.partitionId - b.partitionId || (a.nodeId ?? 0) - (b.nodeId ?? 0),
  );
}
