import type { Case } from '../case.ts';
import { newPlace } from '../contenders.ts';
import { fullDataSet, PARTITIONS } from '../data-sets.ts';
import { work } from '../measure.ts';
import { environmentOf } from '../s3.ts';

export const limit: Case = {
  name: 'limit',
  title: 'the same 2 GB to a server that throws them away: what hashing, signing and bookkeeping cost',
  goals: [{ figure: 'cpuSeconds', of: 'tidemark', against: 'plain HTTP PUT', atMost: 1.6 }],
  contenders: async ({ discarding }) => {
    const env = environmentOf(discarding);
    const directory = fullDataSet();
    const save = () => work('tidemark', 'save', directory, newPlace(), '1', String(PARTITIONS));
    return {
      runs: [
        { name: 'tidemark', env, command: save },
        { name: 'plain HTTP PUT', env, command: () => work('plain-http', 'put', directory) },
        { name: 'naive AWS SDK', env, command: () => work('naive-sdk', 'save', directory, newPlace()) },
      ],
      missing: [],
    };
  },
};
