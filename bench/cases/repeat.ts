import type { Case } from '../case.ts';
import { missingPeers, newPlace } from '../contenders.ts';
import { changedDataSet, fullDataSet, PARTITIONS } from '../data-sets.ts';
import { type Contender, work } from '../measure.ts';
import { environmentOf } from '../s3.ts';

export const repeat: Case = {
  name: 'repeat',
  title: 'the next backup of the same 2 GB after 1 % new data',
  goals: [
    { figure: 'sentBytes', of: 'tidemark', atMost: 0.02 },
    { figure: 'wallSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.05 },
  ],
  contenders: async (surroundings) => {
    const { bucket, zeebeStore } = surroundings;
    if (bucket === undefined) return { runs: [], missing: ['all: S3_ENDPOINT names no server'] };
    const env = environmentOf(bucket);
    const place = newPlace();
    const partitions = String(PARTITIONS);
    let checkpoint = 1;
    const first = () => work('tidemark', 'save', fullDataSet(), place, '1', partitions);
    // The base is the last backup of lower id; taking ids downwards keeps it the first one in every round.
    const next = () =>
      work('tidemark', 'save', changedDataSet(), place, String(1_000 - checkpoint++), partitions);
    const runs: Contender[] = [
      { name: 'tidemark', env, command: next, before: { name: 'tidemark', env, command: first } },
    ];
    if (zeebeStore !== undefined) {
      const data = [partitions, changedDataSet(), '1-1-1-1', '1000'];
      const command = () => [zeebeStore, 'save', bucket.bucket, String(Date.now()), ...data];
      runs.push({ name: "Zeebe's store", env, command });
    }
    return { runs, missing: missingPeers({ ...surroundings, rclone: 'not a peer here' }) };
  },
};
