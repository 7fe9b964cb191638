// Bugs in points in time. They show in runs with markers alone.
import type { PlantedBug } from './planted-bug.ts';

const points = 'src/restore/backup-points.ts';

export const POINT_BUGS: readonly PlantedBug[] = [
  {
    name: 'points below the snapshot are told, too',
    pointsInTime: true,
    edits: [
      {
        file: 'src/partition/points-in-log.ts',
        find: 'position > snapshotPosition &&',
        replace: '',
      },
    ],
  },
  {
    name: 'all partitions are cut at the position of the first',
    pointsInTime: true,
    edits: [
      {
        file: points,
        find: 'new Map(all.map(({ position }, index) => [index + 1, position]))',
        replace: 'new Map(all.map((_, index) => [index + 1, all[0].position]))',
      },
    ],
  },
  {
    name: 'the time of a point is that of its first partition',
    pointsInTime: true,
    edits: [{ file: points, find: 'Math.max(latest, time), 0);', replace: 'latest || time, 0);' }],
  },
  {
    name: 'a restore to a time takes the next point after it',
    pointsInTime: true,
    edits: [
      {
        file: 'src/restore/find-point.ts',
        find: 'points.findLast((point) => isNotAfter(point, this.#timeMs));',
        replace: 'points.find((point) => !isNotAfter(point, this.#timeMs)) ?? points.at(-1);',
      },
    ],
  },
  {
    name: 'a log is not cut at the point',
    pointsInTime: true,
    edits: [
      {
        file: 'examples/ledger/restore-layout.ts',
        find: 'return first > end ? null : cutSegment(name, content, { first, end });',
        replace: 'return content;',
      },
    ],
  },
  {
    name: 'the log is kept for the last backup of the partition alone',
    pointsInTime: true,
    edits: [
      {
        file: 'examples/ledger/led-partition.ts',
        find: '.find(isNewest)?.position',
        replace: ".findLast(({ type }) => type === 'backup')?.position",
      },
    ],
  },
];
