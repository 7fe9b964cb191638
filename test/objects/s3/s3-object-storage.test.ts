// S3 through servers that misbehave: what each wrong answer becomes, that nothing hangs, and what is sent.
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RetryingStorage } from '../../../src/objects/retrying-storage.ts';
import { S3ObjectStorage, type S3ObjectStorageSettings } from '../../../src/objects/s3/s3-object-storage.ts';
import { systemClock } from '../../../src/runtime/system-clock.ts';
import {
  type FakeHttpServer,
  type FakeRequest,
  startFakeHttpServer,
} from '../../support/fake-http-server.ts';

type Answer = (response: ServerResponse, request: FakeRequest, count: number) => void;

const HTML = '<html><body><h1>Welcome</h1><p>Please log in &amp; pay</body></html>';
const XML = '<?xml version="1.0" encoding="UTF-8"?>';
const credentials = {
  accessKeyId: 'AKIDTEST',
  secretAccessKey: 'very-secret-key',
  sessionToken: 'very-secret-token',
};
const body = Buffer.from('some bytes');

const html: Answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(HTML);
const hang: Answer = () => {};
const status =
  (code: number, text = '', headers = {}): Answer =>
  (response) =>
    response.writeHead(code, { 'content-type': 'application/xml', ...headers }).end(text);
const s3Error = (code: number, name: string, more = '') =>
  status(code, `${XML}<Error><Code>${name}</Code><Message>because</Message>${more}</Error>`);

let server: FakeHttpServer;
let storage: S3ObjectStorage;
let unhandled: unknown[];
const onUnhandled = (reason: unknown) => unhandled.push(reason);

async function serve(
  answer: Answer,
  settings: Partial<S3ObjectStorageSettings> = {},
): Promise<S3ObjectStorage> {
  server = await startFakeHttpServer(answer);
  storage = new S3ObjectStorage(
    { clock: systemClock },
    {
      endpoint: server.endpoint,
      region: 'us-east-1',
      bucket: 'bucket',
      credentials,
      forcePathStyle: true,
      idleTimeoutMs: 300,
      attemptTimeoutMs: 2_000,
      ...settings,
    },
  );
  return storage;
}

/** All six requests against one answer, by the name of the error that each ends with, or `ok`. */
async function outcomes(): Promise<Record<string, string>> {
  const calls = {
    put: storage.put('key', body),
    create: storage.put('key', body, { ifAbsent: true }),
    get: storage.get('key'),
    head: storage.head('key'),
    list: storage.list('prefix/'),
    delete: storage.delete(['key', 'other']),
  };
  const named = Object.entries(calls).map(async ([name, call]) => {
    const result = await call;
    return [name, result.isOk() ? 'ok' : result.error.name] as const;
  });
  return Object.fromEntries(await Promise.all(named));
}

const all = (name: string) => ({ put: name, create: name, get: name, head: name, list: name, delete: name });

beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});

