// The edges of what the management API and its client take: the last value that is right, and the first that is not.
import { checkpointId, systemClock } from 'tidemark';
import { ManagementClient } from 'tidemark/management';
import { describe, expect, it } from 'vitest';
import { REQUEST_BODY_BYTES_MAX } from '../../src/core/limits.ts';
import { hasBearerToken } from '../../src/management/bearer-token.ts';
import { decodeBackupInfo, decodeBackupInfos } from '../../src/management/decode-backup-info.ts';
import { managementEndpoint } from '../../src/management/management-endpoint.ts';
import { isUnusedId, listQuery } from '../../src/management/request-url.ts';
import { toLegacyBackupInfo } from '../../src/management/wire.ts';
import { setUp } from './set-up.ts';

describe('the address of a gateway', () => {
  it.each([
    ['http://h:1', 'http://h:1/actuator/backups'],
    ['https://h:1///', 'https://h:1/actuator/backups'],
    ['http://h:1/a//', 'http://h:1/a/backups'],
    ['http://h:1/actuator/backups', 'http://h:1/actuator/backups'],
    ['http://h:1/actuator/backupRuntime', 'http://h:1/actuator/backupRuntime'],
    ['http://h:1/backups/a', 'http://h:1/backups/a/backups'],
    ['http://h:1/a?b#c', 'http://h:1/a/backups'],
  ])('%s leads to %s', (address, url) => {
    expect(managementEndpoint(address)._unsafeUnwrap()).toBe(url);
  });

  it.each([
    ['xhttp://h:1', "got 'xhttp://h:1'"],
    ['https-x://h:1', "got 'https-x://h:1'"],
    ['h', "got 'h'"],
    ['http://user@h:1', 'user or password'],
    ['http://:password@h:1', 'user or password'],
  ])('%s leads nowhere', (address, why) => {
    expect(managementEndpoint(address)._unsafeUnwrapErr().message).toContain(why);
  });

  it.each(['ftp://a@b', 'ftp://b?c', 'ftp://b#c'])('%s is not repeated', (address) => {
    expect(managementEndpoint(address)._unsafeUnwrapErr().message).toBe(
      'invalid url: expected http://host:port',
    );
  });
});

describe('a body', () => {
  it.each([
    ['{}', 'it is missing'],
    ['{"backupId":null}', 'it is null'],
    ['{"backupId":[7]}', 'it is a list'],
    ['{"backupId":{}}', 'it is an object'],
    ['{"backupId":true}', 'it is a boolean'],
    ['7', 'it is a number; expected an object'],
    ['[]', 'it is a list; expected an object'],
    ['null', 'it is null; expected an object'],
    ['"7"', 'it is a string; expected an object'],
    ['{"a":1,"a":2}', 'invalid a: it is given twice'],
    [`{"${'k'.repeat(50)}":1,"${'k'.repeat(50)}":2}`, `invalid ${'k'.repeat(40)}: it is given twice`],
    ['{', 'it is no JSON: JSON object expected'],
  ])('of %.60s is refused: %s', async (body, why) => {
    const { take } = setUp();
    const { status, text } = await take(body);
    expect(status).toBe(400);
    expect(JSON.parse(text).message).toContain(why.replace('JSON object expected', ''));
  });

  it('that is no JSON is told what the parser says of it', async () => {
    const { take } = setUp();
    expect((await take('{')).text).toMatch(/it is no JSON: (?!unreadable)\S/);
    expect((await take('{"backupId":7,}')).text).toMatch(/it is no JSON: (?!unreadable)\S/);
  });

  it('that is nested too deeply for the parser is unreadable', async () => {
    const { take } = setUp();
    expect((await take('['.repeat(60_000))).text).toContain('it is no JSON: unreadable');
  });

  it('that is no UTF-8 is no JSON', async () => {
    const { ask } = setUp();
    const body = Buffer.from('{"backupId":7,"a":"\u00ff"}', 'latin1');
    const headers = { 'content-type': 'application/json' };
    expect((await ask('POST', '/actuator/backups', { body, headers })).status).toBe(400);
  });

  it.each([
    [REQUEST_BODY_BYTES_MAX, 202],
    [REQUEST_BODY_BYTES_MAX + 1, 413],
  ])('of %i bytes is a %i, announced or not', async (sizeBytes, expected) => {
    const text = '{"backupId":7}'.padEnd(sizeBytes);
    for (const announced of [true, false]) {
      const { ask } = setUp();
      const headers = {
        'content-type': 'application/json',
        ...(announced ? { 'content-length': String(sizeBytes) } : {}),
      };
      expect((await ask('POST', '/actuator/backups', { body: text, headers })).status).toBe(expected);
    }
  });

  it('that announces too much is refused unread', async () => {
    const { handler } = setUp();
    let read = false;
    const body = new ReadableStream(
      {
        pull(controller) {
          read = true;
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const headers = {
      'content-type': 'application/json',
      'content-length': String(REQUEST_BODY_BYTES_MAX + 1),
    };
    const init = { method: 'POST', body, headers, duplex: 'half' } as RequestInit;
    expect((await handler(new Request('http://h/actuator/backups', init))).status).toBe(413);
    expect(read).toBe(false);
  });

  it('that breaks off is a 400', async () => {
    const { handler } = setUp();
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error('gone'));
      },
    });
    const init = {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      duplex: 'half',
    } as RequestInit;
    const response = await handler(new Request('http://h/actuator/backups', init));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('broke off');
  });

  it.each(['xapplication/json', 'text/application/json', 'application/json-x', 'application/xjson'])(
    'of the type %s is a 415',
    async (type) => {
      const { take } = setUp();
      const { status, text } = await take('{"backupId":7}', type);
      expect(status).toBe(415);
      expect(text).toContain(`not ${type}`);
    },
  );

  it('without a type is a 415', async () => {
    const { ask } = setUp();
    const { status, text } = await ask('POST', '/actuator/backups', { body: new TextEncoder().encode('{}') });
    expect(status).toBe(415);
    expect(text).toContain('not none');
  });
});

