// Memory that is lent to requests: when a call has ended nothing is sent from it and nothing arrives in it any more,
// whatever the server does and whenever.

import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { RetryingStorage } from '../../../src/objects/retrying-storage.ts';
import { S3ObjectStorage, type S3ObjectStorageSettings } from '../../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../../src/runtime/system-clock.ts';

const MIB = 1024 * 1024;
const OLD = 0x11;
const NEW = 0xee;
const TAKEN = 'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 0\r\n\r\n';

const shared = (sizeBytes: number, value: number) =>
  new Uint8Array(new SharedArrayBuffer(sizeBytes)).fill(value);

let server: Server;
let storage: S3ObjectStorage;
const sockets = new Set<Socket>();

/** A server that gets bare connections: what HTTP servers of Node do by themselves is what is to be done wrong here. */
async function serve(onConnection: (socket: Socket, nth: number) => void, settings = {}): Promise<void> {
  let connections = 0;
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    connections += 1;
    onConnection(socket, connections);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const given: S3ObjectStorageSettings = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    bucket: 'bucket',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    forcePathStyle: true,
    attemptTimeoutMs: 10_000,
    ...settings,
  };
  storage = new S3ObjectStorage({ clock: systemClock }, given);
}

/** Resolves when the request's headers are here; the rest stays in the socket until it is resumed. */
function headersOf(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    socket.once('data', (bytes) => {
      socket.pause();
      resolve(bytes as Buffer);
    });
  });
}

/** Reads on to the end of the connection or `length` bytes. */
function rest(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let count = 0;
    const end = () => resolve(Buffer.concat(parts));
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      count += part.length;
      if (count >= length) end();
    });
    socket.on('close', end);
    socket.resume();
  });
}

afterEach(async () => {
  await storage.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
});

const puts: [string, (bytes: Uint8Array, signal?: AbortSignal) => Promise<boolean>][] = [
  ['put', async (bytes, signal) => (await storage.put('key', bytes, { signal })).isOk()],
  [
    'a part of an upload',
    async (bytes, signal) => {
      const upload = (await storage.startUpload('key', { partSizeBytes: bytes.length }))._unsafeUnwrap();
      return (await upload.part(0, bytes, { signal })).isOk();
    },
  ],
];

const STARTED =
  '<?xml version="1.0"?><InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';

/** Answers what starts an upload, and leaves requests with a body to the test. */
async function bodyRequest(socket: Socket): Promise<Buffer> {
  let first = await headersOf(socket);
  while (first.toString('latin1').startsWith('POST')) {
    socket.write(
      `HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: ${STARTED.length}\r\n\r\n${STARTED}`,
    );
    const next = headersOf(socket);
    socket.resume();
    first = await next;
  }
  return first;
}

describe.each(puts)('memory that is sent: %s', (_, put) => {
  it('is not given back by an answer that comes before the body was read', async () => {
    const body = shared(24 * MIB, OLD);
    const received = Promise.withResolvers<Buffer>();
    await serve(async (socket) => {
      const first = await bodyRequest(socket);
      socket.write(TAKEN);
      await sleep(300);
      const more = await rest(socket, body.length - first.length);
      received.resolve(Buffer.concat([first, more]));
    });
    expect(await put(body)).toBe(true);
    body.fill(NEW);
    const all = await received.promise;
    expect(all.includes(NEW)).toBe(false);
    expect(all.length).toBeGreaterThan(body.length);
  });

  it('is not given back while a server that has said yes reads no more: the attempt fails', async () => {
    const body = shared(24 * MIB, OLD);
    const answered = Promise.withResolvers<Socket>();
    await serve(
      async (socket) => {
        await bodyRequest(socket);
        socket.write(TAKEN);
        answered.resolve(socket);
      },
      { attemptTimeoutMs: 500 },
    );
    expect(await put(body)).toBe(false);
    body.fill(NEW);
    expect((await rest(await answered.promise, Infinity)).includes(NEW)).toBe(false);
  });

  it('is let go by a refusal that comes before the body was read', async () => {
    const body = shared(24 * MIB, OLD);
    const answered = Promise.withResolvers<Socket>();
    await serve(async (socket) => {
      await bodyRequest(socket);
      const text = '<Error><Code>SlowDown</Code></Error>';
      socket.write(`HTTP/1.1 503 Slow Down\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      answered.resolve(socket);
    });
    expect(await put(body)).toBe(false);
    body.fill(NEW);
    expect((await rest(await answered.promise, Infinity)).includes(NEW)).toBe(false);
  });

  it('is let go when the call is called off in the midst of the body', async () => {
    const body = shared(24 * MIB, OLD);
    const begun = Promise.withResolvers<Socket>();
    await serve(async (socket) => {
      await bodyRequest(socket);
      begun.resolve(socket);
    });
    const caller = new AbortController();
    const putting = put(body, caller.signal);
    const socket = await begun.promise;
    caller.abort();
    expect(await putting).toBe(false);
    body.fill(NEW);
    const all = await rest(socket, Infinity);
    expect(all.includes(NEW)).toBe(false);
    expect(all.length).toBeLessThan(body.length);
  });
});

describe('memory that is received in', () => {
  it('has nothing of an attempt whose time was up, however late that goes on sending', async () => {
    const length = 4 * MIB;
    const head = `HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: ${length}\r\n\r\n`;
    let late: NodeJS.Timeout | undefined;
    await serve(
      async (socket, nth) => {
        await headersOf(socket);
        socket.write(head);
        if (nth > 1) return socket.write(Buffer.alloc(length, NEW));
        // Half of it, and then a piece again and again.
        socket.write(Buffer.alloc(length / 2, OLD));
        late = setInterval(() => socket.write(Buffer.alloc(100, OLD)), 5);
      },
      { attemptTimeoutMs: 300 },
    );
    const into = shared(length, 0);
    const retrying = new RetryingStorage({
      storage,
      clock: systemClock,
      random: { fraction: () => 0 },
    });
    const got = (await retrying.get('key', { into }))._unsafeUnwrap();
    expect(got.buffer).toBe(into.buffer);
    await sleep(50);
    clearInterval(late);
    expect(Buffer.from(into.buffer).equals(Buffer.alloc(length, NEW))).toBe(true);
  });

  it('is left alone from the moment that a call has ended', async () => {
    const length = 64 * MIB;
    await serve(async (socket) => {
      await headersOf(socket);
      socket.write(`HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: ${length}\r\n\r\n`);
      socket.write(Buffer.alloc(length, OLD));
    });
    const into = shared(length, 0);
    const caller = new AbortController();
    const getting = storage.get('key', { into, signal: caller.signal });
    while (into[0] !== OLD) await sleep(1);
    caller.abort();
    expect((await getting).isErr()).toBe(true);
    into.fill(NEW);
    await sleep(100);
    expect(into.includes(OLD)).toBe(false);
  });
});
