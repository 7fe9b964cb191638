// Who reaches the port of the management API and means harm: pages in a browser, smugglers, slow senders, floods.
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ManagementServer } from '../../src/management/management-server.ts';
import { startManagementServer } from '../../src/management/management-server.ts';
import { setUp } from './set-up.ts';

describe('a web page', () => {
  const simple = { headers: { origin: 'http://evil.example', 'content-type': 'text/plain' } };
  const preflighted = { headers: { origin: 'http://evil.example', 'content-type': 'application/json' } };

  it.each([
    ['POST', '/actuator/backups/7', simple],
    ['POST', '/actuator/backups?backupId=7', simple],
    ['POST', '/actuator/backups', { ...preflighted, body: '{"backupId":7}' }],
    ['DELETE', '/actuator/backups/7', preflighted],
    // After DNS rebinding the page is of the same origin.
    ['POST', '/actuator/backups/7', { headers: { origin: 'http://localhost' } }],
    ['POST', '/actuator/backups/7', { headers: { origin: 'null' } }],
  ] as const)('that sends %s %s changes nothing', async (method, path, init) => {
    const { ask, cluster } = setUp();
    const { status, headers } = await ask(method, path, init);
    expect(status).toBe(403);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect([...cluster.all.values()].map(({ latest }) => latest)).toEqual([0n, 0n, 0n]);
  });

  it('is told by no preflight that it may', async () => {
    const { ask } = setUp();
    const { headers } = await ask('OPTIONS', '/actuator/backups', preflighted);
    expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('that knows the token may, as any program', async () => {
    const { ask } = setUp({ bearerToken: 'secret' });
    const headers = { ...simple.headers, authorization: 'Bearer secret' };
    expect((await ask('POST', '/actuator/backups/7', { headers })).status).toBe(200);
  });
});

describe('a body', () => {
  it.each([
    '{"__proto__":{"backupId":7}}',
    '{"constructor":{"prototype":{"backupId":7}}}',
    '{"backupId":{"__proto__":7}}',
    `{"backupId":${'['.repeat(30_000)}`,
    `{"backupId":${'9'.repeat(60_000)}}`,
  ])('that reaches for what is not its own gives no id: %.40s', async (body) => {
    const { take } = setUp();
    expect((await take(body)).status).toBe(400);
    expect(({} as { backupId?: unknown }).backupId).toBeUndefined();
  });
});

describe('at the socket', () => {
  let server: ManagementServer | undefined;
  afterEach(async () => {
    await server?.close();
  });

  async function start(requestTimeoutMs = 30_000) {
    const { handler, cluster } = setUp();
    server = (await startManagementServer(handler, { port: 0, requestTimeoutMs }))._unsafeUnwrap();
    return { port: server.port, latest: () => cluster.all.get(1)?.latest };
  }

  /** Everything that comes back until the server hangs up. */
  function send(port: number, parts: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => {
        for (const part of parts) socket.write(part, 'latin1');
      });
      socket.on('data', (data) => {
        answer += data.toString('latin1');
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(answer));
    });
  }

  const inner = 'POST /actuator/backups/9 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
  const post = 'POST /actuator/backups HTTP/1.1\r\nHost: a\r\nConnection: close\r\n';

  it.each([
    ['two lengths', `${post}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
    [
      'a length and chunks',
      `${post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    ],
    ['chunks that are not last', `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`],
    ['an odd name for chunks', `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a space before the colon', `${post}Content-Length : 0\r\n\r\n${inner}`],
    ['a length that is no number', `${post}Content-Length: +0\r\n\r\n${inner}`],
    ['a folded header', `${post}X: a\r\n Content-Length: 0\r\n\r\n${inner}`],
    ['a bare line feed', `${post}X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a NUL', `${post}X: a\0b\r\n\r\n${inner}`],
  ])('%s smuggle no second request in', async (_, request) => {
    const { port, latest } = await start();
    const answer = await send(port, [request]);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(latest()).toBe(0n);
  });

  it('endless headers are cut off', async () => {
    const { port } = await start();
    const answer = await send(port, [post, `X: ${'a'.repeat(100_000)}\r\n`]);
    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });

  it.each([
    ['headers', [post]],
    ['body', [`${post}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{`]],
  ])('a sender who never ends its %s is cut off', async (_, parts) => {
    const { port, latest } = await start(200);
    const answer = await send(port, parts);
    expect(answer).not.toContain(' 202 ');
    expect(latest()).toBe(0n);
  });

  it('answers whatever the Host header says', async () => {
    const { port } = await start();
    for (const host of ['', '@', 'a b', '[', '%', 'x:99999', 'user:pw@h']) {
      const answer = await send(port, [
        `GET /actuator/backups/7 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      ]);
      expect(answer).toMatch(/^HTTP\/1.1 (400|404) /);
    }
  });
});
