// The doctor on a directory, on an honest S3, and on ones that misbehave in one way each: what it finds, and what it leaves.
import { readdir } from 'node:fs/promises';
import { systemClock } from 'tidemark';
import {
  answerFaults,
  bodyFaults,
  listingFaults,
  type MisbehavingS3,
  startMisbehavingS3,
} from 'tidemark/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startEmbeddedS3 } from '../../support/embedded-s3.ts';
import { type CliWorld, makeWorld, type Outcome } from '../cli-world.ts';

let world: CliWorld;
let s3: MisbehavingS3;
beforeEach(async () => {
  world = await makeWorld();
  s3 = await startMisbehavingS3({ clock: systemClock });
});
afterEach(async () => {
  await s3.close();
  await world.remove();
});

function s3Env(endpoint = s3.endpoint, bucket = 'bucket', layout = 'tidemark'): Record<string, string> {
  return {
    ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
    ZEEBE_BROKER_DATA_BACKUP_FORMAT: layout,
    ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: bucket,
    ZEEBE_BROKER_DATA_BACKUP_S3_BASEPATH: 'prod/backups',
    ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpoint,
    ZEEBE_BROKER_DATA_BACKUP_S3_REGION: 'us-east-1',
    ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: 'embedded',
    ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: 'embedded-secret',
    ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
    ZEEBE_BROKER_DATA_BACKUP_S3_APICALLTIMEOUT: '1s',
  };
}

interface Found {
  readonly check: string;
  readonly state: string;
  readonly found: string;
  readonly advice?: string;
}

function findings(outcome: Outcome): readonly Found[] {
  return outcome.json().findings as readonly Found[];
}

function of(outcome: Outcome, check: string): Found | undefined {
  return findings(outcome).find((finding) => finding.check === check);
}

const doctor = (env: Record<string, string>, ...options: string[]) =>
  world.run(['doctor', '--json', ...options], { env });

it('finds nothing wrong with a directory, and leaves it as it was', async () => {
  await world.save(7n);
  const before = await readdir(world.storeDirectory, { recursive: true });
  const outcome = await world.run(['doctor']);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(outcome.stdout).toMatch(/^ok +reach: /);
  expect(outcome.stdout).toMatch(/\n\n\d+ ok, 0 warnings, 0 failed\n$/);
  expect(outcome.stdout).toMatch(/contract of object storages: 13 of 13 promises kept, 1 not asked/);
  const after = await readdir(world.storeDirectory, { recursive: true });
  expect(after.filter((name) => name !== 'tidemark-doctor').sort()).toEqual(before.sort());
});

it.each(['tidemark', 'zeebe'])('finds nothing wrong with an honest server, layout %s', async (layout) => {
  s3.bucket.put('prod/backups/precious', Buffer.from('x'));
  const outcome = await doctor(s3Env(s3.endpoint, 'bucket', layout));
  // It checks no signatures, and says so.
  const wrong = findings(outcome).filter(({ state }) => state === 'failed' || state === 'warning');
  expect(wrong.map(({ check }) => check)).toEqual(['checksums']);
  expect(outcome.code).toBe(0);
  expect(of(outcome, 'uploads in parts')?.state).toBe(layout === 'zeebe' ? 'ok' : 'skipped');
  expect(s3.bucket.keys()).toEqual(['prod/backups/precious']);
  const writes = s3.requests.filter(({ operation }) => operation === 'PutObject');
  expect(writes.length).toBeGreaterThan(100);
  expect(writes.every(({ key }) => key.startsWith('prod/backups/tidemark-doctor/'))).toBe(true);
});

it('warns of a server that ignores create-only and sorts in its own way, and still counts what it keeps', async () => {
  const server = await startEmbeddedS3();
  try {
    const env = { ...s3Env(server.endpoint, server.bucket), TIDEMARK_CHUNKSIZE: '1MB' };
    const outcome = await doctor(env);
    expect(of(outcome, 'create-only writes')).toMatchObject({ state: 'warning', found: /^ignored/ });
    expect(of(outcome, 'order of odd names')?.state).toBe('warning');
    expect(of(outcome, 'contract of object storages')).toMatchObject({ state: 'ok' });
    expect(of(outcome, 'clear up')?.state).toBe('ok');
  } finally {
    await server.close();
  }
});

it.each([
  ['PutObject', 's3:PutObject', 'taking, holding and labelling backups'],
  ['GetObject', 's3:GetObject', 'taking, verifying and restoring backups'],
  ['DeleteObjects', 's3:DeleteObject', 'ending, deleting, pruning and sweeping backups'],
  ['ListObjectsV2', 's3:ListBucket', 'every command'],
] as const)('names the permission that is missing when %s is denied', async (operation, action, why) => {
  s3.behave(operation, answerFaults.error(403, 'AccessDenied'));
  const outcome = await doctor(s3Env());
  expect(outcome.code).toBe(21);
  const denied = findings(outcome).filter(({ state }) => state === 'failed');
  expect(denied.map(({ found }) => found)).toContain(`${action} is denied`);
  expect(denied.find(({ found }) => found === `${action} is denied`)?.advice).toContain(why);
  expect(of(outcome, 'contract of backup stores')).toBeUndefined();
});

it.each([
  ['clock', '*', answerFaults.skewedDate(60_000), 'warning', 0],
  ['create-only writes', 'PutObject', answerFaults.refuseCondition(), 'warning', 0],
  ['read after write', 'GetObject', bodyFaults.flippedBit(), 'failed', 27],
  ['order, pages and start-after', 'ListObjectsV2', listingFaults.unsorted(), 'failed', 23],
] as const)('finds what is wrong: %s', async (check, match, fault, state, code) => {
  s3.behave(match, fault);
  const outcome = await doctor(s3Env());
  expect(of(outcome, check)).toMatchObject({ state });
  if (code !== 0) expect(outcome.code).toBe(code);
});

it('asks nothing more of a server that does not answer', async () => {
  const env = s3Env();
  await s3.close();
  const outcome = await doctor(env);
  expect(outcome.code).toBe(22);
  expect(findings(outcome)).toHaveLength(1);
});

it('writes nothing when it may only read', async () => {
  s3.bucket.put('prod/backups/x', Buffer.from('precious'));
  s3.behave(['PutObject', 'DeleteObjects', 'DeleteObject'], answerFaults.error(403, 'AccessDenied'));
  const outcome = await doctor(s3Env(), '--read-only');
  expect(outcome.code).toBe(0);
  expect(new Set(s3.requests.map(({ operation }) => operation))).toEqual(
    new Set(['ListObjectsV2', 'GetObject']),
  );
  s3.behave('GetObject', answerFaults.error(403, 'AccessDenied'));
  expect((await doctor(s3Env(), '--read-only')).code).toBe(21);
});

it.each([1, 5, 40, 120, 300])('leaves nothing behind when it is stopped at request %i', async (at) => {
  const stop = new AbortController();
  let seen = 0;
  s3.behave(
    (request) => {
      seen += 1;
      if (seen === at) stop.abort('SIGINT');
      return request.operation === 'Other';
    },
    answerFaults.error(500, 'InternalError'),
  );
  const outcome = await world.run(['doctor'], { env: s3Env(), signal: stop.signal });
  expect(outcome.code).toBe(130);
  expect(s3.bucket.keys()).toEqual([]);
});
