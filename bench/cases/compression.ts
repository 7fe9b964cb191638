import type { Case } from '../case.ts';
import { compressionDataSet, type DataKind } from '../compressible-data.ts';
import { newPlace } from '../contenders.ts';
import { work } from '../measure.ts';
import { environmentOf } from '../s3.ts';

const KINDS: readonly DataKind[] = ['log', 'tables', 'noise'];

export const compression: Case = {
  name: 'compression',
  title:
    '256 MiB each of logs, of tables that are compressed already, and of noise, with compression and without',
  goals: [
    { figure: 'sentBytes', of: 'log, auto', atMost: 0.4 },
    { figure: 'cpuSeconds', of: 'tables, auto', against: 'tables, none', atMost: 1.03 },
    { figure: 'cpuSeconds', of: 'noise, auto', against: 'noise, none', atMost: 1.03 },
  ],
  contenders: async ({ discarding }) => {
    const env = environmentOf(discarding);
    const runs = KINDS.flatMap((kind) =>
      (['none', 'auto'] as const).map((how) => ({
        name: `${kind}, ${how}`,
        env,
        command: () => work('compression', 'save', compressionDataSet(kind), newPlace(), how),
      })),
    );
    return { runs, missing: [] };
  },
};
