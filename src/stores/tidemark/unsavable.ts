// What makes a backup impossible to store, found before anything is written: what is saved must be readable.

import { isFlatFileName, type PartitionBackup } from '../../core/backup.ts';
import { INT64_MAX } from '../../core/ids.ts';
import { invariant } from '../../core/invariant.ts';
import { PARTITIONS_MAX } from '../../core/limits.ts';

const NUMBER_MAX = 9_999_999_999;
const VERSION_LENGTH_MAX = 255;

/** What the broker got wrong, in words, or undefined. Throws on ids that no broker can have. */
export function unsavable({
  id,
  term,
  descriptor,
  snapshotFiles,
  segmentFiles,
}: PartitionBackup): string | undefined {
  invariant(term >= 0n && term <= INT64_MAX, `a term lies in 0..2^63-1, got ${term}`);
  invariant(isNumber(id.partitionId), `a partition id is a whole number from zero on, got ${id.partitionId}`);
  invariant(isNumber(id.nodeId), `a node id is a whole number from zero on, got ${id.nodeId}`);
  const { numberOfPartitions } = descriptor;
  if (!isNumber(numberOfPartitions) || numberOfPartitions < 1 || numberOfPartitions > PARTITIONS_MAX) {
    return `numberOfPartitions=${numberOfPartitions} is no number of partitions`;
  }
  for (const files of [snapshotFiles, segmentFiles]) {
    const names = new Set<string>();
    for (const { name, sizeBytes, version } of files) {
      const shown = JSON.stringify(name);
      if (!isFlatFileName(name)) return `file=${shown} is not one path component`;
      if (names.has(name)) return `file=${shown} is there twice`;
      if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) return `file=${shown} has size ${sizeBytes}`;
      // JavaScript callers may give the time of the last change as a number.
      if (version !== undefined && !isVersion(version)) {
        const given = JSON.stringify(version);
        return `file=${shown} has the version ${given}: give 1 to ${VERSION_LENGTH_MAX} characters, or none`;
      }
      names.add(name);
    }
  }
  return undefined;
}

function isVersion(version: unknown): boolean {
  return typeof version === 'string' && version.length > 0 && version.length <= VERSION_LENGTH_MAX;
}

function isNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= NUMBER_MAX;
}
