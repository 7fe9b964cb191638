// What a sweep did, as a document and as a table.
import type { PartitionSweep, SweepHindrance, SweepReport, SweptObjects } from '../ports/backup-store.ts';
import type { Shown } from './command-run.ts';
import { formatBytes, textTable } from './text-table.ts';

const HEADS = ['PARTITION', 'BACKUPS', 'IN USE', 'TOO YOUNG', 'GARBAGE', 'FREED', 'REMARK'];

export function showSweep(report: SweepReport): Shown {
  const { dryRun, partitions } = report;
  if (partitions.length === 0) return { json: report, text: 'nothing is stored yet' };
  const rows = partitions.map((partition) => [
    String(partition.partitionId),
    partition.found?.backups.toString() ?? '',
    amount(partition.found?.inUse),
    amount(partition.found?.tooYoung),
    amount(partition.found?.garbage),
    dryRun ? '' : amount(partition.freed),
    remark(partition, dryRun),
  ]);
  const ends = dryRun ? 'dry run: nothing was changed' : `freed ${amount(total(partitions))}`;
  return { json: report, text: `${textTable(HEADS, rows)}\n\n${ends}` };
}

function amount(objects: SweptObjects | undefined): string {
  return objects === undefined ? '' : `${objects.chunks} (${formatBytes(objects.bytes)})`;
}

function total(partitions: readonly PartitionSweep[]): SweptObjects {
  return partitions.reduce(
    (sum, { freed }) => ({ chunks: sum.chunks + freed.chunks, bytes: sum.bytes + freed.bytes }),
    { chunks: 0, bytes: 0 },
  );
}

function remark({ settled, waitingFor }: PartitionSweep, dryRun: boolean): string {
  const ended = settled.map(({ checkpointId }) => checkpointId).join(', ');
  const verb = dryRun ? 'would end' : 'ended';
  const remarks = [
    ...(ended === '' ? [] : [`${verb} what a dead node left of backup ${ended}`]),
    ...(waitingFor === undefined ? [] : [reason(waitingFor)]),
  ];
  return remarks.join('; ');
}

function reason(hindrance: SweepHindrance): string {
  switch (hindrance.kind) {
    case 'attempt':
      return `backup ${hindrance.id.checkpointId} is being taken; sweep again later`;
    case 'manifest': {
      const { id, object, detail } = hindrance;
      return `${object} cannot be read (${detail}); delete backup ${id.checkpointId} or mend it, then sweep again`;
    }
    case 'time':
      return 'its time is up; sweep again for the rest';
  }
}
