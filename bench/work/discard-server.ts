// A server that takes every PUT and throws large bodies away: what is left of a save is the client's own cost. Bodies that can be made again
// from their stamp it gives back. It speaks as much of S3 as a save and a restore ask for. Prints its endpoint.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fillSynthetic, readSynthetic, type Synthetic } from './synthetic.ts';

const KEPT_BYTES_MAX = 64 * 1024;
const kept = new Map<string, Buffer>();
const synthetic = new Map<string, Synthetic>();

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://127.0.0.1');
  const key = decodeURIComponent(url.pathname);
  if (request.method === 'PUT') {
    const parts: Buffer[] = [];
    let bytes = 0;
    const keptMax = isChunk(key) ? KEPT_BYTES_MAX : Number.POSITIVE_INFINITY;
    request.on('data', (data: Buffer) => {
      bytes += data.length;
      if (bytes <= keptMax || parts.length === 0) parts.push(data);
    });
    request.once('end', () => {
      const made = isChunk(key) ? readSynthetic(parts[0] ?? Buffer.alloc(0), bytes) : undefined;
      if (made !== undefined) synthetic.set(key, made);
      const created = request.headers['if-none-match'] !== '*' || !kept.has(key);
      if (created && made === undefined && bytes <= keptMax) kept.set(key, Buffer.concat(parts));
      response.writeHead(created ? 200 : 412, { etag: '"discarded"', 'content-length': 0 }).end();
    });
    return;
  }
  if (request.method === 'POST') {
    void deleteBatch(key, request, response);
    return;
  }
  request.resume();
  if (request.method === 'DELETE') {
    kept.delete(key);
    response.writeHead(204).end();
    return;
  }
  const body = url.searchParams.has('list-type')
    ? list(key, url.searchParams)
    : (kept.get(key) ?? madeAgain(key));
  const answer = body ?? Buffer.from('<Error><Code>NoSuchKey</Code><Message>not kept</Message></Error>');
  const { range } = request.headers;
  const isPart = body !== undefined && range !== undefined;
  response.writeHead(body === undefined ? 404 : isPart ? 206 : 200, {
    etag: '"kept"',
    'last-modified': new Date().toUTCString(),
    'content-length': answer.length,
    ...(isPart ? { 'content-range': `bytes 0-${answer.length - 1}/${answer.length}` } : {}),
  });
  response.end(request.method === 'GET' ? answer : undefined);
});

async function deleteBatch(
  bucket: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const names = [...(await text(request)).matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, name]) => name ?? '');
  for (const name of names) kept.delete(`${bucket.endsWith('/') ? bucket : `${bucket}/`}${name}`);
  const deleted = names.map((name) => `<Deleted><Key>${name}</Key></Deleted>`).join('');
  const body = Buffer.from(`<?xml version="1.0"?><DeleteResult>${deleted}</DeleteResult>`);
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': body.length }).end(body);
}

function isChunk(key: string): boolean {
  return !key.includes('/backups/');
}

/** The only ranges that are asked for begin at the first byte and reach behind the last. */
function madeAgain(key: string): Buffer | undefined {
  const made = synthetic.get(key);
  if (made === undefined) return undefined;
  const bytes = Buffer.allocUnsafe(made.sizeBytes);
  fillSynthetic(bytes, made.blockBytes, made.firstBlock);
  return bytes;
}

function list(bucket: string, query: URLSearchParams): Buffer {
  const root = bucket.endsWith('/') ? bucket : `${bucket}/`;
  const prefix = root + (query.get('prefix') ?? '');
  const after = root + (query.get('start-after') ?? '');
  const contents = [...kept]
    .filter(([key]) => key.startsWith(prefix) && key > after)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { length }]) => {
      const fields = `<Key>${key.slice(root.length)}</Key><Size>${length}</Size>`;
      return `<Contents>${fields}<LastModified>${new Date().toISOString()}</LastModified></Contents>`;
    });
  const inner = `<IsTruncated>false</IsTruncated><KeyCount>${contents.length}</KeyCount>${contents.join('')}`;
  return Buffer.from(`<?xml version="1.0"?><ListBucketResult>${inner}</ListBucketResult>`);
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  process.stdout.write(`${JSON.stringify({ endpoint: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.resume().once('end', () => process.exit(0));
