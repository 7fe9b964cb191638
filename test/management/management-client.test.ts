import { ManagementClient, type ManagementClientSettings, startManagementServer } from 'tidemark/management';
import { afterEach, describe, expect, it } from 'vitest';
import { BackupsDisabled } from '../../src/core/errors.ts';
import { checkpointId } from '../../src/core/ids.ts';
import { systemClock } from '../../src/runtime/system-clock.ts';
import { ManualClock } from '../../src/testkit/manual-clock.ts';
import { type Canned, gateway, spring, zeebe81, zeebe86 } from './canned-gateways.ts';
import { setUp } from './set-up.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

function client(url: string, settings: Partial<ManagementClientSettings> = {}) {
  return new ManagementClient({ fetch, clock: systemClock }, { url, timeoutMs: 10_000, ...settings });
}

async function canned(start: () => ReturnType<typeof gateway>) {
  const server = await start();
  open.push(server);
  return server;
}

const answering = (answer: Canned) => canned(() => gateway(() => answer));

async function own(options: Parameters<typeof setUp>[0] = {}, partitions = 2) {
  const parts = setUp(options, partitions);
  const server = (await startManagementServer(parts.handler, { port: 0 }))._unsafeUnwrap();
  open.push(server);
  return { ...parts, url: server.url };
}

describe.each(['modern', '8.1'] as const)('against our own API in the dialect %s', (dialect) => {
  it.each(['auto', dialect] as const)('does everything, asked as %s', async (spoken) => {
    const { cluster, url } = await own({ dialect });
    const api = client(url, { dialect: spoken });
    const id = checkpointId(9007199254740993n);
    expect((await api.status(id))._unsafeUnwrapErr().name).toBe('BackupNotFound');
    expect((await api.trigger(id)).isOk()).toBe(true);
    expect((await api.status(id))._unsafeUnwrap()).toMatchObject({
      backupId: 9007199254740993n,
      state: 'COMPLETED',
    });
    expect((await api.list())._unsafeUnwrap().backups.map((info) => info.backupId)).toEqual([id]);
    expect((await api.delete(id)).isOk()).toBe(true);
    expect((await api.status(id))._unsafeUnwrapErr().name).toBe('BackupNotFound');
    expect(cluster.requests.filter((request) => request.startsWith('take'))).toHaveLength(2);
  });

  it('pages through a listing', async () => {
    const { cluster, url } = await own({ dialect }, 1);
    for (let id = 1; id <= 5; id += 1) cluster.put(id, 1, 'COMPLETED');
    const api = client(url);
    const seen: bigint[][] = [];
    let page = (await api.list({ limit: 2 }))._unsafeUnwrap();
    for (;;) {
      seen.push(page.backups.map((info) => info.backupId));
      if (page.next === undefined) break;
      page = (await api.list({ limit: 2, before: page.next }))._unsafeUnwrap();
    }
    expect(seen).toEqual([[5n, 4n], [3n, 2n], [1n]]);
  });

  it('tells an incomplete backup as such', async () => {
    const { cluster, url } = await own({ dialect });
    cluster.put(4, 2, 'COMPLETED');
    expect((await client(url).status(checkpointId(4)))._unsafeUnwrap().state).toBe('INCOMPLETE');
  });
});

