import type { Case } from '../case.ts';
import { savers } from '../contenders.ts';
import { fullDataSet, PARTITIONS } from '../data-sets.ts';

export const save: Case = {
  name: 'save',
  title: 'first full backup of 3 partitions, 2 GB',
  goals: [
    { figure: 'cpuSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.35 },
    { figure: 'wallSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.8 },
    { figure: 'rssGrowthBytes', of: 'tidemark', atMost: 128 * 1024 * 1024 },
  ],
  contenders: async (surroundings) =>
    savers(surroundings, { directory: fullDataSet(), partitions: PARTITIONS }),
};
