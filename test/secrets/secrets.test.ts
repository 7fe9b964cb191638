// A canary stands in every place that a secret can be given in. Everything is driven, failures first of all, and
// nothing that comes out may hold one: no log, no error with its causes, no document, no line of the command line.
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { checkpointId, type Logger, systemClock } from 'tidemark';
import { loadSettings, openBackupStore } from 'tidemark/config';
import { ManagementClient, managementHandler, startManagementServer } from 'tidemark/management';
import { S3BackupStore } from 'tidemark/s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { S3ObjectStorage } from '../../src/objects/s3/s3-object-storage.ts';
import { sampleBackup } from '../../src/testkit/sample-backups.ts';
import { type CliWorld, makeWorld } from '../cli/cli-world.ts';
import { type FakeHttpServer, type FakeRequest, startFakeHttpServer } from '../support/fake-http-server.ts';
import { CANARY, LEAKY_URLS, Net } from './canary.ts';

const { secretKey, accessKey, sessionToken, bearer, environment, ssecKey, encryptionKey } = CANARY;

type Answer = (response: ServerResponse, request: FakeRequest) => void;

function s3Error(status: number, code: string, more: Record<string, string> = {}): Answer {
  return (response, { headers, url }) => {
    response.writeHead(status, {
      'content-type': 'application/xml',
      'x-amz-bucket-region': secretKey,
      ...more,
    });
    const echo = `${secretKey} ${accessKey} ${JSON.stringify(headers)} ${url}`.replace(/[<&]/g, ' ');
    const fields = `<Code>${code}</Code><Message>${echo}</Message><AWSAccessKeyId>${accessKey}</AWSAccessKeyId>`;
    response.end(`<?xml version="1.0"?><Error>${fields}<StringToSign>${secretKey}</StringToSign></Error>`);
  };
}

