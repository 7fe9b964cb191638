import type { Case } from '../case.ts';
import { missingPeers, newPlace } from '../contenders.ts';
import { changedDataSet, fullDataSet, NEW_DATA, PARTITIONS } from '../data-sets.ts';
import { type Contender, work } from '../measure.ts';
import { environmentOf } from '../s3.ts';

/** Of a broker whose files have versions. */
const VOUCHED = 'tidemark, files with versions';

export const repeat: Case = {
  name: 'repeat',
  title: 'the next backup of the same 2 GB after 1 % new data',
  goals: [
    { figure: 'sentBytes', of: 'tidemark', atMost: 0.02 },
    { figure: 'wallSeconds', of: 'tidemark', against: "Zeebe's store", atMost: 0.05 },
    { figure: 'sentBytes', of: VOUCHED, atMost: 0.02 },
    { figure: 'wallSeconds', of: VOUCHED, against: "Zeebe's store", atMost: 0.05 },
  ],
  contenders: async (surroundings) => {
    const { bucket, zeebeStore } = surroundings;
    if (bucket === undefined) return { runs: [], missing: ['all: S3_ENDPOINT names no server'] };
    const env = environmentOf(bucket);
    const partitions = String(PARTITIONS);
    const contender = (
      name: string,
      envOf: (logEndsAt: number) => NonNullable<Contender['env']>,
    ): Contender => {
      const place = newPlace();
      let checkpoint = 1_000;
      const first = () => work('tidemark', 'save', fullDataSet(), place, '1', partitions);
      // The base is the last backup of lower id; taking ids downwards keeps it the first one in every round.
      const next = () => work('tidemark', 'save', changedDataSet(), place, String(--checkpoint), partitions);
      const before = { name, env: envOf(NEW_DATA.from), command: first };
      return { name, env: envOf(NEW_DATA.to), command: next, before };
    };
    const runs: Contender[] = [
      contender('tidemark', () => env),
      contender(VOUCHED, (logEndsAt) => ({ ...env, BENCH_LOG_ENDS_AT: String(logEndsAt) })),
    ];
    if (zeebeStore !== undefined) {
      const data = [partitions, changedDataSet(), '1-1-1-1', '1000'];
      const command = () => [zeebeStore, 'save', bucket.bucket, String(Date.now()), ...data];
      runs.push({ name: "Zeebe's store", env, command });
    }
    return { runs, missing: missingPeers({ ...surroundings, rclone: 'not a peer here' }) };
  },
};
