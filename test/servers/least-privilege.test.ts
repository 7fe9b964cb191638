// Real users on a MinIO server: one with exactly the policy that the doctor prints does all that backups need, and of each that
// lacks something the doctor says what. Runs where the S3_* variables name such a server.
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { checkpointId } from 'tidemark';
import { S3BackupStore } from 'tidemark/s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { iamPolicy } from '../../src/cli/doctor/iam-policy.ts';
import { SWEEP_GRACE_MS } from '../../src/core/limits.ts';
import { type CliWorld, makeWorld, type Outcome, partitionBackup } from '../cli/cli-world.ts';
import { type S3Place, storageIn } from '../contract/s3-subjects.ts';
import { keys } from '../stores/damage.ts';
import { addMinioUser, isMinio, type MinioUser } from './minio-users.ts';

const { S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY } = process.env;
const root: S3Place = {
  endpoint: S3_ENDPOINT ?? '',
  region: S3_REGION ?? 'us-east-1',
  bucket: `least-privilege-${process.pid}`,
  credentials: { accessKeyId: S3_ACCESS_KEY ?? '', secretAccessKey: S3_SECRET_KEY ?? '' },
};
const BASE_PATH = 'prod/backups';
const KEY = { id: 'a', secret: Buffer.alloc(32, 1).toString('base64') };

interface Statement {
  readonly Sid: string;
  readonly Action: readonly string[];
}

/** The policy that the doctor prints, without some of its actions. */
function policyWithout(...denied: readonly string[]): object {
  const policy = iamPolicy({
    bucketName: root.bucket,
    basePath: BASE_PATH,
    layout: 'tidemark',
    readOnly: false,
  });
  const { Statement: statements } = policy as { readonly Statement: readonly Statement[] };
  const left = statements
    .map((each) => ({ ...each, Action: each.Action.filter((action) => !denied.includes(action)) }))
    .filter(({ Action }) => Action.length > 0);
  return { ...policy, Statement: left };
}