describe('against our own API', () => {
  it('names what a caller decides on', async () => {
    const { cluster, url } = await own({ bearerToken: 'secret' });
    const api = client(url, { token: 'secret' });
    const five = checkpointId(5);
    await api.trigger(five);
    expect((await api.trigger(five))._unsafeUnwrapErr()).toMatchObject({
      name: 'CheckpointNotNewer',
      requested: 5n,
      latest: 5n,
    });
    cluster.partition(1).trouble = () => {
      throw new BackupsDisabled();
    };
    expect((await api.list())._unsafeUnwrapErr().name).toBe('BackupsDisabled');
    cluster.expected = 3;
    expect((await api.list())._unsafeUnwrapErr()).toMatchObject({
      name: 'ManagementApiError',
      status: 502,
      retryable: true,
      message: expect.stringContaining('expected=3 known=[1,2]'),
    });
    const stranger = (await client(url).list())._unsafeUnwrapErr();
    expect(stranger).toMatchObject({ name: 'ManagementApiError', status: 401, retryable: false });
    expect(stranger.message).toContain('check the token');
  });

  it('reads the progress', async () => {
    const { cluster, url } = await own({}, 1);
    const progress = {
      filesDone: 1,
      filesTotal: 3,
      bytesDone: 10,
      bytesTotal: 30,
      bytesReused: 5,
      bytesUnread: 4,
      throttledMs: 125,
    };
    cluster.put(4, 1, 'IN_PROGRESS', { progress });
    expect((await client(url).status(checkpointId(4)))._unsafeUnwrap().details[0]?.progress).toEqual(
      progress,
    );
  });
});

describe('against Zeebe 8.1', () => {
  it('finds out how to trigger, once', async () => {
    const zeebe = await canned(zeebe81);
    const api = client(zeebe.url);
    expect((await api.trigger(checkpointId(11))).isOk()).toBe(true);
    expect((await api.trigger(checkpointId(11))).isOk()).toBe(true);
    expect(zeebe.requests).toEqual([
      'POST /actuator/backups {"backupId":11}',
      'POST /actuator/backups/11',
      'POST /actuator/backups/11',
    ]);
  });

  it('does not ask first when it is told', async () => {
    const zeebe = await canned(zeebe81);
    expect((await client(zeebe.url, { dialect: '8.1' }).trigger(checkpointId(11))).isOk()).toBe(true);
    expect(zeebe.requests).toEqual(['POST /actuator/backups/11']);
  });

  it('tells the status in the shape of later versions', async () => {
    const zeebe = await canned(zeebe81);
    const api = client(zeebe.url);
    expect((await api.status(checkpointId(1)))._unsafeUnwrap()).toEqual({
      backupId: 1n,
      state: 'COMPLETED',
      details: [
        {
          partitionId: 1,
          state: 'COMPLETED',
          createdAt: '2026-11-24T02:53:18.651229902Z',
          lastUpdatedAt: '2026-11-24T02:53:20.273989732Z',
          snapshotId: '1652-1-4714-9223372036854775807',
          checkpointPosition: 8885n,
          brokerId: 0,
          brokerVersion: '8.1.27',
        },
        {
          partitionId: 2,
          state: 'COMPLETED',
          createdAt: '2026-11-24T02:53:18.642443225Z',
          lastUpdatedAt: '2026-11-24T02:53:20.278870732Z',
          snapshotId: '1612-1-4665-9223372036854775807',
          checkpointPosition: 8767n,
          brokerId: 0,
          brokerVersion: '8.1.27',
        },
      ],
    });
    expect((await api.status(checkpointId(10)))._unsafeUnwrapErr().name).toBe('BackupNotFound');
    expect((await api.status(checkpointId(12)))._unsafeUnwrap().state).toBe('INCOMPLETE');
  });

  it('passes on why a trigger failed, and that there is no listing', async () => {
    const zeebe = await canned(zeebe81);
    const api = client(zeebe.url);
    expect((await api.trigger(checkpointId(13)))._unsafeUnwrapErr()).toMatchObject({
      name: 'ManagementApiError',
      status: 500,
      message: expect.stringContaining('no leader'),
    });
    expect((await api.list())._unsafeUnwrapErr()).toMatchObject({ name: 'ManagementApiError', status: 404 });
    expect((await api.delete(checkpointId(1)))._unsafeUnwrapErr().message).toContain(
      'version of the gateway',
    );
  });
});

