import { describe, expect, it } from 'vitest';
import { BackupsDisabled, StoreFailure, StoreUnavailable } from '../../src/core/errors.ts';
import { hang } from '../cluster/fake-cluster.ts';
import { setUp } from './set-up.ts';

const messageOf = ({ text }: { text: string }) => JSON.parse(text).message as string;

describe('bodies', () => {
  it.each([
    ['{"backupId":7.5}', 'backupId'],
    ['{"backupId":1e3}', 'backupId'],
    ['{"backupId":1.0}', 'backupId'],
    ['{"backupId":9223372036854775808}', 'backupId'],
    ['{"backupId":"abc"}', 'backupId'],
    ['{"backupId":""}', 'backupId'],
    ['{"backupId":0}', 'backupId'],
    ['{"backupId":-5}', 'backupId'],
    ['{"backupId":null}', 'backupId'],
    ['{"backupId":[1]}', 'backupId'],
    ['{"backupId":{"value":"1"}}', 'backupId'],
    ['{"backupId":true}', 'backupId'],
    ['{}', 'backupId'],
    ['{"backupID":1}', 'backupId'],
    ['', 'backupId'],
    ['null', 'body'],
    ['[]', 'body'],
    ['7', 'body'],
    ['"7"', 'body'],
    ['{"backupId":', 'body'],
    ['{"backupId":1}x', 'body'],
    ['{"backupId":1,"backupId":2}', 'backupId'],
    ['{"backupId":1,"backupId":"1"}', 'backupId'],
    ['{"__proto__":{"backupId":1}}', 'backupId'],
    ['['.repeat(60_000), 'body'],
    ['{"a":'.repeat(12_000), 'body'],
  ])('%.40s is a 400 that names the field', async (body, field) => {
    const { cluster, take } = setUp();
    const answer = await take(body);
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toContain(`invalid ${field}`);
    expect(cluster.requests).toEqual([]);
  });

  it('keeps every digit of a 64-bit id', async () => {
    const { cluster, ask, take } = setUp({}, 1);
    const id = '9223372036854775807';
    expect((await take(`{"backupId":${id}}`)).status).toBe(202);
    expect(cluster.requests).toEqual([`take 1 ${id}`]);
    expect((await ask('GET', `/actuator/backups/${id}`)).text).toContain(`{"backupId":${id},`);
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/vnd.spring-boot.actuator.v3+json',
  ])('takes %s', async (type) => {
    expect((await setUp().take('{"backupId":1}', type)).status).toBe(202);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'json'])(
    'does not take %s',
    async (type) => {
      const { cluster, take } = setUp();
      expect((await take('{"backupId":1}', type)).status).toBe(415);
      expect(cluster.requests).toEqual([]);
    },
  );

  it('does not read more than 64 KiB, whatever the header says', async () => {
    const { cluster, take, ask } = setUp();
    expect((await take(`{"backupId":1,"x":"${'x'.repeat(70_000)}"}`)).status).toBe(413);
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1;
        controller.enqueue(new Uint8Array(1024));
      },
    });
    const headers = { 'content-type': 'application/json' };
    const request = { body: endless, headers, duplex: 'half' as const };
    expect((await ask('POST', '/actuator/backups', request)).status).toBe(413);
    expect(sent).toBeLessThan(100);
    expect(cluster.requests).toEqual([]);
  });

  it('is a 400 when the body breaks off or is no UTF-8', async () => {
    const { ask, take } = setUp();
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) });
    const headers = { 'content-type': 'application/json' };
    const request = { body: broken, headers, duplex: 'half' as const };
    expect((await ask('POST', '/actuator/backups', request)).status).toBe(400);
    const latin = Buffer.from('{"backupId":"1\xe9"}', 'latin1');
    expect((await take(latin as unknown as string)).status).toBe(400);
  });
});