describe.runIf(S3_ENDPOINT !== undefined && (await isMinio(root)))('users with a policy of their own', () => {
  let world: CliWorld;
  const users: MinioUser[] = [];
  beforeAll(async () => {
    const { endpoint, region, credentials } = root;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: root.bucket }));
    client.destroy();
  });
  beforeEach(async () => {
    world = await makeWorld();
  });
  afterEach(async () => {
    await world.remove();
    for (const user of users.splice(0)) await user.remove();
    const storage = storageIn(root);
    (await storage.delete(await keys(storage)))._unsafeUnwrap();
    await storage.close();
  });
  afterAll(async () => {
    const storage = storageIn(root);
    expect(await keys(storage)).toEqual([]);
    await storage.close();
  });

  async function userWith(policy: object): Promise<Record<string, string>> {
    const user = await addMinioUser(root, policy);
    users.push(user);
    return envOf(user.credentials);
  }

  function envOf({ accessKeyId, secretAccessKey }: S3Place['credentials']): Record<string, string> {
    return {
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
      ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: root.bucket,
      ZEEBE_BROKER_DATA_BACKUP_S3_BASEPATH: BASE_PATH,
      ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: root.endpoint,
      ZEEBE_BROKER_DATA_BACKUP_S3_REGION: root.region,
      ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: accessKeyId,
      ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: secretAccessKey,
      ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
      ZEEBE_BROKER_CLUSTER_PARTITIONSCOUNT: '2',
      ZEEBE_BROKER_DATA_DIRECTORY: world.dataDirectory,
      TIDEMARK_CHUNKSIZE: '1MB',
      TIDEMARK_ENCRYPTION_KEYS: `${KEY.id}:${KEY.secret}`,
    };
  }

  /** Saves as a broker does, with what these variables say. */
  async function save(env: Record<string, string>, id: bigint): Promise<string> {
    const store = new S3BackupStore({
      ...{ endpoint: root.endpoint, region: root.region, bucketName: root.bucket, basePath: BASE_PATH },
      accessKey: env.ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY,
      secretKey: env.ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY,
      forcePathStyleAccess: true,
      encryptionKeys: [KEY],
    });
    try {
      for (const partitionId of [1, 2]) {
        const saved = await store.save(partitionBackup(id, partitionId, 2));
        if (saved.isErr()) return saved.error.name;
      }
      return 'saved';
    } finally {
      await store.close();
    }
  }

  const left = async () => {
    const storage = storageIn(root);
    const found = await keys(storage);
    await storage.close();
    return found;
  };
  const states = (outcome: Outcome) => outcome.json().findings as { state: string; found: string }[];

  it('the policy that is printed does for a doctor and for the whole life of a backup', async () => {
    const administrator = envOf(root.credentials);
    const printed = await world.run(['doctor', '--iam'], { env: administrator });
    const env = await userWith(JSON.parse(printed.stdout) as object);
    const examined = await world.run(['doctor', '--json'], { env });
    expect(states(examined).filter(({ state }) => state === 'failed' || state === 'warning')).toEqual([]);
    expect(examined.code).toBe(0);
    expect(await left()).toEqual([]);

    for (const id of [7n, 8n]) expect(await save(env, id)).toBe('saved');
    const run = async (...argv: string[]) => {
      const outcome = await world.run([...argv, '--json'], { env });
      expect(outcome, argv.join(' ')).toMatchObject({ code: 0 });
      expect(outcome.stderr).not.toContain('tidemark:');
      return outcome.json();
    };
    expect(await run('list')).toMatchObject({ backups: [{ backupId: 8n }, { backupId: 7n }] });
    for (const argv of [
      ['verify', '8'],
      ['restore', '8'],
      ['hold', '8'],
      ['unhold', '8'],
      ['label', '8', 'a=b'],
    ]) {
      await run(...argv);
    }
    await run('keys', 'rotate');
    await run('repair');
    await run('delete', '7');
    await run('sweep');
    expect(await run('list')).toMatchObject({ backups: [{ backupId: 8n }] });
    // What is swept is two hours old at least: here it is only seen that all that a sweep asks for is allowed.
    expect(SWEEP_GRACE_MS).toBeGreaterThan(60_000);

    // It is of no use outside of its base path.
    const elsewhere = { ...env, ZEEBE_BROKER_DATA_BACKUP_S3_BASEPATH: 'prod/other' };
    expect((await world.run(['list'], { env: elsewhere })).code).toBe(21);
  });

  it('the one for reading does for a list, a verification and a restore, and for nothing that writes', async () => {
    const administrator = envOf(root.credentials);
    expect(await save(administrator, 7n)).toBe('saved');
    const before = await left();
    const printed = await world.run(['doctor', '--iam', '--read-only'], { env: administrator });
    const env = await userWith(JSON.parse(printed.stdout) as object);
    for (const argv of [
      ['doctor', '--read-only'],
      ['list'],
      ['status', '7'],
      ['verify', '7'],
      ['restore', '7'],
    ])
      expect(await world.run(argv, { env }), argv.join(' ')).toMatchObject({ code: 0 });
    for (const argv of [['delete', '7'], ['hold', '7'], ['label', '7', 'a=b'], ['doctor']])
      expect(await world.run(argv, { env }), argv.join(' ')).toMatchObject({ code: 21 });
    expect(await save(env, 8n)).toBe('StoreAccessDenied');
    expect(await left()).toEqual(before);
  });

  it.each([
    ['s3:DeleteObject', 's3:DeleteObject is denied'],
    ['s3:PutObject', 's3:PutObject is denied'],
    ['s3:GetObject', 's3:GetObject is denied'],
    ['s3:ListBucket', 's3:ListBucket is denied'],
  ])('without %s the doctor says so, and leaves nothing but what it says', async (action, found) => {
    const env = await userWith(policyWithout(action));
    const outcome = await world.run(['doctor', '--json'], { env });
    expect(outcome.code).toBe(21);
    const failed = states(outcome).filter(({ state }) => state === 'failed');
    expect(failed.map((each) => each.found)).toContain(found);
    const remains = await left();
    const toldOf = states(outcome).filter(({ state }) => state === 'warning');
    // What may not be deleted stays, and then the doctor says where.
    expect(remains.length > 0).toBe(action === 's3:DeleteObject');
    expect(toldOf.length).toBe(remains.length > 0 ? 1 : 0);
    // A backup that is published counts, though its signs of life stay.
    expect(await save(env, checkpointId(7n))).toBe(
      action === 's3:DeleteObject' ? 'saved' : 'StoreAccessDenied',
    );
  });
});
