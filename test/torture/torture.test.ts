// The torturer at work for a few seconds, and whether it would notice: a backup that is damaged, one that is gone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planRound, type RoundPlan } from './plan.ts';
import { exportsOf, openServer, type TortureServer } from './servers.ts';
import { TorturedLedger } from './tortured-ledger.ts';
import { HEADER, newTotals, rowOf, type Totals, withRow } from './totals.ts';

const QUIET: RoundPlan = {
  backup: { atMs: 0, node: 0 },
  nodeKill: undefined,
  serverFault: undefined,
  deletion: undefined,
  sweep: undefined,
};

describe('a tortured ledger', { timeout: 120_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), 'torture-test-'));
  let server: TortureServer;
  let totals: Totals;
  beforeAll(async () => {
    server = await openServer('embedded', process.env);
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true });
  });

  async function afterRounds(name: string, rounds: readonly RoundPlan[]): Promise<TorturedLedger> {
    totals = newTotals();
    const ledger = await TorturedLedger.start(join(home, name), server, totals);
    for (const plan of rounds) await ledger.round(plan);
    return ledger;
  }

  /** Deletes what lies in the bucket under names that match: what no store would do. */
  async function destroy(name: RegExp): Promise<number> {
    const client = new S3Client({
      endpoint: server.environment.S3_ENDPOINT ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'anybody', secretAccessKey: 'anything' },
      forcePathStyle: true,
    });
    const Bucket = 'tidemark-torture';
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
    const found = Contents.filter(({ Key = '' }) => name.test(Key));
    for (const { Key } of found) await client.send(new DeleteObjectCommand({ Bucket, Key }));
    client.destroy();
    return found.length;
  }

  it('keeps every backup that it called COMPLETED while a node is killed and the server hangs', async () => {
    const storm: RoundPlan = {
      ...QUIET,
      nodeKill: { atMs: 200, node: 1, downMs: 50 },
      serverFault: { atMs: 50, fault: 0, forMs: 300 },
      sweep: { atMs: 100 },
    };
    const ledger = await afterRounds('storm', [QUIET, storm, QUIET]);
    await ledger.check();
    await ledger.close();
    expect(totals).toMatchObject({ rounds: 3, nodeKills: 1, deleted: 0, sweeps: 2 });
    expect(totals.restored).toBe(totals.completed);
    expect(totals.restored).toBeGreaterThanOrEqual(2);
    expect(totals.completed + totals.failed).toBe(3);
  });

  it.each([
    ['a chunk is gone', /\/chunks\//, /backup 1 does not verify: partition/],
    ['a manifest is gone', /\/completed\./, /backup 1 was COMPLETED, and now it is/],
  ])('is not content when %s', async (name, objects, violation) => {
    const ledger = await afterRounds(name.replaceAll(' ', '-'), [QUIET]);
    try {
      expect(await destroy(objects)).toBeGreaterThan(0);
      await expect(ledger.check()).rejects.toThrow(violation);
    } finally {
      await ledger.close();
    }
  });
});

describe('the plan', () => {
  it('comes from the seed', () => {
    const world = { nodes: 3, faults: 2 };
    const plans = (seed: number) => Array.from({ length: 40 }, (_, round) => planRound(seed, round, world));
    expect(plans(7)).toEqual(plans(7));
    expect(plans(7)).not.toEqual(plans(8));
    expect(plans(7).filter(({ nodeKill }) => nodeKill !== undefined).length).toBeGreaterThan(10);
    expect(planRound(7, 1, { nodes: 3, faults: 0 }).serverFault).toBeUndefined();
  });
});

describe('the table', () => {
  it('has one row for each server, the latest', () => {
    const of = (rounds: number) => ({ ...newTotals(), rounds, serverFaults: new Map([['kill', rounds]]) });
    const one = withRow('| server | of old |\n| --- | --- |', rowOf('minio', of(1)));
    const two = withRow(withRow(one, rowOf('ceph', of(2))), rowOf('minio', of(3)));
    expect(two.split('\n').slice(0, 2).join('\n')).toBe(HEADER);
    expect(two.split('\n').slice(2)).toEqual([
      '| ceph | 2 | 0 | kill 2 | 0 | 0 | 0 | 0 | 0, 0 | 0 | 0 |',
      '| minio | 3 | 0 | kill 3 | 0 | 0 | 0 | 0 | 0, 0 | 0 | 0 |',
    ]);
  });
});

describe('a server', () => {
  it('is reached by the variables that its program prints', () => {
    expect(exportsOf('export S3_ENDPOINT=http://127.0.0.1:1\n# else\nexport S3_REGION=x\n')).toEqual({
      S3_ENDPOINT: 'http://127.0.0.1:1',
      S3_REGION: 'x',
    });
  });

  it('cannot be opened without a program that starts it', async () => {
    await expect(openServer('minio', {})).rejects.toThrow(/S3_LAB must name a program/);
    await expect(openServer('env', {})).rejects.toThrow(/wants S3_ENDPOINT/);
  });
});
