// Bodies over HTTP and over TLS, with a length and in chunks, whatever the size and wherever a server cuts: what is
// received is what was sent, in lent memory and in other. The program is one of its own, as Node reads the certificates
// that it is to trust at its start.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const SIZES = [0, 1, 4_095, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1_048_579, 8_388_613];
const BODY = `(size) => { const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 7 + size + (at >> 9)) % 251; return bytes; }`;
// The same function here and in the program.
const bodyOf = new Function(`return ${BODY}`)() as (size: number) => Uint8Array;
const root = fileURLToPath(new URL('../../../', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'tidemark-bodies-'));
const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')];
const servers: Server[] = [];
const received = new Map<string, string>();

/** `/bucket/<size>-<how>`. */
const serve: RequestListener = async (request, response) => {
  const name = request.url?.split('/').at(-1)?.split('?')[0] ?? '';
  if (request.method === 'PUT') {
    const hash = createHash('sha256');
    try {
      for await (const part of request) hash.update(part as Buffer);
    } catch {
      // Servers of Node 22 now and then end a connection that a request follows on before they have seen the last answer
      // go out. The client tries again.
      return;
    }
    received.set(name, hash.digest('hex'));
    return void response.writeHead(200, { etag: '"1"' }).end();
  }
  const [size = '', how] = name.split('-');
  const body = bodyOf(Number(size));
  response.writeHead(200, { etag: '"1"', ...(how === 'length' ? { 'content-length': size } : {}) });
  // Pieces of all lengths, the same ones each time.
  for (let at = 0, next = 1; at < body.length; next = (next * 75 + 74) % 65_537) {
    const piece = body.subarray(at, at + 1 + next * (body.length > 100_000 ? 9 : 1));
    at += piece.length;
    if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
};

beforeAll(async () => {
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const how = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', ...how, ...subject], { stdio: 'ignore' });
  const tls = { key: readFileSync(key), cert: readFileSync(cert) };
  servers.push(createServer(serve), createTlsServer(tls, serve));
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(home, { recursive: true });
});

it.each(['http', 'https'])('receives and sends what it should over %s', async (scheme) => {
  const [plain, tls] = servers.map((server) => (server.address() as AddressInfo).port);
  const port = scheme === 'http' ? plain : tls;
  const program = `
    import { S3ObjectStorage } from '${root}src/objects/s3/s3-object-storage.ts';
    import { RetryingStorage } from '${root}src/objects/retrying-storage.ts';
    import { systemClock } from '${root}src/runtime/system-clock.ts';
    const s3 = new S3ObjectStorage({ clock: systemClock }, { bucket: 'bucket', region: 'us-east-1',
      endpoint: '${scheme}://127.0.0.1:${port}', forcePathStyle: true,
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' } });
    const storage = new RetryingStorage({ storage: s3, clock: systemClock, random: { fraction: () => 0 } });
    const bodyOf = ${BODY};
    const shared = (size) => new Uint8Array(new SharedArrayBuffer(size));
    let right = 0;
    const get = async (size, how, into) => {
      const got = await storage.get(size + '-' + how, { into });
      if (got.isErr()) return console.log(size, how, into?.length, got.error.message);
      if (Buffer.compare(got.value, bodyOf(size)) === 0) right += 1;
      else console.log('other bytes', size, how, into?.length, got.value.length);
    };
    const put = async (size) => {
      const body = shared(size);
      body.set(bodyOf(size));
      const put = await storage.put('put-' + size, body);
      if (put.isOk()) right += 1; else console.log('put', size, put.error.message);
    };
    await Promise.all(${JSON.stringify(SIZES)}.flatMap((size) => [put(size), ...['length', 'chunks'].flatMap((how) =>
      [undefined, shared(size), shared(size + 99), shared(Math.max(0, size - 1))].map((into) => get(size, how, into)))]));
    console.log('right', right);
    await storage.close();`;
  const path = join(home, `${scheme}.mjs`);
  writeFileSync(path, program);
  received.clear();
  const env = { ...process.env, NODE_OPTIONS: '', NODE_EXTRA_CA_CERTS: cert };
  const { stdout } = await promisify(execFile)(process.execPath, [path], { env, timeout: 25_000 });
  expect(stdout.trim()).toBe(`right ${SIZES.length * 9}`);
  const digests = SIZES.map((size) => createHash('sha256').update(bodyOf(size)).digest('hex'));
  expect(SIZES.map((size) => received.get(`put-${size}`))).toEqual(digests);
});