const ANSWERS: Record<string, Answer> = {
  'a refusal that repeats all': s3Error(403, 'SignatureDoesNotMatch'),
  'a code that repeats all': s3Error(400, `Odd${accessKey}`),
  'no bucket': s3Error(404, 'NoSuchBucket'),
  'a wrong region': s3Error(301, 'PermanentRedirect'),
  'a redirect': s3Error(307, 'TemporaryRedirect', { location: `http://127.0.0.1:1/?${CANARY.signature}` }),
  'a failure': s3Error(500, 'InternalError'),
  'a web page': (response, { headers }) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<html>${JSON.stringify(headers)}</html>`);
  },
  'JSON that repeats all': (response, { headers }) => {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ message: `you sent ${JSON.stringify(headers)}` }));
  },
  'a cut': (response) => void response.destroy(),
};

const servers = new Map<string, FakeHttpServer>();
let world: CliWorld;

beforeAll(async () => {
  for (const [name, answer] of Object.entries(ANSWERS)) servers.set(name, await startFakeHttpServer(answer));
  world = await makeWorld();
});
afterAll(async () => {
  for (const server of servers.values()) await server.close();
  await world.remove();
});

const endpoints = [...Object.keys(ANSWERS), 'nobody'];
/** Those that only repeat what they were sent: the others know more than a management client ever told them. */
const gateways = ['a web page', 'JSON that repeats all', 'a cut', 'nobody'];
const endpointOf = (name: string) => servers.get(name)?.endpoint ?? 'http://127.0.0.1:1';

/** Everything that is logged goes into the net. */
function loggerInto(net: Net): Logger {
  const log = (fields: object, message: string) => {
    net.value(fields);
    for (const field of Object.values(fields)) net.value(field);
    net.text(message);
  };
  return { debug: log, info: log, warn: log, error: log };
}

const settingsOf = (endpoint: string) => ({
  bucketName: 'b',
  endpoint,
  region: 'us-east-1',
  accessKey,
  secretKey,
  forcePathStyleAccess: true,
  apiCallTimeoutMs: 300,
});

describe('the S3 store', () => {
  const id = { checkpointId: checkpointId(1), partitionId: 1, nodeId: 0 };

  it.each(endpoints)('keeps them when it meets %s', async (name) => {
    const net = new Net();
    const settings = settingsOf(endpointOf(name));
    const store = new S3BackupStore(settings, { clock: systemClock, logger: loggerInto(net) });
    const answers = [
      await store.list({ details: true }),
      await store.open(id),
      await store.delete(id),
      await store.markFailed(id, 'why', { term: 1n }),
      await store.save(sampleBackup()),
    ];
    expect(answers.every((answer) => answer.isErr())).toBe(true);
    for (const answer of answers) net.value(answer._unsafeUnwrapErr());
    net.value(store);
    await store.close();
    net.expectEmpty();
  });

  it.each(LEAKY_URLS)('keeps what stands in the endpoint %j', async (endpoint) => {
    const net = new Net();
    try {
      const store = new S3BackupStore(settingsOf(endpoint), { clock: systemClock, logger: loggerInto(net) });
      net.value(store);
      net.value((await store.list({}))._unsafeUnwrapErr());
      await store.close();
    } catch (cause) {
      net.value(cause);
    }
    net.expectEmpty();
  });

  it('keeps those of a session', async () => {
    const net = new Net();
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey, sessionToken };
    const connection = { bucket: 'b', region: 'us-east-1', forcePathStyle: true, credentials };
    for (const name of endpoints) {
      const storage = new S3ObjectStorage(
        { clock: systemClock },
        { ...connection, endpoint: endpointOf(name) },
      );
      net.value((await storage.get('a'))._unsafeUnwrapErr());
      net.value((await storage.list(''))._unsafeUnwrapErr());
      net.value(storage);
      await storage.close();
    }
    net.expectEmpty();
  });
});

const ENV = {
  ZEEBE_BROKER_DATA_BACKUP_STORE: 'S3',
  ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: 'b',
  ZEEBE_BROKER_DATA_BACKUP_S3_REGION: 'us-east-1',
  ZEEBE_BROKER_DATA_BACKUP_S3_FORCEPATHSTYLEACCESS: 'true',
  ZEEBE_BROKER_DATA_BACKUP_S3_APICALLTIMEOUT: '200ms',
  ZEEBE_BROKER_DATA_BACKUP_S3_ACCESSKEY: accessKey,
  ZEEBE_BROKER_DATA_BACKUP_S3_SECRETKEY: secretKey,
  ZEEBE_BROKER_DATA_BACKUP_S3_SSECKEY: ssecKey,
  TIDEMARK_ENCRYPTION_KEYS: `k:${encryptionKey}`,
  TIDEMARK_MANAGEMENT_TOKEN: bearer,
  AWS_SECRET_ACCESS_KEY: environment,
  AWS_SESSION_TOKEN: environment,
};

describe('settings', () => {
  it('keep them when they are printed', async () => {
    const net = new Net();
    const settings = loadSettings({ env: ENV })._unsafeUnwrap();
    expect(settings.management.token).toBe(bearer);
    for (const shown of [settings, settings.backup, settings.management, { ...settings }, [settings]])
      net.value(shown);
    const store = await openBackupStore(settings.backup);
    net.value(store);
    await store?.close();
    net.expectEmpty();
  });

  it.each([...LEAKY_URLS, `http://${secretKey} x`])('keep what stands in the endpoint %j', (endpoint) => {
    const net = new Net();
    const env = { ...ENV, ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpoint };
    const { ZEEBE_BROKER_DATA_BACKUP_S3_BUCKETNAME: _, ...others } = env;
    for (const given of [env, others]) {
      loadSettings({ env: given }).match(
        (settings) => net.value(settings.warnings),
        (error) => net.value(error),
      );
    }
    if (!endpoint.includes(' ')) net.expectEmpty();
  });

  it('keep one that stands in the wrong place of a file', () => {
    const net = new Net();
    for (const text of [
      `zeebe.broker.data.backup.s3.secretKey: [${secretKey}`,
      `zeebe.broker.data.backup.s3.secretKey: "${secretKey}`,
      `zeebe.broker.data.backup.s3.secretKey: *${bearer}`,
      `zeebe.broker.data.backup.s3.secretKey: { ${bearer}: 1 }`,
      `zeebe.broker.data.backup.s3.secretKeys: ${secretKey}`,
      `tidemark.management.token: ${bearer}\ntidemark.management.token: ${bearer}`,
    ]) {
      loadSettings({ yaml: { text, source: 'a.yaml' }, env: {} }).match(
        (settings) => net.value(settings.management),
        (error) => net.value(error),
      );
    }
    net.expectEmpty();
  });
});

