// One proof per exit code. The type of the table says that none is left out.
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { IncompleteTopology } from 'tidemark';
import { FilesystemBackupStore } from 'tidemark/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT_CODES, SIGNAL_EXIT_CODES } from '../../src/cli/exit-codes.ts';
import {
  type CliWorld,
  eagerClock,
  makeWorld,
  type Outcome,
  POINT_TIME,
  partitionBackup,
} from './cli-world.ts';
import { FakeGateway } from './fake-gateway.ts';
import { makeZeebeBucket } from './zeebe-world.ts';

// DataDirectoryInUse takes a broker that runs, BrokerFailure a disk that fails, AttemptFenced a second writer at the right moment,
// StoreUnfit a server that misbehaves: the doctor has its own tests.
type Unproven = 'DataDirectoryInUse' | 'BrokerFailure' | 'AttemptFenced' | 'StoreUnfit';
type Proven = Exclude<keyof typeof EXIT_CODES, Unproven>;

const PROOFS: Record<Proven, (world: CliWorld) => Promise<Outcome>> = {
  InternalError: (world) => {
    const sleep = (): never => {
      throw new Error('a planted bug');
    };
    const clock = { now: () => 0, monotonic: () => 0, sleep };
    return world.run(['take', '--gateway', 'http://127.0.0.1:9', '--json'], { clock });
  },
  UsageError: (world) => world.run(['lst', '--json']),
  InvalidInput: (world) => world.run(['status', 'x', '--json']),
  InvalidConfiguration: (world) => world.run(['list', '--config', 'nowhere.yaml', '--json']),
  BackupsDisabled: (world) => world.run(['list', '--json'], { env: {} }),
  NotSupportedByStore: async (world) => {
    const env = {
      ...world.env,
      ZEEBE_BROKER_DATA_BACKUP_STORE: 'MEMORY',
      ZEEBE_BROKER_DATA_BACKUP_FORMAT: 'zeebe',
    };
    return world.run(['sweep', '--json'], { env });
  },
  DataDirectoryNotEmpty: async (world) => {
    await world.save(7n);
    await mkdir(join(world.dataDirectory, 'precious'), { recursive: true });
    return world.run(['restore', '7', '--json']);
  },
  BackupNotFound: (world) => world.run(['status', '7', '--json']),
  PointNotFound: async (world) => {
    await world.save(7n);
    return world.run(['restore', '--to', '2001-01-01T00:00:00Z', '--json']);
  },
  PointInTimeUnsupported: async (world) => {
    await world.save(7n, [1, 2], 2, 6n);
    return world.run(['restore', '--to', POINT_TIME, '--json']);
  },
  BackupIncomplete: async (world) => {
    await world.save(7n, [1]);
    return world.run(['restore', '7', '--json']);
  },
  PartitionCountMismatch: async (world) => {
    await world.save(7n, [1, 2, 3], 3);
    return world.run(['restore', '7', '--json']);
  },
  BackupCorrupt: async (world) => {
    await world.save(7n);
    const entries = await readdir(world.storeDirectory, { recursive: true, withFileTypes: true });
    const chunks = entries.filter((entry) => entry.isFile() && entry.parentPath.includes('/chunks/'));
    for (const { parentPath, name } of chunks) await appendFile(join(parentPath, name), 'x');
    return world.run(['restore', '7', '--json']);
  },
  InvalidBackupState: async (world) => {
    await world.begin(7n, 1);
    return world.run(['delete', '7', '--json']);
  },
  RestoreTargetFailure: async (world) => {
    await world.save(7n);
    await writeFile(world.dataDirectory, 'a file');
    return world.run(['restore', '7', '--json']);
  },
  RestoreCheckFailed: async (world) => {
    await world.save(7n);
    return world.run(['restore', '7', '--rehearse', '--scratch', '.', '--check', 'exit 3', '--json']);
  },
  BackupNotPossible: async (world) => {
    const bucket = await makeZeebeBucket();
    try {
      await bucket.save();
      const env = bucket.env(world.dataDirectory);
      await world.run(['restore', '7'], { env });
      return await world.run(['save', '--offline', '8', '--json'], { env });
    } finally {
      await bucket.close();
    }
  },
  BackupAlreadyExists: (world) => copyTo(world, 6n, ''),
  ForeignCluster: (world) => copyTo(world, 7n, 'zeebe.broker.cluster.clusterId: another'),
  StoreNotFound: (world) => onS3(world, 404, '<Error><Code>NoSuchBucket</Code></Error>'),
  StoreAccessDenied: (world) => onS3(world, 403, '<Error><Code>InvalidAccessKeyId</Code></Error>'),
  StoreUnavailable: (world) => world.run(['list', '--json'], { env: s3('http://127.0.0.1:9') }),
  StoreFailure: (world) => onS3(world, 200, '<html>a proxy</html>'),
  EncryptionKeyMissing: (world) => onEncrypted(world, 'another'),
  EncryptionKeyWrong: (world) => onEncrypted(world, 'first'),
  EncryptionKeyDamaged: async (world) => {
    await onEncrypted(world, 'first');
    await rm(join(world.storeDirectory, 'keys'), { recursive: true });
    return onEncrypted(world, 'first', false);
  },
  ManagementUnreachable: (world) => world.run(['list', '--gateway', 'http://127.0.0.1:9', '--json']),
  ManagementApiError: (world) =>
    onGateway(world, ['status', '7'], (gateway) => {
      gateway.failure = new IncompleteTopology(3, [1]);
    }),
  CheckpointNotNewer: (world) => onGateway(world, ['take', '1']),
  BackupFailed: (world) =>
    onGateway(world, ['take', '7', '--wait'], (gateway) => {
      gateway.states = ['IN_PROGRESS', 'FAILED'];
    }),
  DeadlineExceeded: (world) =>
    onGateway(world, ['take', '7', '--wait', '--timeout', '5s'], (gateway) => {
      gateway.states = ['IN_PROGRESS'];
    }),
};