describe('the query of a listing', () => {
  const limitOf = (text: string) => listQuery(new URL(`http://h/?limit=${text}`)).map(({ limit }) => limit);

  it.each(['1', '1000', '000001'])('takes the limit %s', (text) => {
    expect(limitOf(text)._unsafeUnwrap()).toBe(Number(text));
  });

  it.each(['0', '1001', '0000001', 'a1', '1a', '-1', '1.5', ''])('refuses the limit %s', (text) => {
    expect(limitOf(text)._unsafeUnwrapErr().field).toBe('limit');
  });

  it('knows the ids that no backup has', () => {
    for (const text of ['0', '-1', '-12', '-9223372036854775808']) expect(isUnusedId(text), text).toBe(true);
    for (const text of ['1', '-9223372036854775809', '-9223372036854775810', 'a', '-'])
      expect(isUnusedId(text), text).toBe(false);
  });
});

it.each([
  ['Bearer secret', true],
  ['bearer   secret', true],
  ['Bearer secret ', true],
  ['Bearer secrets', false],
  ['Bearer', false],
  ['Bearer ', false],
  ['Basic Bearer secret', false],
  ['secret', false],
])('the header %j carries the token: %s', (authorization, carries) => {
  expect(hasBearerToken(new Request('http://h', { headers: { authorization } }), 'secret')).toBe(carries);
});

it('no header carries no token, whatever the token is', () => {
  expect(hasBearerToken(new Request('http://h'), 'Stryker was here!')).toBe(false);
  expect(
    hasBearerToken(new Request('http://h', { headers: { authorization: 'Basic x' } }), 'undefined'),
  ).toBe(false);
});

describe('an answer', () => {
  const info = { backupId: 7n, state: 'COMPLETED', details: [] };

  it.each([
    [null, 'details is missing'],
    [[], 'details is missing'],
    [7n, 'details is missing'],
    [{ ...info, details: {} }, 'details is an object or a list'],
    [{ ...info, details: null, partitions: null }, 'details is null'],
    [{ ...info, backupId: undefined }, 'backupId is missing'],
    [{ ...info, backupId: 'x'.repeat(100) }, `backupId is '${'x'.repeat(60)}'`],
    [{ ...info, backupId: 10n ** 100n }, `backupId is ${String(10n ** 100n).slice(0, 60)}`],
    [{ ...info, state: 'ODD' }, "state is 'ODD'"],
    [{ ...info, failureReason: 1n }, 'failureReason is 1'],
    [
      { ...info, details: [{ partitionId: 1n, state: 'FAILED', failureReason: [] }] },
      'failureReason is an object or a list',
    ],
    [
      { ...info, details: [{ partitionId: 1n, state: 'FAILED', progress: {} }] },
      'progress.filesDone is missing',
    ],
  ])('of %o is refused: %s', (value, why) => {
    expect(decodeBackupInfo(value)._unsafeUnwrapErr().startsWith(why)).toBe(true);
  });

  it('may say nothing of the progress', () => {
    const details = [{ partitionId: 1n, state: 'IN_PROGRESS', progress: null }];
    const [partition] = decodeBackupInfo({ ...info, details })._unsafeUnwrap().details;
    expect(partition).toEqual({ partitionId: 1, state: 'IN_PROGRESS' });
  });

  it.each(['INCOMPLETE', 'INCOMPATIBLE'])('may be %s', (state) => {
    expect(decodeBackupInfo({ ...info, state })._unsafeUnwrap().state).toBe(state);
  });

  it('that is no list lists nothing', () => {
    expect(decodeBackupInfos({})._unsafeUnwrapErr()).toContain('expected a list');
    expect(decodeBackupInfos([])._unsafeUnwrap()).toEqual([]);
  });
});

it('8.1 is told of a partition without a node that nothing is known', () => {
  const partition = {
    partitionId: 1,
    statusCode: 'IN_PROGRESS' as const,
    descriptor: {
      snapshotId: null,
      checkpointPosition: 1n as never,
      numberOfPartitions: 1,
      brokerVersion: '1',
    },
  };
  const told = toLegacyBackupInfo({
    checkpointId: checkpointId(7),
    state: 'IN_PROGRESS',
    partitions: [partition],
  });
  expect(told.partitions[0]?.description).toBeNull();
});

it.each(['\u0000', 'a\nb', '', '   ', 'é'])('the client sends no token such as %j', async (token) => {
  const client = new ManagementClient({ fetch, clock: systemClock }, { url: 'http://127.0.0.1:1', token });
  expect((await client.list())._unsafeUnwrapErr().name).toBe('InvalidInput');
});
