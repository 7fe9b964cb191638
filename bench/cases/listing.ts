import type { Case, Contender } from '../case.ts';
import { work } from '../measure.ts';
import { environmentOf } from '../s3.ts';

const IN_MEMORY = ['1,000', '10,000', '100,000'];
const inMemory = (count: string) => `${count} backups in memory`;
const ON_SERVER = '10,000 backups on the S3 server';
/** Made once: it takes longer to make than to ask. */
const PLACE_ON_SERVER = 'bench-listing-10000';

export const listing: Case = {
  name: 'listing',
  title: 'what questions cost among many backups of 3 partitions, in requests',
  figures: [
    { name: 'listRequests', title: 'the newest 20: requests', unit: 'number' },
    { name: 'listMs', title: 'time', unit: 'milliseconds' },
    { name: 'statusRequests', title: 'the status of one: requests', unit: 'number' },
    { name: 'statusMs', title: 'time', unit: 'milliseconds' },
    { name: 'pruneRequests', title: 'prune the oldest 10: requests', unit: 'number' },
    { name: 'pruneMs', title: 'time', unit: 'milliseconds' },
  ],
  goals: [
    ...[...IN_MEMORY.map(inMemory), ON_SERVER].flatMap((of) => [
      { figure: 'listRequests', of, atMost: 2 },
      { figure: 'statusRequests', of, atMost: 4 },
    ]),
    { figure: 'pruneRequests', of: inMemory('100,000'), against: inMemory('10,000'), atMost: 1.1 },
  ],
  contenders: async ({ bucket }) => {
    const runs: Contender[] = IN_MEMORY.map((count) => ({
      name: inMemory(count),
      command: () => work('listing', 'memory', '', count.replace(',', '')),
    }));
    if (bucket === undefined) return { runs, missing: [`${ON_SERVER}: S3_ENDPOINT names no server`] };
    const command = () => work('listing', 's3', PLACE_ON_SERVER, '10000');
    return { runs: [...runs, { name: ON_SERVER, env: environmentOf(bucket), command }], missing: [] };
  },
};
