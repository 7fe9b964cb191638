import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type ManagementServer, startManagementServer } from 'tidemark/management';
import { afterEach, describe, expect, it } from 'vitest';
import { setUp } from './set-up.ts';

const open: ManagementServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(handler = setUp().handler, options = {}) {
  const server = (await startManagementServer(handler, { port: 0, ...options }))._unsafeUnwrap();
  open.push(server);
  return server;
}

/** Sends raw bytes and gives everything that comes back until the connection ends. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

describe('startManagementServer', () => {
  it('serves the API to a real client', async () => {
    const { url, port } = await serve();
    expect(url).toBe(`http://127.0.0.1:${port}`);
    const taken = await fetch(`${url}/actuator/backups`, {
      method: 'POST',
      body: '{"backupId":9007199254740993}',
      headers: { 'content-type': 'application/json' },
    });
    expect(taken.status).toBe(202);
    const status = await fetch(`${url}/actuator/backups/9007199254740993`);
    expect(await status.text()).toContain('"backupId":9007199254740993,"state":"COMPLETED"');
    expect((await fetch(`${url}/actuator/backups/9007199254740993`, { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(`${url}/actuator/backups`, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${url}/actuator/backups`, { method: 'POST' })).status).toBe(400);
  });

  it('refuses a body that is too large, announced or not', async () => {
    const { url, port } = await serve();
    const big = 'x'.repeat(100_000);
    const headers = { 'content-type': 'application/json' };
    const announced = await fetch(`${url}/actuator/backups`, { method: 'POST', body: big, headers });
    expect(announced.status).toBe(413);
    const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
    const answer = await raw(
      port,
      'POST /actuator/backups HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
        `Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  it.each([
    ['GET // HTTP/1.1', /^HTTP\/1.1 40\d /],
    ['GET /actuator/backups?%zz=%% HTTP/1.1', /^HTTP\/1.1 200 /],
    ['GET http://other/actuator/backups HTTP/1.1', /^HTTP\/1.1 200 /],
    ['GET http://[ HTTP/1.1', /^HTTP\/1.1 40\d /],
    ['OPTIONS * HTTP/1.1', /^HTTP\/1.1 40\d /],
    ['GET /actuator/../actuator/backups HTTP/1.1', /^HTTP\/1.1 (200|404) /],
    ['NONSENSE', /^HTTP\/1.1 400 /],
  ])('answers %s', async (line, answer) => {
    const { port } = await serve();
    expect(await raw(port, `${line}\r\nHost: x\r\nConnection: close\r\n\r\n`)).toMatch(answer);
  });

  it.each(['[', 'a b', ''])('answers a request whose host is %j', async (host) => {
    const { port } = await serve();
    const answer = await raw(
      port,
      `GET /actuator/backups HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 (200|400) /);
  });

  it.each([
    ['its headers', 'GET /actuator/backups HTTP/1.1\r\nX: '],
    ['its body', 'POST /actuator/backups HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
  ])('cuts off a request that does not end %s in time', async (_, beginning) => {
    const { port } = await serve(setUp().handler, { requestTimeoutMs: 100 });
    expect(await raw(port, beginning)).toMatch(/^HTTP\/1.1 4(08|15) /);
  });

  it('says which port is taken', async () => {
    const { port } = await serve();
    const error = (await startManagementServer(setUp().handler, { port }))._unsafeUnwrapErr();
    expect(error).toMatchObject({ name: 'ListenFailed', port, host: '127.0.0.1' });
    expect(error.message).toContain('EADDRINUSE');
    expect(error.message).toContain('another process listens there');
  });

  it('says when the host or the port is none', async () => {
    const { handler } = setUp();
    for (const options of [{ port: 70_000 }, { port: -1 }, { port: 0, host: '192.0.2.1' }]) {
      expect((await startManagementServer(handler, options))._unsafeUnwrapErr().name).toBe('ListenFailed');
    }
  });

  it('frees its port when it is closed, and may be closed twice', async () => {
    const server = await serve();
    await fetch(`${server.url}/actuator/backups`);
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await expect(fetch(`${server.url}/actuator/backups`)).rejects.toThrow();
    const again = createServer().listen(server.port, '127.0.0.1');
    await new Promise<void>((resolve) => again.once('listening', resolve));
    expect((again.address() as AddressInfo).port).toBe(server.port);
    await new Promise((resolve) => again.close(resolve));
  });

  it('answers what has arrived before it closes, and does not wait for the rest', async () => {
    const { handler, cluster } = setUp({}, 1);
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    cluster.partition(1).trouble = () => {
      arrived.resolve();
      return gate.promise;
    };
    const server = await serve(handler);
    const idle = connect(server.port, '127.0.0.1');
    const half = httpRequest(`${server.url}/actuator/backups`, {
      method: 'POST',
      headers: { 'content-length': '20', 'content-type': 'application/json' },
    });
    const cut = new Promise((resolve) => half.once('error', resolve));
    half.write('{"backup');
    const answer = fetch(`${server.url}/actuator/backups/1`);
    await arrived.promise;

    let closed = false;
    const closing = server.close().then(() => {
      closed = true;
    });
    await cut;
    expect(closed).toBe(false);
    gate.resolve();
    expect((await answer).status).toBe(404);
    await closing;
    idle.destroy();
  });

  it('cuts the connection of a handler that fails, and goes on', async () => {
    let calls = 0;
    const server = await serve(async () => {
      calls += 1;
      if (calls === 1) throw new Error('a bug of the embedder');
      return new Response('fine');
    });
    await expect(fetch(server.url)).rejects.toThrow();
    expect(await (await fetch(server.url)).text()).toBe('fine');
  });
});
