import type { Case, Contender } from '../case.ts';
import { newPlace } from '../contenders.ts';
import { work } from '../measure.ts';
import { environmentOf } from '../s3.ts';

const SIZES = [
  { name: '1 GB', size: String(1e9) },
  { name: '20 GB', size: String(20e9) },
  { name: '100,000 files', size: 'small' },
] as const;

const GROWTH_BYTES_MAX = 128 * 1024 * 1024;

export const memory: Case = {
  name: 'memory',
  title: 'how far the memory of the process rises: 3 partitions of large files, and 100,000 files of 1 KiB',
  figures: [
    { name: 'rssGrowthBytes', title: 'memory grew by', unit: 'bytes' },
    { name: 'wallSeconds', title: 'time', unit: 'seconds' },
    { name: 'cpuSeconds', title: 'CPU', unit: 'seconds' },
  ],
  goals: ['save', 'restore'].flatMap((what) =>
    SIZES.map(({ name }) => ({
      figure: 'rssGrowthBytes',
      of: `${what} ${name}`,
      atMost: GROWTH_BYTES_MAX,
    })),
  ),
  contenders: async ({ discarding }) => {
    const env = environmentOf(discarding);
    const runs = SIZES.flatMap(({ name, size }): Contender[] => {
      const saved = newPlace();
      const save = {
        name: `save ${name}`,
        env,
        command: () => work('memory', 'save', newPlace(), size),
      };
      return [
        save,
        {
          name: `restore ${name}`,
          env,
          before: { ...save, command: () => work('memory', 'save', saved, size) },
          command: () => work('memory', 'restore', saved, size),
        },
      ];
    });
    return { runs, missing: [] };
  },
};