let world: CliWorld;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

describe('the exit code', () => {
  it.each(Object.entries(PROOFS) as [Proven, (typeof PROOFS)[Proven]][])('of %s', async (name, prove) => {
    const outcome = await prove(world);
    const { code } = EXIT_CODES[name];
    expect(outcome.json()).toMatchObject({ error: { name, exitCode: BigInt(code) } });
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toMatch(/^tidemark: .*$/m);
    expect(outcome.stdout + outcome.stderr).not.toContain('top-secret');
  });

  it.each(Object.entries(SIGNAL_EXIT_CODES))('of a run stopped by %s', async (signal, code) => {
    const stop = new AbortController();
    stop.abort(signal);
    const outcome = await world.run(['list', '--json'], { signal: stop.signal });
    expect(outcome.json()).toMatchObject({ error: { name: 'Aborted', exitCode: BigInt(code) } });
    expect(outcome.code).toBe(code);
  });

  it('of success is 0', async () => expect((await world.run(['list'])).code).toBe(0));

  it('is listed in the help and in the reference page', async () => {
    const { stdout } = await world.run(['--help']);
    const page = await readFile(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');
    const rows = page.split('\n').filter((line) => /^\| \d/.test(line));
    const expected = Object.entries(EXIT_CODES).map(([name, { code, meaning }]) => {
      expect(stdout).toMatch(new RegExp(`^ +${code} +${name} +${meaning}$`, 'm'));
      return `| ${code} | \`${name}\` | ${meaning} |`;
    });
    const signals = Object.entries(SIGNAL_EXIT_CODES).map(
      ([signal, code]) => `| ${code} | \`Aborted\` | stopped by ${signal} |`,
    );
    expect(rows).toEqual(['| 0 | | done |', ...expected, ...signals]);
  });
});

describe('a bug', () => {
  it('says where it is', async () => {
    const { stderr } = await PROOFS.InternalError(world);
    expect(stderr).toContain('tidemark: this is a bug in tidemark');
    expect(stderr).toContain('exit-codes.test.ts');
  });
});

async function onGateway(
  world: CliWorld,
  argv: readonly string[],
  prepare: (gateway: FakeGateway) => void = () => {},
): Promise<Outcome> {
  const gateway = new FakeGateway();
  await gateway.start();
  prepare(gateway);
  try {
    return await world.run([...argv, '--gateway', gateway.url, '--json'], { clock: eagerClock });
  } finally {
    await gateway.close();
  }
}

/** Copies a backup into a store that cluster `one` has claimed, and where backup 6 is another one. */
async function copyTo(world: CliWorld, id: bigint, more: string): Promise<Outcome> {
  const target = join(world.directory, 'target');
  await mkdir(target);
  const store = new FilesystemBackupStore({ basePath: target, clusterId: 'one' });
  const other = partitionBackup(6n, 1, 2);
  const descriptor = { ...other.descriptor, snapshotId: 'another' };
  (await store.save({ ...other, descriptor }))._unsafeUnwrap();
  await store.close();
  const files = { from: world.storeDirectory, to: target };
  for (const [name, path] of Object.entries(files)) {
    const text = `zeebe.broker.data.backup: { store: FILESYSTEM, filesystem.basePath: "${path}" }\n`;
    await writeFile(join(world.directory, `${name}.yaml`), text + (name === 'to' ? more : ''));
  }
  await world.save(id);
  return world.run(['copy', String(id), '--from', 'from.yaml', '--to', 'to.yaml', '--json']);
}

/** Restores what was encrypted with the key `first` by a key of another secret. */
async function onEncrypted(world: CliWorld, id: string, saves = true): Promise<Outcome> {
  const secret = (fill: number) => Buffer.alloc(32, fill).toString('base64');
  const encryptionKeys = [{ id: 'first', secret: secret(1) }];
  if (saves) await world.save(7n, [1, 2], 2, undefined, { encryptionKeys });
  const env = { ...world.env, TIDEMARK_ENCRYPTION_KEYS: `${id}:${secret(2)}` };
  const outcome = await world.run(['restore', '7', '--json'], { env });
  expect(outcome.stdout + outcome.stderr).not.toContain(secret(2));
  return outcome;
}

/** Lists from a server that answers everything with this. */
async function onS3(world: CliWorld, status: number, body: string): Promise<Outcome> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    return await world.run(['list', '--json'], { env: s3(`http://127.0.0.1:${port}`) });
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

function s3(endpoint: string): Record<string, string> {
  return {
    ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
    ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: 'backups',
    ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpoint,
    ZEEBE_BROKER_DATA_BACKUP_S3_REGION: 'us-east-1',
    ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: 'someone',
    ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: 'top-secret',
    ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
    ZEEBE_BROKER_DATA_BACKUP_S3_APICALLTIMEOUT: '5s',
  };
}
