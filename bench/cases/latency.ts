import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Case, Contender } from '../case.ts';
import { newPlace } from '../contenders.ts';
import { fullDataSet } from '../data-sets.ts';
import { work } from '../measure.ts';
import { type Bucket, environmentOf } from '../s3.ts';

const SENT_AWAY = 'tidemark, to a server that throws away';
const TO_S3 = 'tidemark, to the S3 server on this machine';
const RATED = 'tidemark, 16 MiB a second, to a server that throws away';
const YIELDING = 'tidemark, giving way to late commands, to a server that throws away';

export const latency: Case = {
  name: 'latency',
  title:
    '500 commands a second for a partition of the ledger, while the same process backs up 1 GB (less with a limit), and idle',
  figures: [
    { name: 'idleP50Ms', title: 'median, idle', unit: 'milliseconds' },
    { name: 'busyP50Ms', title: 'median beside a backup', unit: 'milliseconds' },
    { name: 'idleP99Ms', title: 'p99, idle', unit: 'milliseconds' },
    { name: 'busyP99Ms', title: 'p99 beside a backup', unit: 'milliseconds' },
    { name: 'p99Ratio', title: 'p99 against idle', unit: 'number' },
    { name: 'idleLoopP99Ms', title: 'event loop p99, idle', unit: 'milliseconds' },
    { name: 'busyLoopP99Ms', title: 'event loop p99 beside a backup', unit: 'milliseconds' },
  ],
  goals: [SENT_AWAY, RATED, YIELDING, TO_S3].flatMap((of) => [
    { figure: 'p99Ratio', of, atMost: 1.2 },
    { figure: 'busyLoopP99Ms', of, atMost: 10 },
  ]),
  contenders: async ({ bucket, discarding, scratch }) => {
    const beside = (name: string, way: string, to: Bucket, phases: number, segments: number): Contender => ({
      name,
      env: environmentOf(to),
      command: () => {
        const ledger = mkdtempSync(join(scratch, 'ledger-'));
        const amounts = [String(phases), String(segments)];
        return work('latency', ledger, fullDataSet(), way, newPlace(), ...amounts);
      },
    });
    const runs = [
      beside(SENT_AWAY, 'tidemark', discarding, 6, 8),
      beside('plain HTTP PUT, to a server that throws away', 'plain', discarding, 6, 8),
      beside(RATED, 'rate', discarding, 2, 1),
      beside(YIELDING, 'load', discarding, 2, 4),
    ];
    if (bucket === undefined) return { runs, missing: [`${TO_S3}: S3_ENDPOINT names no server`] };
    return { runs: [...runs, beside(TO_S3, 'tidemark', bucket, 6, 8)], missing: [] };
  },
};
