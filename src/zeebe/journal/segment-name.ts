// The names of segment files: `raft-partition-partition-<partition>-<n>.log`. They are ordered by n as a
// number.
import type { PartitionId } from '../../core/ids.ts';

const INT32_MAX = 2 ** 31 - 1;

/** The name that all segments of a partition begin with. */
export function journalName(partitionId: PartitionId): string {
  return `raft-partition-partition-${partitionId}`;
}

/** The number in a segment's file name; undefined when the name is not one of the partition's segments. */
export function segmentNumber(fileName: string, partitionId: PartitionId): number | undefined {
  const prefix = `${journalName(partitionId)}-`;
  if (!fileName.startsWith(prefix) || !fileName.endsWith('.log')) return undefined;
  const digits = fileName.slice(prefix.length, -'.log'.length);
  if (!/^\d{1,10}$/.test(digits) || Number(digits) > INT32_MAX) return undefined;
  return Number(digits);
}

/** The files that are segments of the partition, in the order of the log. */
export function segmentsInOrder<T extends { readonly name: string }>(
  files: readonly T[],
  partitionId: PartitionId,
): T[] {
  return files
    .flatMap((file) => {
      const number = segmentNumber(file.name, partitionId);
      return number === undefined ? [] : [{ file, number }];
    })
    .sort((a, b) => a.number - b.number)
    .map(({ file }) => file);
}
