// A server that takes every PUT and throws large bodies away: what is left of a save is the client's own cost. It speaks as much of S3 as
// a save asks for. Prints its endpoint.
import { createServer } from 'node:http';
import process from 'node:process';

const KEPT_BYTES_MAX = 64 * 1024;
const kept = new Map<string, Buffer>();

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://127.0.0.1');
  const key = decodeURIComponent(url.pathname);
  if (request.method === 'PUT') {
    const parts: Buffer[] = [];
    let bytes = 0;
    request.on('data', (data: Buffer) => {
      bytes += data.length;
      if (bytes <= KEPT_BYTES_MAX) parts.push(data);
    });
    request.once('end', () => {
      const created = request.headers['if-none-match'] !== '*' || !kept.has(key);
      if (created && bytes <= KEPT_BYTES_MAX) kept.set(key, Buffer.concat(parts));
      response.writeHead(created ? 200 : 412, { etag: '"discarded"', 'content-length': 0 }).end();
    });
    return;
  }
  request.resume();
  if (request.method === 'DELETE') {
    kept.delete(key);
    response.writeHead(204).end();
    return;
  }
  const body = url.searchParams.has('list-type') ? list(key, url.searchParams) : kept.get(key);
  const answer = body ?? Buffer.from('<Error><Code>NoSuchKey</Code><Message>not kept</Message></Error>');
  response.writeHead(body === undefined ? 404 : 200, {
    etag: '"kept"',
    'last-modified': new Date().toUTCString(),
    'content-length': answer.length,
  });
  response.end(request.method === 'GET' ? answer : undefined);
});

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