describe('against Zeebe 8.6', () => {
  it('triggers once', async () => {
    const zeebe = await canned(zeebe86);
    expect((await client(zeebe.url).trigger(checkpointId(10))).isOk()).toBe(true);
    expect(zeebe.requests).toEqual(['POST /actuator/backups {"backupId":10}']);
  });

  it('reads the latest id out of the sentence of a 409', async () => {
    const message =
      'Requested backup has id 9. The latest backup has id 9223372036854775806. ' +
      'Id of new backups must be higher than the previous one. ';
    const zeebe = await answering({ status: 409, body: JSON.stringify({ message }) });
    const error = (await client(zeebe.url).trigger(checkpointId(9)))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'CheckpointNotNewer', requested: 9n, latest: 9223372036854775806n });
    expect(zeebe.requests).toHaveLength(1);
  });

  it('tells the status, sorted by partition', async () => {
    const zeebe = await canned(zeebe86);
    const api = client(zeebe.url);
    const info = (await api.status(checkpointId(2)))._unsafeUnwrap();
    expect(info).toMatchObject({ backupId: 2n, state: 'INCOMPLETE' });
    expect(info.details.map((partition) => partition.partitionId)).toEqual([1, 2, 3]);
    expect(info.details[1]).toEqual({ partitionId: 2, state: 'DOES_NOT_EXIST' });
    expect((await api.status(checkpointId(999_999)))._unsafeUnwrapErr().name).toBe('BackupNotFound');
    expect((await api.status(checkpointId(3)))._unsafeUnwrapErr()).toMatchObject({
      name: 'ManagementApiError',
      status: 500,
      retryable: false,
    });
  });

  it('sorts and cuts the listing, which knows no pages', async () => {
    const zeebe = await canned(zeebe86);
    const api = client(zeebe.url);
    const ids = (page: { backups: readonly { backupId: bigint }[] }) =>
      page.backups.map((info) => info.backupId);
    const all = (await api.list())._unsafeUnwrap();
    expect(ids(all)).toEqual([10n, 2n, 1n]);
    expect(all).not.toHaveProperty('next');
    const first = (await api.list({ limit: 2 }))._unsafeUnwrap();
    expect([ids(first), first.next]).toEqual([[10n, 2n], 2n]);
    const second = (await api.list({ limit: 2, before: checkpointId(2) }))._unsafeUnwrap();
    expect([ids(second), second.next]).toEqual([[1n], undefined]);
  });

  it('deletes', async () => {
    const zeebe = await canned(zeebe86);
    expect((await client(zeebe.url).delete(checkpointId(10))).isOk()).toBe(true);
  });
});

describe('never triggers twice', () => {
  it.each([
    { status: 500, body: '{"message":"unknown"}' },
    { status: 504, body: '{"message":"timeout"}' },
    { status: 404, body: '{"message":"not this"}' },
    { status: 202, body: '<html>' },
    { status: 307, headers: { location: '/actuator/backups/5' } },
    spring(400, 'Bad Request', '/actuator/backups'),
    spring(415, 'Unsupported Media Type', '/actuator/backups'),
  ])('after $status $body', async (answer) => {
    const server = await answering(answer);
    const error = (await client(server.url).trigger(checkpointId(5)))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'ManagementApiError', status: answer.status });
    expect(server.requests).toEqual(['POST /actuator/backups {"backupId":5}']);
  });

  it('not even by the other way, when it is told which is the one', async () => {
    const zeebe = await canned(zeebe81);
    const error = (
      await client(zeebe.url, { dialect: 'modern' }).trigger(checkpointId(11))
    )._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'ManagementApiError', status: 404 });
    expect(zeebe.requests).toHaveLength(1);
  });
});

