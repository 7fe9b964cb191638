// A trigger without an id: a 400 as in Zeebe, or, when the handler is told so, an id that is made.
import { checkpointId, systemClock } from 'tidemark';
import { ManagementClient, startManagementServer } from 'tidemark/management';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Canned, gateway, spring } from './canned-gateways.ts';
import { setUp } from './set-up.ts';

const NOW = Date.UTC(2026, 0, 1);
const JSON_TYPE = { 'content-type': 'application/json' };

describe('the handler', () => {
  it.each(['{}', '{"backupID":7}'])('answers 400 to %s by itself', async (body) => {
    const { take, cluster } = setUp();
    expect(await take(body)).toMatchObject({ status: 400, text: expect.stringContaining('it is missing') });
    expect(cluster.requests).toEqual([]);
  });

  it.each([
    ['without a body', {}],
    ['with an empty object', { body: '{}', headers: JSON_TYPE }],
  ])('makes an id when it is told to: %s', async (_name, init) => {
    const { ask } = setUp({ generateIds: true });
    const { status, text } = await ask('POST', '/actuator/backups', init);
    expect(status).toBe(202);
    const message = `A backup with id ${NOW} has been scheduled. Use GET actuator/backups/${NOW} to monitor the status.`;
    expect(JSON.parse(text)).toEqual({ message, backupId: NOW });
  });

  it('still takes an id that is given, and refuses what is none', async () => {
    const { take } = setUp({ generateIds: true });
    expect((await take('{"backupId":7}')).text).toContain('with id 7 has');
    expect((await take('{"backupId":null}')).status).toBe(400);
    expect((await take('{"backupId":-7}')).status).toBe(400);
  });

  it('names the next free id in a 409, with all its digits', async () => {
    const { take, cluster } = setUp();
    for (const id of [1, 2, 3]) cluster.partition(id).latest = 9_007_199_254_740_993n;
    const { status, text } = await take('{"backupId":7}');
    expect(status).toBe(409);
    expect(text).toContain('"nextBackupId":9007199254740994');
    for (const id of [1, 2, 3]) cluster.partition(id).latest = 2n ** 63n - 1n;
    expect((await take('{"backupId":7}')).text).not.toContain('nextBackupId');
  });
});

async function clientOf(options: Parameters<typeof setUp>[0]) {
  const server = (await startManagementServer(setUp(options).handler, { port: 0 }))._unsafeUnwrap();
  onTestFinished(() => server.close());
  return new ManagementClient({ fetch, clock: systemClock }, { url: server.url });
}

async function cannedClient(answers: Record<string, Canned>) {
  const served = await gateway((request, path) => answers[request] ?? spring(404, 'Not Found', path));
  onTestFinished(() => served.close());
  return new ManagementClient({ fetch, clock: systemClock }, { url: served.url });
}

describe('the client', () => {
  it('gives the id that was given, or made', async () => {
    const client = await clientOf({ generateIds: true });
    expect((await client.trigger(checkpointId(7)))._unsafeUnwrap()).toBe(7n);
    expect((await client.trigger())._unsafeUnwrap()).toBe(BigInt(NOW));
  });

  it('passes on that a gateway makes none', async () => {
    const client = await clientOf({});
    expect((await client.trigger())._unsafeUnwrapErr()).toMatchObject({
      name: 'ManagementApiError',
      status: 400,
    });
  });

  it.each([
    ['{"backupId":42,"message":"scheduled"}', 42n],
    ['{"message":"A backup with id 43 has been scheduled."}', 43n],
  ])('reads it out of %s', async (body, id) => {
    const client = await cannedClient({ 'POST /actuator/backups': { status: 202, body } });
    expect((await client.trigger())._unsafeUnwrap()).toBe(id);
  });

  it('says so when the answer names none', async () => {
    const client = await cannedClient({
      'POST /actuator/backups': { status: 202, body: '{"message":"yes"}' },
    });
    expect((await client.trigger())._unsafeUnwrapErr()).toMatchObject({
      name: 'ManagementApiError',
      message: expect.stringContaining('names no id'),
    });
  });

  it('needs one for 8.1', async () => {
    const client = await cannedClient({});
    expect((await client.trigger())._unsafeUnwrapErr()).toMatchObject({
      name: 'InvalidInput',
      field: 'backupId',
    });
  });
});
