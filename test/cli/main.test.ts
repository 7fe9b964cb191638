// The program as a real process: exit codes, pipes and signals.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { S3BackupStore } from 'tidemark/s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmbeddedS3 } from '../support/embedded-s3.ts';
import { type CliWorld, makeWorld, partitionBackup } from './cli-world.ts';
import { FakeGateway } from './fake-gateway.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

let world: CliWorld;
let children: ChildProcess[] = [];
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
  await world.remove();
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(argv: readonly string[], env: Record<string, string> = world.env): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...argv], { cwd: world.directory, env });
  children.push(child);
  return child;
}

function ended(child: ChildProcess, onStderr: (text: string) => void = () => {}): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (bytes) => {
    stdout += bytes;
  });
  child.stderr?.on('data', (bytes) => {
    stderr += bytes;
    onStderr(stderr);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}

describe('the program', () => {
  it('prints its help and ends with 0', async () => {
    const { code, stdout, stderr } = await ended(start(['--help']));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const command of ['restore', 'take', 'status', 'list', 'delete'])
      expect(stdout).toContain(` ${command} `);
  });

  it('ends with the code of the error', async () => {
    expect(await ended(start(['status', '7']))).toMatchObject({ code: 11, stdout: '' });
    expect(await ended(start(['status']))).toMatchObject({ code: 2, stdout: '' });
  });

  it('restores', async () => {
    await world.save(7n);
    const { code, stdout } = await ended(start(['restore', '--backupId=7']));
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nSuccessfully restored broker from backup\n$/);
  });

  it('minds no reader that goes away', async () => {
    const child = start(['--help']);
    child.stdout?.destroy();
    expect(await ended(child)).toMatchObject({ code: 0, stderr: '' });
  });
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it(`ends a wait with ${code}`, async () => {
    const gateway = new FakeGateway();
    gateway.states = ['IN_PROGRESS'];
    await gateway.start();
    try {
      const child = start(['take', '7', '--wait', '--gateway', gateway.url]);
      const outcome = await ended(child, (text) => text.includes('IN_PROGRESS') && child.kill(signal));
      expect(outcome.code).toBe(code);
      expect(outcome.stderr).toContain('tidemark: called off');
    } finally {
      await gateway.close();
    }
  });

  it(`ends a restore with ${code} and leaves nothing`, async () => {
    await mkdir(world.dataDirectory);
    const s3 = await startEmbeddedS3();
    const settings = {
      bucketName: s3.bucket,
      region: s3.region,
      accessKey: s3.credentials.accessKeyId,
      secretKey: s3.credentials.secretAccessKey,
      forcePathStyleAccess: true,
    };
    const store = new S3BackupStore({ ...settings, endpoint: s3.endpoint });
    const saved = await store.save(partitionBackup(7n, 1, 1));
    await store.close();
    expect(saved.isOk()).toBe(true);
    let stalled = () => {};
    const reading = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    const proxy = await startStallingProxy(s3.endpoint, () => stalled());
    try {
      const child = start(['restore', '7'], {
        ZEEBE_BROKER_DATA_DIRECTORY: world.dataDirectory,
        ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
        ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
        ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: settings.bucketName,
        ZEEBE_BROKER_DATA_BACKUP_S3_REGION: settings.region,
        ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: settings.accessKey,
        ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: settings.secretKey,
        ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
      });
      const end = ended(child);
      await reading;
      expect(await readdir(world.dataDirectory)).not.toEqual([]);
      child.kill(signal);
      const outcome = await end;
      expect(outcome.stderr).toContain('tidemark: called off');
      expect(outcome.code).toBe(code);
      expect(await readdir(world.dataDirectory)).toEqual([]);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
      await s3.close();
    }
  });
});

/** Passes requests on, but never answers one for a chunk. */
async function startStallingProxy(endpoint: string, onStall: () => void): Promise<Server> {
  const proxy = createServer((incoming, outgoing) => {
    if (incoming.method === 'GET' && incoming.url?.includes('/chunks/')) return onStall();
    const options = { method: incoming.method, headers: incoming.headers };
    const onward = request(`${endpoint}${incoming.url}`, options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return proxy;
}