describe('an answer that is none', () => {
  it.each([
    ['<html></html>', "answer='<html></html>'"],
    ['{"backupId":5,"state":"COMPLETED"}', 'details is missing'],
    ['{"backupId":"5","state":"COMPLETED","details":[]}', "backupId is '5'"],
    ['{"backupId":5.5,"state":"COMPLETED","details":[]}', 'backupId is 5.5'],
    ['{"backupId":5,"state":"SHINY","details":[]}', "state is 'SHINY'"],
    ['{"backupId":5,"state":"FAILED","details":[7]}', 'partitionId is missing'],
    [
      '{"backupId":5,"state":"FAILED","details":[{"partitionId":1,"state":"INCOMPLETE"}]}',
      "state is 'INCOMPLETE'",
    ],
    [
      '{"backupId":5,"state":"FAILED","details":[{"partitionId":1,"state":"FAILED","createdAt":7}]}',
      'createdAt is 7',
    ],
  ])('%s', async (body, detail) => {
    const server = await answering({ status: 200, body });
    const error = (await client(server.url).status(checkpointId(5)))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'ManagementApiError', status: 200 });
    expect(error.message).toContain(detail);
  });

  it('is a list where one was asked for', async () => {
    const server = await answering({ status: 200, body: '{}' });
    expect((await client(server.url).list())._unsafeUnwrapErr().message).toContain('expected a list');
  });

  it('but fields that nobody knows yet do no harm, and DELETED means gone', async () => {
    const body =
      '{"backupId":5,"state":"INCOMPLETE","new":{"a":[1e400]},"physicalTenants":[],"details":[' +
      '{"partitionId":1,"state":"DELETED","firstLogPosition":3},{"partitionId":2,"state":"COMPLETED","createdAt":""}]}';
    const server = await answering({ status: 200, body });
    expect((await client(server.url).status(checkpointId(5)))._unsafeUnwrap()).toEqual({
      backupId: 5n,
      state: 'INCOMPLETE',
      details: [
        { partitionId: 1, state: 'DOES_NOT_EXIST' },
        { partitionId: 2, state: 'COMPLETED' },
      ],
    });
  });
});

describe('reaching it', () => {
  it.each([
    ['', '/actuator/backups'],
    ['/', '/actuator/backups'],
    ['/actuator', '/actuator/backups'],
    ['/actuator/', '/actuator/backups'],
    ['/zeebe/ops', '/zeebe/ops/backups'],
    ['/actuator/backups', '/actuator/backups'],
    ['/actuator/backupRuntime', '/actuator/backupRuntime'],
  ])('address %j asks %s', async (path, asked) => {
    const server = await answering({ status: 204 });
    expect((await client(`${server.url}${path}`).delete(checkpointId(5))).isOk()).toBe(true);
    expect(server.requests).toEqual([`DELETE ${asked}/5`]);
  });

  it.each(['', 'localhost:9600', 'ftp://host', 'http://', 'http://user:pw@host:9600'])(
    'address %j is refused',
    async (url) => {
      const error = (await client(url).list())._unsafeUnwrapErr();
      expect(error).toMatchObject({ name: 'InvalidInput', field: 'url' });
      expect(error.message).not.toContain('pw@');
    },
  );

  it('says that nobody listens', async () => {
    const server = await answering({ status: 204 });
    await server.close();
    const error = (await client(server.url).list())._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'ManagementUnreachable', retryable: true });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('ends at its limit, and when it is called off', async () => {
    const clock = new ManualClock();
    const never = () => new Promise<Response>(() => {});
    const api = new ManagementClient(
      { fetch: never, clock },
      { url: 'http://127.0.0.1:1', timeoutMs: 3_000 },
    );
    const late = api.status(checkpointId(5));
    await clock.advance(3_000);
    expect((await late)._unsafeUnwrapErr()).toMatchObject({ name: 'DeadlineExceeded', timeoutMs: 3_000 });
    const caller = new AbortController();
    const off = api.trigger(checkpointId(5), { signal: caller.signal });
    caller.abort();
    expect((await off)._unsafeUnwrapErr().name).toBe('Aborted');
    expect(clock.sleeping).toBe(0);
  });

  it('asks with the token, for JSON, and with the type of its body', async () => {
    const sent: Headers[] = [];
    const seen = async (_: string, init: RequestInit) => {
      sent.push(new Headers(init.headers));
      return new Response('{"message":"done"}', { status: 202 });
    };
    const api = new ManagementClient(
      { fetch: seen, clock: systemClock },
      { url: 'http://h', token: 'secret' },
    );
    expect((await api.trigger(checkpointId(5))).isOk()).toBe(true);
    expect(Object.fromEntries(sent[0] ?? [])).toEqual({
      accept: 'application/json',
      authorization: 'Bearer secret',
      'content-type': 'application/json',
    });
  });
});