describe('routes', () => {
  it('tells which methods are possible', async () => {
    const { ask } = setUp();
    const list = await ask('PUT', '/actuator/backups');
    expect([list.status, list.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    const item = await ask('PATCH', '/actuator/backups/1');
    expect([item.status, item.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST, DELETE']);
  });

  it.each([
    '/',
    '/actuator',
    '/actuator/backup/12',
    '/actuator/backups/',
    '/actuator/backups/1/2',
    '/backups',
  ])('%s is not there', async (path) => {
    const { ask } = setUp();
    const answer = await ask('GET', path);
    expect(answer.status).toBe(404);
    expect(messageOf(answer)).toContain('/actuator/backups');
  });

  it.each([
    ['/', '/backups'],
    ['', '/backups'],
    ['ops/', '/ops/backups'],
    ['/a/b', '/a/b/backups'],
  ])('base path %j puts the backups at %s', async (basePath, path) => {
    const { ask } = setUp({ basePath });
    expect((await ask('GET', path)).status).toBe(200);
    expect(messageOf(await ask('POST', `${path}?backupId=3`))).toContain(`GET ${path.slice(1)}/3 to`);
  });

  it.each(['abc', '9223372036854775808', '1.5', '%00', '%zz', '1e3'])('%s is no id: 400', async (id) => {
    const { ask } = setUp();
    for (const method of ['GET', 'DELETE', 'POST']) {
      expect((await ask(method, `/actuator/backups/${id}`)).status).toBe(400);
    }
  });

  it('answers HEAD like GET, without the body', async () => {
    const { cluster, ask } = setUp();
    cluster.put(1, 1, 'COMPLETED');
    for (const [path, status] of [
      ['/actuator/backups', 200],
      ['/actuator/backups/1', 200],
      ['/actuator/backups/2', 404],
    ] as const) {
      expect(await ask('HEAD', path)).toMatchObject({ status, type: 'application/json', text: '' });
    }
  });

  it('sends no header of its own making', async () => {
    const { ask, take } = setUp();
    const answers = [await ask('GET', '/actuator/backups'), await take('{"backupId":1}'), await take('{}')];
    for (const { headers } of answers) expect([...headers.keys()]).toEqual(['content-type']);
  });
});

describe('pages', () => {
  it('gives the newest 100, and links to the rest', async () => {
    const { cluster, ask } = setUp({}, 1);
    for (let id = 1; id <= 250; id += 1) cluster.put(id, 1, 'COMPLETED');
    const seen: number[] = [];
    let path: string | undefined = '/actuator/backups';
    while (path !== undefined) {
      const answer = await ask('GET', path);
      seen.push(...JSON.parse(answer.text).map((backup: { backupId: number }) => backup.backupId));
      const link = /^<(.+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
      path = link === undefined ? undefined : new URL(link, `http://localhost${path}`).href.slice(16);
    }
    expect(seen).toEqual(Array.from({ length: 250 }, (_, index) => 250 - index));
  });

  it('takes a limit and a place to start from', async () => {
    const { cluster, ask } = setUp({}, 1);
    for (let id = 1; id <= 5; id += 1) cluster.put(id, 1, 'COMPLETED');
    const answer = await ask('GET', '/actuator/backups?limit=2&before=4');
    expect(JSON.parse(answer.text).map((backup: { backupId: number }) => backup.backupId)).toEqual([3, 2]);
    expect(answer.headers.get('link')).toBe('<?before=2&limit=2>; rel="next"');
    expect((await ask('GET', '/actuator/backups?limit=2&before=1')).text).toBe('[]');
  });

  it.each([
    'limit=0',
    'limit=-1',
    'limit=1001',
    'limit=x',
    'limit=',
    'limit=1&limit=2',
    'before=0',
    'before=abc',
  ])('%s is a 400 that names it', async (query) => {
    const answer = await setUp().ask('GET', `/actuator/backups?${query}`);
    expect(answer.status).toBe(400);
    expect(messageOf(answer)).toContain(`invalid ${query.split('=')[0]}`);
  });
});

describe('failures of the cluster', () => {
  it.each([
    ['PartitionUnreachable', new Error('refused'), 502],
    ['BackupsDisabled', new BackupsDisabled(), 400],
    ['a store that may come back', new StoreUnavailable('list', 'timeout'), 503],
    ['a store that will not', new StoreFailure('list', 'nonsense'), 500],
  ])('%s', async (_, thrown, status) => {
    const { cluster, ask, take } = setUp();
    cluster.partition(2).trouble = () => {
      throw thrown;
    };
    for (const answer of [
      await ask('GET', '/actuator/backups'),
      await ask('GET', '/actuator/backups/1'),
      await ask('DELETE', '/actuator/backups/1'),
      await take('{"backupId":1}'),
    ]) {
      expect(answer.status).toBe(status);
      expect(messageOf(answer)).toContain(thrown.message);
    }
  });

  it('is a 504 when a partition does not answer, and a 502 when the topology is incomplete', async () => {
    const { cluster, clock, ask } = setUp();
    cluster.partition(2).trouble = hang;
    const waiting = ask('GET', '/actuator/backups/1');
    await clock.advance(15_000);
    expect((await waiting).status).toBe(504);
    cluster.expected = 9;
    expect((await ask('GET', '/actuator/backups/1')).status).toBe(502);
  });

  it('is a 500 without details when the operations throw, and tells the log', async () => {
    const logged: object[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => logged.push(fields) };
    const { cluster, ask } = setUp({ logger });
    Object.assign(cluster.topology, {
      partitions: async () => ({
        get expected() {
          throw new Error('secret');
        },
      }),
    });
    const answer = await ask('GET', '/actuator/backups/1');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret');
    expect(logged).toHaveLength(1);
  });

  it('stops asking when the client of a status goes away, but not for a trigger', async () => {
    const { cluster, clock, handler } = setUp({}, 1);
    cluster.partition(1).trouble = hang;
    const gone = new AbortController();
    const base = 'http://localhost/actuator/backups';
    const status = handler(new Request(`${base}/1`, { signal: gone.signal }));
    const list = handler(new Request(base, { signal: gone.signal }));
    const trigger = handler(new Request(`${base}?backupId=5`, { method: 'POST', signal: gone.signal }));
    await clock.advance(1);
    expect(clock.sleeping).toBe(3);
    gone.abort();
    expect((await status).status).toBe(503);
    expect((await list).status).toBe(503);
    await clock.advance(1);
    expect(clock.sleeping).toBe(1);
    await clock.advance(15_000);
    expect((await trigger).status).toBe(504);
  });
});

describe('progress', () => {
  it('is told while a backup runs', async () => {
    const { cluster, ask } = setUp({}, 1);
    const progress = { filesDone: 1, filesTotal: 3, bytesDone: 10, bytesTotal: 30, bytesReused: 5 };
    cluster.put(4, 1, 'IN_PROGRESS', { progress });
    expect(JSON.parse((await ask('GET', '/actuator/backups/4')).text).details[0].progress).toEqual(progress);
  });
});

describe('bearer token', () => {
  const authorised = (authorization: string) => ({ headers: { authorization } });

  it('lets nobody in without it', async () => {
    const { cluster, ask } = setUp({ bearerToken: 'open sesame' });
    for (const init of [{}, authorised('Bearer open'), authorised('open sesame'), authorised('Basic abc')]) {
      for (const path of ['/actuator/backups', '/elsewhere']) {
        const answer = await ask('GET', path, init);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      }
    }
    expect(cluster.requests).toEqual([]);
    expect((await ask('GET', '/actuator/backups', authorised('Bearer open sesame'))).status).toBe(200);
  });

  it('must not be empty', () => {
    expect(() => setUp({ bearerToken: '' })).toThrow(/empty bearer token/);
  });
});