afterEach(async () => {
  await storage.close();
  await server.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

describe('answers that are none', () => {
  it('believes no HTML page with status 200', async () => {
    await serve(html);
    expect(await outcomes()).toEqual(all('StoreFailure'));
    expect((await storage.list(''))._unsafeUnwrapErr().message).toContain(
      'check that the endpoint is an S3 server',
    );
  });

  it('reads answers it refuses to their end, so that connections are used again', async () => {
    await serve(html);
    for (let round = 0; round < 20; round += 1) expect((await storage.put('key', body)).isErr()).toBe(true);
    expect(server.connections()).toBe(1);
  });

  it('believes no empty 200', async () => {
    await serve(status(200));
    expect(await outcomes()).toEqual(all('StoreFailure'));
  });

  it('wants an ETag for a put', async () => {
    await serve(status(200, '', { 'x-amz-request-id': '1' }));
    expect((await storage.put('key', body))._unsafeUnwrapErr().name).toBe('StoreFailure');
  });

  it('takes a missing page of a proxy for no missing object', async () => {
    await serve((response) => response.writeHead(404, { 'content-type': 'text/html' }).end(HTML));
    // HEAD answers have no body to tell, but a type.
    expect(await outcomes()).toEqual(all('StoreFailure'));
  });

  it('refuses a cut listing', async () => {
    const cut = `${XML}<ListBucketResult><Name>bucket</Name><IsTruncated>false</IsTruncated><Contents><Key>prefix/a`;
    await serve(status(200, cut));
    expect((await storage.list('prefix/'))._unsafeUnwrapErr().name).toBe('StoreFailure');
  });

  it('sees the error of one key in a batch delete that succeeded', async () => {
    const answer = (code: string) =>
      `${XML}<DeleteResult><Deleted><Key>key</Key></Deleted><Error><Key>other</Key><Code>${code}</Code>` +
      '<Message>no</Message></Error></DeleteResult>';
    const codes = ['AccessDenied', 'InternalError', 'NoSuchKey'];
    await serve((response, request, count) =>
      status(200, answer(codes[count - 1] ?? ''))(response, request, count),
    );
    expect((await storage.delete(['key', 'other']))._unsafeUnwrapErr().name).toBe('StoreAccessDenied');
    expect((await storage.delete(['key', 'other']))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    expect((await storage.delete(['key', 'other'])).isOk()).toBe(true);
  });

  it('takes silence about a key in a batch delete for no success', async () => {
    await serve(status(200, `${XML}<DeleteResult><Deleted><Key>key</Key></Deleted></DeleteResult>`));
    const error = (await storage.delete(['key', 'other']))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreFailure');
    expect(error.message).toContain('first other');
  });
});

describe('servers that fail', () => {
  it.each([500, 502, 503, 504, 429])(
    'finds the store unavailable at %s, with and without words',
    async (code) => {
      await serve((response, request, count) =>
        count % 2 === 0 ? status(code)(response, request, count) : html502(response, code),
      );
      expect(await outcomes()).toEqual(all('StoreUnavailable'));
    },
  );

  it.each([
    ['a message twice', '<Code>A</Code><Message>x</Message><Message>y</Message>'],
    ['a code twice', '<Code>A</Code><Code>B</Code><Message>x</Message>'],
    ['fields of fields', '<Code><a>1</a></Code><Message><b>2</b></Message><RequestId><c>3</c></RequestId>'],
    ['a number for a name', '<name>1</name><code>1</code>'],
  ])('outlives an error with %s, and so do the calls beside it', async (_, fields) => {
    let held: ServerResponse | undefined;
    const answer = status(400, `${XML}<Error>${fields}</Error>`);
    await serve((response, request, count) => {
      if (request.url.includes('slow')) held = response;
      else answer(response, request, count);
    });
    const slow = storage.put('slow', body);
    while (held === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await storage.get('key'))._unsafeUnwrapErr().name).toBe('StoreFailure');
    held.writeHead(200, { etag: '"1"' }).end();
    expect((await slow).isOk()).toBe(true);
  });

  it('keeps a Retry-After', async () => {
    await serve(status(503, `${XML}<Error><Code>SlowDown</Code></Error>`, { 'retry-after': '7' }));
    expect((await storage.list(''))._unsafeUnwrapErr()).toMatchObject({ retryAfterMs: 7_000 });
  });

  it('outlives a burst of 503 under retries', async () => {
    await serve((response, request, count) => {
      if (count <= 3) return s3Error(503, 'SlowDown')(response, request, count);
      response.writeHead(200, { etag: '"1"' }).end();
    });
    const retrying = new RetryingStorage({ storage, clock: systemClock, random: { fraction: () => 0.1 } });
    expect((await retrying.put('key', body)).isOk()).toBe(true);
    expect(server.requests).toHaveLength(4);
  });

  it('makes one attempt per call', async () => {
    await serve(s3Error(503, 'SlowDown'));
    await storage.get('key');
    expect(server.requests).toHaveLength(1);
  });

  it('ends a hang before the answer as unavailable', async () => {
    await serve(hang);
    expect(await outcomes()).toEqual(all('StoreUnavailable'));
  });

  it('ends a hang in the answer as unavailable', async () => {
    await serve((response) =>
      response.writeHead(200, { etag: '"1"', 'content-length': '1000' }).write('cut'),
    );
    expect((await storage.get('key'))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    expect((await storage.list(''))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
  });

  it('ends an answer that trickles at the limit of the attempt', async () => {
    const timers: NodeJS.Timeout[] = [];
    await serve(
      (response) => {
        response.writeHead(200, { etag: '"1"', 'content-length': '1000' });
        timers.push(setInterval(() => response.write('x'), 20));
      },
      { attemptTimeoutMs: 400 },
    );
    const error = (await storage.get('key'))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreUnavailable');
    expect(error.message).toContain('timeoutMs=400');
    timers.forEach(clearInterval);
  });

  it('takes a cut answer for no short object', async () => {
    await serve((response) => {
      response.writeHead(200, { etag: '"1"', 'content-length': '1000' });
      response.write('half', () => response.destroy());
    });
    expect((await storage.get('key'))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
    expect((await storage.list(''))._unsafeUnwrapErr().name).toBe('StoreUnavailable');
  });

  it('finds a cut connection unavailable', async () => {
    await serve((response) => response.destroy());
    expect(await outcomes()).toEqual(all('StoreUnavailable'));
  });

  it.each(['caller', 'close'])('ends a call that hangs when called off: %s', async (who) => {
    await serve(hang, { idleTimeoutMs: 20_000, attemptTimeoutMs: 20_000 });
    const caller = new AbortController();
    const putting = storage.put('key', body, { signal: caller.signal });
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    if (who === 'caller') caller.abort();
    else await storage.close();
    expect((await putting)._unsafeUnwrapErr().name).toBe('Aborted');
  });

  it('refuses every call after close', async () => {
    await serve(hang);
    await storage.close();
    expect(await outcomes()).toEqual(all('Aborted'));
    expect(server.requests).toHaveLength(0);
  });
});

describe('servers that do not know a request', () => {
  it('looks before it creates where conditions are not known, and remembers', async () => {
    await serve((response, request, count) => {
      if (request.headers['if-none-match'] !== undefined)
        return s3Error(501, 'NotImplemented')(response, request, count);
      if (request.method === 'HEAD') return status(404)(response, request, count);
      response.writeHead(200, { etag: '"1"' }).end();
    });
    expect((await storage.put('key', body, { ifAbsent: true })).isOk()).toBe(true);
    expect((await storage.put('key', body, { ifAbsent: true })).isOk()).toBe(true);
    expect(server.requests.map((request) => request.method)).toEqual(['PUT', 'HEAD', 'PUT', 'HEAD', 'PUT']);
  });

  it('finds an object there where conditions are not known', async () => {
    await serve((response, request, count) => {
      if (request.method === 'PUT') return s3Error(501, 'NotImplemented')(response, request, count);
      const headers = { etag: '"1"', 'content-length': '3', 'last-modified': new Date(0).toUTCString() };
      response.writeHead(200, headers).end();
    });
    const error = (await storage.put('key', body, { ifAbsent: true }))._unsafeUnwrapErr();
    expect(error.name).toBe('ObjectAlreadyExists');
  });

  it.each([
    [400, 'MissingContentMD5'],
    [501, 'NotImplemented'],
    [405, 'MethodNotAllowed'],
  ])('deletes one by one after %s %s, and remembers', async (code, name) => {
    await serve((response, request, count) => {
      if (request.method === 'POST') return s3Error(code, name)(response, request, count);
      response.writeHead(204).end();
    });
    expect((await storage.delete(['a', 'b'])).isOk()).toBe(true);
    expect((await storage.delete(['c'])).isOk()).toBe(true);
    expect(server.requests.map((request) => request.method)).toEqual(['POST', 'DELETE', 'DELETE', 'DELETE']);
  });
});

describe('refusals', () => {
  it.each([
    [403, 'InvalidAccessKeyId', 'StoreAccessDenied'],
    [404, 'XAdminUserNotFound', 'StoreAccessDenied'],
    [403, 'SignatureDoesNotMatch', 'StoreAccessDenied'],
    [404, 'NoSuchBucket', 'StoreNotFound'],
  ])('%s %s is %s', async (code, name, error) => {
    await serve(s3Error(code, name));
    expect(await outcomes()).toMatchObject({ put: error, get: error, list: error, delete: error });
  });

  it('says which region to set', async () => {
    await serve(s3Error(400, 'AuthorizationHeaderMalformed', '<Region>eu-west-1</Region>'));
    expect((await storage.list(''))._unsafeUnwrapErr().message).toContain('set the region to eu-west-1');
    await storage.close();
    await server.close();
    await serve(status(301, '', { 'x-amz-bucket-region': 'eu-west-2' }));
    expect((await storage.head('key'))._unsafeUnwrapErr().message).toContain('set the region to eu-west-2');
  });

  it('shows no secret, whatever the server says', async () => {
    const echo =
      '<AWSAccessKeyId>AKIDTEST</AWSAccessKeyId><CanonicalRequest>very-secret-token</CanonicalRequest>';
    await serve(s3Error(403, 'SignatureDoesNotMatch', echo));
    const error = (await storage.put('key', body))._unsafeUnwrapErr();
    for (const shown of [inspect(error, { depth: 20, showHidden: true }), inspect(storage, { depth: 20 })]) {
      expect(shown).not.toContain('very-secret');
    }
    expect(storage.location).toBe('s3://bucket');
  });

  it.each(['user:pass@nowhere', 'localhost:9000', 'nowhere'])('refuses the endpoint %s', async (endpoint) => {
    await serve(hang, { endpoint });
    const error = (await storage.list(''))._unsafeUnwrapErr();
    expect(error.name).toBe('StoreFailure');
    expect(error.message).toContain('no http:// or https:// URL');
    expect(inspect(error)).not.toContain('pass@');
  });
});

describe('what is sent', () => {
  const etag: Answer = (response) => response.writeHead(200, { etag: '"1"' }).end();

  it('sends a body plainly, in one piece, with its length and nothing that old servers refuse', async () => {
    await serve(etag);
    const large = Buffer.alloc(4 * 1024 * 1024, 7);
    (await storage.put('dir/a b+c', large))._unsafeUnwrap();
    const [request] = server.requests;
    expect(request?.url).toMatch(/^\/bucket\/dir\/a%20b%2Bc\?/);
    expect(request?.body.equals(large)).toBe(true);
    expect(request?.headers).toMatchObject({
      'content-length': String(large.byteLength),
      'x-amz-content-sha256': createHash('sha256').update(large).digest('hex'),
    });
    const names = Object.keys(request?.headers ?? {});
    expect(names.filter((name) => /checksum|trailer|encoding|expect|if-none-match/.test(name))).toEqual([]);
  });

  it('signs with the digest that is given, and does not make one', async () => {
    await serve(etag);
    const given = Buffer.alloc(32, 0xab);
    (await storage.put('key', body, { sha256: given }))._unsafeUnwrap();
    expect(server.requests[0]?.headers['x-amz-content-sha256']).toBe(given.toString('hex'));
  });

  it('sends only the bytes of a view', async () => {
    await serve(etag);
    const view = new Uint8Array(new Uint8Array([0, 1, 2, 3, 4]).buffer, 1, 3);
    (await storage.put('key', view))._unsafeUnwrap();
    expect([...(server.requests[0]?.body ?? [])]).toEqual([1, 2, 3]);
  });

  it('asks for pages by key', async () => {
    const date = 'Tue, 24 Nov 2026 06:00:00 GMT';
    await serve((response) => {
      const page = '<Name>bucket</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>';
      response.writeHead(200, { date }).end(`${XML}<ListBucketResult>${page}</ListBucketResult>`);
    });
    const page = (await storage.list('p/', { startAfter: 'p/a', limit: 7 }))._unsafeUnwrap();
    expect(page).toEqual({ objects: [], truncated: false, now: Date.parse(date) });
    const query = new URL(server.requests[0]?.url ?? '', server.endpoint).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({ 'max-keys': '7', prefix: 'p/', 'start-after': 'p/a' });
  });

  it('deletes in batches of a thousand, each key once', async () => {
    await serve((response, request) => {
      const keys = [...request.body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)].map((match) => match[1]);
      const deleted = keys.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join('');
      response.writeHead(200).end(`${XML}<DeleteResult>${deleted}</DeleteResult>`);
    });
    const keys = Array.from({ length: 2_001 }, (_, index) => `k${index}`);
    (await storage.delete([...keys, 'k0']))._unsafeUnwrap();
    expect(server.requests).toHaveLength(3);
  });

  it('asks for nothing when there is nothing to delete', async () => {
    await serve(hang);
    expect((await storage.delete([])).isOk()).toBe(true);
    expect(server.requests).toHaveLength(0);
  });
});

function html502(response: ServerResponse, code: number): void {
  response.writeHead(code, { 'content-type': 'text/html' }).end(HTML);
}
