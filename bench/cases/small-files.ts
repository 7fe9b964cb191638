import type { Case } from '../case.ts';
import { savers } from '../contenders.ts';
import { smallFilesDataSet } from '../data-sets.ts';

export const smallFiles: Case = {
  name: 'small',
  title: 'first backup of 500 files of 256 KiB',
  goals: [{ figure: 'wallSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.4 }],
  contenders: async (surroundings) => savers(surroundings, { directory: smallFilesDataSet(), partitions: 1 }),
};
