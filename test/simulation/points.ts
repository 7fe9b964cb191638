// Points in time at the end of a run: what is told as restorable is restored, at random times, and held against the cut
// of the checkpoint that it came to.
import { timestamp } from '../../src/core/backup.ts';
import type { RestorablePoint } from '../../src/core/restorable-ranges.ts';
import { restorableRanges } from '../../src/restore/restorable-ranges.ts';
import { type RestoreOperator, restoreToAndCheck } from './restore.ts';
import type { Surroundings } from './surroundings.ts';
import { hold } from './violation.ts';

const TIMES = 4;
const TOLD = 'what is told as restorable can be restored' as const;

export async function checkPoints(around: Surroundings, operator: RestoreOperator): Promise<void> {
  const { chance, settings } = around;
  const told = await restorableRanges(operator.store, { partitionsCount: settings.partitions });
  hold(told.isOk(), TOLD, () => (told.isErr() ? told.error.message : ''));
  const { ranges, gaps } = told.value;
  hold(gaps.length === Math.max(0, ranges.length - 1), TOLD, () => 'there is not one gap between two ranges');
  for (const [index, { reason, after, before, partitions }] of gaps.entries()) {
    // One that was whole when logs were let go because of it, and is not there any more.
    const later = ranges[index + 1]?.backups[0] ?? 0n;
    const isDeleted = [...around.watch.deleting].some((id) => id > after.checkpointId && id < later);
    hold(
      reason === 'reach' && isDeleted,
      'between two backups there is no gap',
      () => `${reason} from ${after.checkpointId} to ${before.checkpointId} on ${partitions}`,
    );
  }
  for (const { from, to } of ranges) {
    await restoreAndCompare(around, operator, from.timestamp, (point) => atOrAfter(point, from));
    await restoreAndCompare(around, operator, to.timestamp, (point) => atOrAfter(point, to));
    for (let count = 0; count < TIMES; count += 1) {
      const span = Date.parse(to.timestamp) - Date.parse(from.timestamp);
      const time = timestamp(Date.parse(from.timestamp) + Math.floor(chance.fraction() * span));
      await restoreAndCompare(around, operator, time, (point) => atOrAfter(point, from));
    }
  }
}

async function restoreAndCompare(
  around: Surroundings,
  operator: RestoreOperator,
  time: string,
  fits: (point: RestorablePoint) => boolean,
): Promise<void> {
  const point = await restoreToAndCheck(around, operator, time);
  hold(point.timestamp <= time, TOLD, () => `asked for ${time}, came to ${point.timestamp}`);
  hold(fits(point), TOLD, () => `asked for ${time}, came to ${point.checkpointId} at ${point.timestamp}`);
  // The records say when they were appended: none in the restored logs may be behind the time.
  for (let partitionId = 1; partitionId <= around.settings.partitions; partitionId += 1) {
    const partition = around.book.partition(partitionId);
    const end = partition.cut(point.checkpointId)?.position ?? 0n;
    const last = partition.records[Number(end) - 1]?.record;
    const late = last !== undefined && last.timestamp > Date.parse(time);
    hold(!late, TOLD, () => `to ${time}: partition ${partitionId} has a record of ${last?.timestamp}`);
  }
}

function atOrAfter(point: RestorablePoint, other: RestorablePoint): boolean {
  return point.timestamp >= other.timestamp;
}
