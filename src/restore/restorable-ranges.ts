// From when to when the backups of a store can bring a cluster back, and what lies between that cannot be.
import { ok, type ResultAsync } from 'neverthrow';
import type { CheckpointId, PartitionId } from '../core/ids.ts';
import type {
  GapReason,
  RestorableGap,
  RestorablePoint,
  RestorableRange,
  RestorableRanges,
} from '../core/restorable-ranges.ts';
import { fromAsync } from '../core/result.ts';
import type { BackupStore, CallOptions, ListBackupsError } from '../ports/backup-store.ts';
import type { BackupPoints, PointInBackup } from './backup-points.ts';
import { readPoints } from './read-points.ts';

export interface RestorableRangesSettings {
  /** The number of partitions of the cluster. Backups of another number do not count. */
  readonly partitionsCount: number;
}

/**
 * Tells from when to when a cluster can be restored, from its completed backups alone. Reads each of them once: for
 * 1,000 backups of 3 partitions, 3,000 manifests.
 */
export function restorableRanges(
  store: Pick<BackupStore, 'list'>,
  { partitionsCount }: RestorableRangesSettings,
  { signal = new AbortController().signal }: CallOptions = {},
): ResultAsync<RestorableRanges, ListBackupsError> {
  return fromAsync<RestorableRanges, ListBackupsError>(async () => {
    const folding = new RangesFold();
    const read = await readPoints(store, {
      partitionsCount,
      signal,
      onBackup(points) {
        if (points.isOk()) folding.add(points.value);
        return 'go on';
      },
    });
    return read.andThen(() => ok(folding.end()));
  });
}

/** A range on its way: it grows towards older points. */
interface GrowingRange {
  /** What each of its points is, so that another one under the same id is told from it. */
  readonly known: Map<CheckpointId, string>;
  readonly backups: BackupPoints[];
  lowest: RestorablePoint;
  readonly highest: RestorablePoint;
}

/** Joins backups to ranges. They come newest first. */
class RangesFold {
  readonly #ranges: RestorableRange[] = [];
  readonly #gaps: RestorableGap[] = [];
  #current: GrowingRange | undefined;

  add(backup: BackupPoints): void {
    const own = backup.points.at(-1);
    const [lowest] = backup.points;
    if (own === undefined || lowest === undefined) return;
    const current = this.#current;
    if (current !== undefined && current.known.get(own.checkpointId) === identity(own)) {
      for (const point of backup.points) current.known.set(point.checkpointId, identity(point));
      current.backups.push(backup);
      if (lowest.checkpointId < current.lowest.checkpointId) current.lowest = withoutPositions(lowest);
      return;
    }
    if (current !== undefined) {
      this.#gaps.unshift({ after: withoutPositions(own), before: current.lowest, ...reasonOf(own, current) });
      this.#finish(current);
    }
    this.#current = {
      known: new Map(backup.points.map((point) => [point.checkpointId, identity(point)])),
      backups: [backup],
      lowest: withoutPositions(lowest),
      highest: withoutPositions(own),
    };
  }

  end(): RestorableRanges {
    if (this.#current !== undefined) this.#finish(this.#current);
    return { ranges: this.#ranges, gaps: this.#gaps };
  }

  #finish({ known, backups, lowest, highest }: GrowingRange): void {
    const ids = backups.map(({ checkpointId }) => checkpointId).reverse();
    this.#ranges.unshift({ from: lowest, to: highest, points: known.size, backups: ids });
  }
}

/** Why the oldest backup of a range does not reach to the one before it. */
function reasonOf(
  { checkpointId: end, positions }: PointInBackup,
  { backups }: GrowingRange,
): { readonly reason: GapReason; readonly partitions: readonly PartitionId[] } {
  const oldest = backups.at(-1);
  const partitionIds = [...(oldest?.points.at(-1)?.positions.keys() ?? positions.keys())];
  const unrecorded = partitionIds.filter((id) => oldest?.lowest.has(id) !== true);
  if (unrecorded.length > 0) return { reason: 'unrecorded', partitions: unrecorded };
  const short = partitionIds.filter((id) => (oldest?.lowest.get(id) ?? end) > end);
  if (short.length > 0) return { reason: 'reach', partitions: short };
  return { reason: 'history', partitions: partitionIds };
}

function identity({ positions }: PointInBackup): string {
  return [...positions].join(' ');
}

function withoutPositions({ positions: _, ...point }: PointInBackup): RestorablePoint {
  return point;
}
