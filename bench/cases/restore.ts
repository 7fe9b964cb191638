import type { Case } from '../case.ts';
import { restorers } from '../contenders.ts';
import { fullDataSet, PARTITIONS } from '../data-sets.ts';

export const restore: Case = {
  name: 'restore',
  title: 'restore of 3 partitions, 2 GB',
  goals: [
    { figure: 'wallSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.8 },
    { figure: 'cpuSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.45 },
  ],
  contenders: async (surroundings) =>
    restorers(surroundings, { directory: fullDataSet(), partitions: PARTITIONS }),
};
