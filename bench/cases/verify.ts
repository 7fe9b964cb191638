import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../case.ts';
import { newPlace } from '../contenders.ts';
import { fullDataSet, PARTITIONS } from '../data-sets.ts';
import { work } from '../measure.ts';
import { environmentOf, letAnyoneRead, pathsUnder } from '../s3.ts';

/** What one file that is read has in flight, and a verification reads one file at a time. */
const IN_FLIGHT = 6;

export const verify: Case = {
  name: 'verify',
  title:
    'every byte of a backup of 2 GB looked at, against a download of the same objects that looks at nothing',
  goals: [{ figure: 'wallSeconds', of: 'tidemark', against: 'plain HTTP GET', atMost: 1.11 }],
  contenders: async ({ bucket, scratch }) => {
    if (bucket === undefined) return { runs: [], missing: ['all: S3_ENDPOINT names no server'] };
    const env = environmentOf(bucket);
    const place = newPlace();
    const list = join(scratch, 'objects.json');
    const save = () => work('tidemark', 'save', fullDataSet(), place, '1', String(PARTITIONS));
    return {
      runs: [
        {
          name: 'tidemark',
          env,
          before: { name: 'tidemark', env, command: save },
          command: () => work('verify', place, '1', String(PARTITIONS)),
        },
        {
          name: 'plain HTTP GET',
          env,
          prepare: async () => {
            await letAnyoneRead(bucket, place);
            writeFileSync(list, JSON.stringify(await pathsUnder(bucket, place)));
          },
          command: () => work('plain-http', 'get', list, String(IN_FLIGHT)),
        },
      ],
      missing: [],
    };
  },
};
