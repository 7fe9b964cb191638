// The thread that makes the S3 requests: that programs end, that they are told when it cannot run or is lost, and
// that it sees the environment of the program as it is.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RetryingStorage } from '../../../src/objects/retrying-storage.ts';
import { S3ObjectStorage } from '../../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../../src/runtime/system-clock.ts';
import { type FakeHttpServer, startFakeHttpServer } from '../../support/fake-http-server.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
const where = (endpoint: string) => ({
  endpoint,
  region: 'us-east-1',
  bucket: 'bucket',
  forcePathStyle: true,
});

let server: FakeHttpServer;
let home: string;
let answer = (response: ServerResponse) => void response.writeHead(200, { etag: '"1"' }).end();

beforeAll(async () => {
  server = await startFakeHttpServer((response) => answer(response));
  home = await mkdtemp(join(tmpdir(), 'tidemark-thread-'));
});

afterEach(() => {
  answer = (response) => void response.writeHead(200, { etag: '"1"' }).end();
});

afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true });
});

/** The text of a program with `open(credentials)`, which gives a storage, and `put(storage)`, which tells how it ended. */
const program = (steps: string) => `
  import { S3ObjectStorage } from '${root}src/objects/s3/s3-object-storage.ts';
  import { systemClock } from '${root}src/runtime/system-clock.ts';
  const open = (credentials) => new S3ObjectStorage({ clock: systemClock },
    { ...${JSON.stringify(where(server.endpoint))}, credentials });
  const put = async (storage) => {
    const put = await storage.put('key', new Uint8Array(5));
    console.log(put.isOk() ? 'put' : put.error.name + ': ' + put.error.message);
  };
  const given = ${JSON.stringify(credentials)};
  const main = async () => { ${steps} };
  main();
`;

/** What a program prints. Fails when it does not end by itself. */
async function printed(steps: string, flags: readonly string[] = [], env = {}): Promise<string> {
  const path = join(home, 'program.mts');
  await writeFile(path, program(steps));
  const options = { cwd: root, timeout: 20_000, env: { ...process.env, NODE_OPTIONS: '', ...env } };
  return (await run(process.execPath, [...flags, path], options)).stdout.trim();
}

describe('a program with the S3 thread', () => {
  it('ends by itself, closed or not', async () => {
    expect(await printed('await put(open(given));')).toBe('put');
    expect(await printed('const s = open(given); await put(s); await s.close(); await s.close();')).toBe(
      'put',
    );
  });

  it('ends at once when it says so, in the midst of a request', async () => {
    answer = () => {};
    expect(await printed('put(open(given)); setTimeout(() => process.exit(0), 500);')).toBe('');
  });

  it('sees credentials that came into the environment after the thread was started', async () => {
    const steps = `
      await put(open(given));
      Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'LATE', AWS_SECRET_ACCESS_KEY: 'secret' });
      await put(open(undefined));`;
    const before = server.requests.length;
    expect(await printed(steps)).toBe('put\nput');
    const ids = server.requests
      .slice(before)
      .map(({ headers }) => /Credential=(\w+)/.exec(`${headers.authorization}`)?.[1]);
    expect(ids).toEqual(['id', 'LATE']);
  });

  it('is told what is missing when threads are not allowed', async () => {
    const text = await printed('await put(open(given));', ['--permission', '--allow-fs-read=*']);
    expect(text).toMatch(/^StoreFailure: .*THREAD_MISSING.*--allow-worker/);
  });

  it.each(['esm', 'cjs'])('is told what is wrong when it was bundled: %s', async (format) => {
    const path = join(home, 'bundled-program.mts');
    await writeFile(path, program('await put(open(given));'));
    const to = join(home, format === 'esm' ? 'bundle.mjs' : 'bundle.cjs');
    const flags = [
      '--bundle',
      '--platform=node',
      '--log-level=error',
      `--format=${format}`,
      `--outfile=${to}`,
    ];
    if (format === 'esm') {
      const require =
        "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
      flags.push(`--banner:js=${require}`);
    }
    await run(join(root, 'node_modules/.bin/esbuild'), [path, ...flags], { cwd: root });
    const { stdout } = await run(process.execPath, [to], { timeout: 20_000 });
    expect(stdout).toMatch(/^StoreFailure: .*THREAD_MISSING.*do not bundle tidemark/);
    expect(stdout).not.toContain('proxy');
  });
});

describe('a thread that is lost', () => {
  it('ends all that wait as unavailable, and the next call has another', async () => {
    const held: ServerResponse[] = [];
    answer = (response) => void held.push(response);
    const opened = () =>
      new S3ObjectStorage({ clock: systemClock }, { ...where(server.endpoint), credentials });
    const storages = [opened(), opened()];
    const { postMessage } = Worker.prototype;
    let worker: Worker | undefined;
    Worker.prototype.postMessage = function (...args: Parameters<Worker['postMessage']>) {
      worker = this;
      postMessage.apply(this, args);
    };
    try {
      const calls = storages.flatMap((storage) => [storage.get('a'), storage.put('b', new Uint8Array(9))]);
      while (held.length < calls.length) await new Promise((resolve) => setTimeout(resolve, 5));
      await worker?.terminate();
      for (const call of calls) expect((await call)._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    } finally {
      Worker.prototype.postMessage = postMessage;
    }
    answer = (response) => void response.writeHead(200, { etag: '"1"' }).end();
    for (const storage of storages) {
      (await storage.put('b', new Uint8Array(9)))._unsafeUnwrap();
      await storage.close();
    }
  });

  it('is nothing that a retried call tells of', async () => {
    const { postMessage } = Worker.prototype;
    const s3 = new S3ObjectStorage({ clock: systemClock }, { ...where(server.endpoint), credentials });
    const storage = new RetryingStorage({ storage: s3, clock: systemClock, random: { fraction: () => 0 } });
    Worker.prototype.postMessage = function (...args: Parameters<Worker['postMessage']>) {
      Worker.prototype.postMessage = postMessage;
      void this.terminate();
      postMessage.apply(this, args);
    };
    const shared = new Uint8Array(new SharedArrayBuffer(100));
    expect((await storage.put('key', shared)).isOk()).toBe(true);
    await storage.close();
  });
});
