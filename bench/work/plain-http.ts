// The limit: the same bytes over plain HTTP, unsigned, unhashed. `put DIR CHUNK_BYTES` sends pieces of the files. `get FILE IN_FLIGHT` gets the
// paths in a file of JSON and does nothing with the bytes.
import { open, readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import process from 'node:process';
import pLimit from 'p-limit';
import { measured } from './measured.ts';
import { allPaths, totalBytes } from './partition-files.ts';

const [, , what = '', from = '', number = ''] = process.argv;
const endpoint = process.env.S3_ENDPOINT ?? '';
const atOnce = what === 'get' ? Number(number) : 18;
const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
const inFlight = pLimit(atOnce);

function exchange(method: string, path: string, body?: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-length': body.length };
    const sent = request(`${endpoint}${path}`, { method, agent, headers }, (answer) => {
      let received = 0;
      answer.on('data', (data: Buffer) => {
        received += data.length;
      });
      answer.once('end', () =>
        answer.statusCode === 200
          ? resolve(received)
          : reject(new Error(`${method} ${path}: ${answer.statusCode}`)),
      );
      answer.once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

async function putPiece(path: string, at: number, length: number): Promise<void> {
  const file = await open(path);
  try {
    const bytes = Buffer.allocUnsafeSlow(length);
    await file.read(bytes, 0, length, at);
    await exchange('PUT', `/plain/${Math.random().toString(36).slice(2)}`, bytes);
  } finally {
    await file.close();
  }
}

await measured(async () => {
  if (what === 'get') {
    const paths: string[] = JSON.parse(await readFile(from, 'utf8'));
    const received = await inFlight.map(paths, (path) => exchange('GET', path));
    return { bytes: received.reduce((sum, bytes) => sum + bytes, 0) };
  }
  const paths = allPaths(from);
  const size = number === '' ? 4 * 1024 * 1024 : Number(number);
  const pieces = paths.flatMap((path) => {
    const sizeBytes = totalBytes([path]);
    return Array.from({ length: Math.ceil(sizeBytes / size) }, (_, index) => ({
      path,
      at: index * size,
      length: Math.min(size, sizeBytes - index * size),
    }));
  });
  await inFlight.map(pieces, ({ path, at, length }) => putPiece(path, at, length));
  return { bytes: totalBytes(paths) };
});
