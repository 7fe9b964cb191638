// Who answers the management client may be anything that listens there.
import fc from 'fast-check';
import { checkpointId, systemClock } from 'tidemark';
import { ManagementClient } from 'tidemark/management';
import { afterEach, describe, expect, it } from 'vitest';
import { ANSWER_BODY_BYTES_MAX } from '../../src/core/limits.ts';
import { type FakeHttpServer, startFakeHttpServer } from '../support/fake-http-server.ts';
import { brokenBytes, brokenJson, fuzzAsync } from '../support/fuzz.ts';

const id = checkpointId(7);
const TOKEN = 'tok3n-of-the-gateway';
const servers: FakeHttpServer[] = [];

async function serve(...answer: Parameters<typeof startFakeHttpServer>): Promise<FakeHttpServer> {
  const server = await startFakeHttpServer(...answer);
  servers.push(server);
  return server;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

function clientOf(url: string) {
  return new ManagementClient({ fetch, clock: systemClock }, { url, token: TOKEN });
}

it.each(['announced', 'streamed'])('does not read an endless answer, %s', async (how) => {
  let sent = 0;
  const { endpoint } = await serve((response) => {
    const size = how === 'announced' ? { 'content-length': String(2 ** 40) } : {};
    response.writeHead(200, { 'content-type': 'application/json', ...size });
    const part = Buffer.alloc(1024 * 1024, ' ');
    const more = () => {
      while (!response.destroyed && response.write(part)) sent += part.byteLength;
      sent += part.byteLength;
    };
    response.on('drain', more);
    more();
  });
  const answer = await clientOf(endpoint).list();
  const error = answer._unsafeUnwrapErr();
  expect(error.name).toBe('ManagementApiError');
  expect(error.message).toContain(`more than ${ANSWER_BODY_BYTES_MAX} bytes`);
  // What stands in the buffers of the sockets comes on top.
  expect(sent).toBeLessThan(ANSWER_BODY_BYTES_MAX + 32 * 1024 * 1024);
});

it.each([301, 302, 303, 307, 308])('takes the token nowhere by a %i', async (status) => {
  const other = await serve((response) => void response.end('{}'));
  const first = await serve((response) => {
    response.writeHead(status, { location: `${other.endpoint}/actuator/backups/7` });
    response.end();
  });
  const client = clientOf(first.endpoint);
  for (const answer of [await client.status(id), await client.trigger(id), await client.delete(id)]) {
    expect(answer._unsafeUnwrapErr().name).toBe('ManagementApiError');
  }
  expect(first.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
  expect(other.requests).toEqual([]);
});

it('does not repeat the token that a server repeats', async () => {
  const { endpoint } = await serve((response, { headers }) => {
    response.writeHead(500);
    response.end(`<html>you sent: ${JSON.stringify(headers)}</html>`);
  });
  const error = (await clientOf(endpoint).status(id))._unsafeUnwrapErr();
  expect(error.message).toContain('Bearer ***');
  expect(error.message).not.toContain(TOKEN);
});

it('is not confused by a message that is no text', async () => {
  const fetch = async () => new Response('{"message":{"toString":1,"valueOf":1}}', { status: 409 });
  const client = new ManagementClient({ fetch, clock: systemClock }, { url: 'http://127.0.0.1' });
  expect((await client.trigger(id))._unsafeUnwrapErr().name).toBe('ManagementApiError');
});

describe('whatever the answer', () => {
  const partition =
    '{"partitionId":1,"state":"COMPLETED","createdAt":"2026-01-01T00:00:00Z","snapshotId":"1-2-3-4",' +
    '"checkpointPosition":9223372036854775807,"brokerId":0,"brokerVersion":"8.6.0","failureReason":"x"}';
  const legacy =
    '{"backupId":7,"status":"FAILED","failureReason":null,"partitions":[{"partitionId":1,"status":"FAILED",' +
    '"description":{"snapshotId":null,"checkpointPosition":3,"brokerId":1,"brokerVersion":"8.1.0"}}]}';
  const samples = [
    `{"backupId":7,"state":"COMPLETED","details":[${partition}]}`,
    `[{"backupId":8,"state":"INCOMPLETE","details":[${partition},${partition}]},{"backupId":7,"state":"FAILED","details":[]}]`,
    legacy,
    '{"message":"Requested backup has id 7. The latest backup has id 9."}',
    '{"id":7}',
  ];
  const body = fc.oneof(
    brokenJson(samples),
    brokenBytes(samples.map((text) => Buffer.from(text))).map((bytes) => Buffer.from(bytes)),
  );
  const status = fc.constantFrom(200, 200, 200, 202, 204, 302, 400, 401, 404, 405, 409, 500, 503);
  const link = fc.constantFrom('', '<?before=1>; rel="next"', 'rel=next', '<'.repeat(500));

  it('a call ends with a result or an expected error', async () => {
    await fuzzAsync(fc.tuple(body, status, link), 700, async ([text, code, next]) => {
      const fetch = async () =>
        new Response(code === 204 ? null : text, { status: code, headers: { link: next } });
      const client = new ManagementClient({ fetch, clock: systemClock }, { url: 'http://127.0.0.1' });
      const answers = [
        await client.status(id),
        await client.list({ limit: 1 }),
        await client.trigger(id),
        await client.delete(id),
      ];
      for (const answer of answers) {
        if (answer.isErr()) expect(answer.error.message.length).toBeLessThan(1_500);
      }
      return answers.some((answer) => answer.isOk()) ? 'taken' : 'refused';
    });
  });
});