describe('the management API', () => {
  it.each(gateways)('keeps the token when its client meets %s', async (name) => {
    const net = new Net();
    const client = new ManagementClient(
      { fetch, clock: systemClock },
      { url: endpointOf(name), token: bearer },
    );
    const answers = [
      await client.list(),
      await client.status(checkpointId(7)),
      await client.trigger(checkpointId(7)),
      await client.delete(checkpointId(7)),
    ];
    for (const answer of answers) net.value(answer._unsafeUnwrapErr());
    net.value(client);
    net.expectEmpty();
  });

  it.each(LEAKY_URLS)('keeps what stands in the address %j', async (url) => {
    const net = new Net();
    const client = new ManagementClient({ fetch, clock: systemClock }, { url, token: `${bearer}\n` });
    net.value((await client.list())._unsafeUnwrapErr());
    net.value((await new ManagementClient({ fetch, clock: systemClock }, { url }).list())._unsafeUnwrapErr());
    net.expectEmpty();
  });

  it('keeps the token when its server fails', async () => {
    const net = new Net();
    const broken = new Proxy({} as Parameters<typeof managementHandler>[0], {
      get: () => () => {
        throw new Error('no such thing');
      },
    });
    const handler = managementHandler(broken, { bearerToken: bearer, logger: loggerInto(net) });
    const server = (await startManagementServer(handler, { port: 0 }))._unsafeUnwrap();
    for (const authorization of [`Bearer ${bearer}`, `Bearer x${bearer}`, `Basic ${bearer}`]) {
      const answer = await fetch(`${server.url}/actuator/backups/7`, { headers: { authorization } });
      net.text(`${await answer.text()} ${JSON.stringify([...answer.headers])}`);
    }
    net.value(handler);
    net.value(server);
    await server.close();
    net.expectEmpty();
  });
});

describe('the command line', () => {
  const offline = [
    ['list'],
    ['status', '7'],
    ['verify', '7'],
    ['delete', '7'],
    ['restore', '7'],
    ['save', '7', '--data', 'data'],
    ['copy', '7', '--from', 'other.yaml', '--to', 'other.yaml'],
  ];
  const online = [
    ['list'],
    ['status', '7'],
    ['delete', '7'],
    ['take', '7'],
    ['take', '7', '--wait', '--timeout', '1s'],
  ];

  async function run(net: Net, argv: readonly string[], env: Record<string, string>) {
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await world.run([...argv, ...more], { env, clock: systemClock });
      expect(code, stderr).not.toBe(0);
      net.text(stdout);
      net.text(stderr);
    }
  }

  it.each(['a refusal that repeats all', 'a web page', 'a failure', 'nobody'])(
    'keeps them when it meets %s',
    async (name) => {
      const net = new Net();
      const env = { ...ENV, ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: endpointOf(name) };
      const yaml = `zeebe.broker.data.backup:
  store: S3
  s3: { bucketName: b, region: r, endpoint: "${endpointOf(name)}", accessKey: "${accessKey}", secretKey: "${secretKey}" }\n`;
      await writeFile(join(world.directory, 'other.yaml'), yaml);
      for (const argv of offline) await run(net, argv, argv[0] === 'copy' ? {} : env);
      net.expectEmpty();
    },
  );

  it.each(gateways)('keeps them when it asks %s', async (name) => {
    const net = new Net();
    for (const argv of online) await run(net, [...argv, '--gateway', endpointOf(name)], ENV);
    net.expectEmpty();
  });

  it.each(LEAKY_URLS)('keeps what stands in the URL %j', async (url) => {
    const net = new Net();
    await run(net, ['list', '--gateway', url], ENV);
    await run(net, ['take', '7', '--gateway', url], ENV);
    await run(net, ['list'], { ...ENV, ZEEBE_BROKER_DATA_BACKUP_S3_ENDPOINT: url });
    net.expectEmpty();
  });
});
