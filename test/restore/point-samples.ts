// Cluster backups that tell their points, for tests of what can be restored: a listing, and nothing to open.
import { okAsync } from 'neverthrow';
import type { RecordedCheckpoint } from '../../src/core/backup.ts';
import { checkpointId, logPosition } from '../../src/core/ids.ts';
import type { BackupStatus } from '../../src/core/status.ts';
import type { BackupStore } from '../../src/ports/backup-store.ts';

/** Seconds into the test's minute zero, as an instant. */
export const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000).toISOString();

export interface SamplePoint {
  readonly id: number;
  /** By partition. Default: ten times the id, and one more for each partition. */
  readonly positions?: readonly number[];
  /** By partition, in seconds. Default: the id, on each. */
  readonly times?: readonly number[];
}

/** The checkpoints that one partition records: those, then the backup itself. */
export function recorded(partitionId: number, points: readonly SamplePoint[]): RecordedCheckpoint[] {
  return points.map(({ id, positions, times }, index) => ({
    checkpointId: checkpointId(id),
    position: logPosition(positions?.[partitionId - 1] ?? 10 * id + partitionId),
    type: index === points.length - 1 ? 'backup' : 'marker',
    timestamp: at(times?.[partitionId - 1] ?? id),
  }));
}

/** The rows of a backup: `points` end with the backup itself. By partition, where they differ; undefined tells none. */
export function rowsOf(
  id: number,
  points: readonly SamplePoint[] | readonly (readonly SamplePoint[] | undefined)[],
  changes: Partial<BackupStatus> = {},
  partitions = 2,
): BackupStatus[] {
  const isByPartition = points.some((each) => each === undefined || Array.isArray(each));
  return Array.from({ length: partitions }, (_, index) => {
    const own = isByPartition
      ? (points as readonly (readonly SamplePoint[] | undefined)[])[index]
      : (points as readonly SamplePoint[]);
    const checkpoints = own === undefined ? undefined : recorded(index + 1, own);
    return {
      id: { checkpointId: checkpointId(id), partitionId: index + 1, nodeId: 0 },
      statusCode: 'COMPLETED' as const,
      createdAt: at(id + 0.5),
      descriptor: {
        snapshotId: `snapshot-${id}`,
        checkpointPosition: checkpoints?.at(-1)?.position ?? logPosition(10 * id + index + 1),
        numberOfPartitions: partitions,
        brokerVersion: '1',
        ...(checkpoints === undefined ? {} : { checkpoints }),
      },
      ...changes,
    };
  });
}

/** A store that only lists, in pages; counts them. */
export function listing(rows: readonly BackupStatus[]) {
  let pages = 0;
  const list: BackupStore['list'] = ({ before, limit = 100, checkpointId: wanted }) => {
    pages += 1;
    const ids = [...new Set(rows.map(({ id }) => id.checkpointId))]
      .filter((id) => (before === undefined || id < before) && (wanted === undefined || id === wanted))
      .sort((a, b) => (a < b ? 1 : -1));
    const page = ids.slice(0, limit);
    const backups = rows.filter(({ id }) => page.includes(id.checkpointId));
    const next = page.at(-1);
    return okAsync(ids.length > limit && next !== undefined ? { backups, next } : { backups });
  };
  return { list, pages: () => pages };
}
