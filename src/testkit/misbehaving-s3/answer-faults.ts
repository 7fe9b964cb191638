// Answers that are errors, or no answers of S3 at all. Each says which server or proxy gives it.
import { answer, errorAnswer, type S3Answer, type S3ErrorWords, xmlAnswer } from './s3-answer.ts';
import { afterwards, behaviour, honest, instead, type S3Behaviour, when } from './s3-behaviour.ts';

const PAGE = '<html><body><h1>Welcome</h1><p>Please log in &amp; pay</body></html>';

/** Faults of the answer, for any operation. */
export const answerFaults = {
  /** Any error of S3. Nothing is done. */
  error: (status: number, code: string, words: S3ErrorWords = {}): S3Behaviour =>
    instead(`${status} ${code}`, () => errorAnswer(status, code, words)),

  /** A status and nothing else: what proxies give, and S3 itself for a HEAD. */
  bareStatus: (status: number, headers: Readonly<Record<string, string>> = {}): S3Behaviour =>
    instead(`${status} without a word`, () => answer(status, headers)),

  /**
   * 503 SlowDown with `Retry-After`. S3 under load asks for much longer waits than the 2 seconds that SDKs try for
   * by themselves.
   */
  slowDown: ({ retryAfter }: { readonly retryAfter?: string } = {}): S3Behaviour =>
    instead('503 SlowDown', () =>
      errorAnswer(503, 'SlowDown', {
        message: 'Please reduce your request rate.',
        ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
      }),
    ),

  /** Does what was asked and says 500 InternalError. Seen of Ceph when a gateway dies over an upload's end. */
  errorAfterCommit: (): S3Behaviour => afterwards('acts, then 500', () => errorAnswer(500, 'InternalError')),

  /**
   * Status 200 with an `<Error>` in the body. S3 does so when it has begun to answer before it knows how it ends: for
   * CompleteMultipartUpload and copies by its own documentation.
   */
  okWithError: (code = 'InternalError'): S3Behaviour =>
    instead('200 with an <Error>', () => ({ ...errorAnswer(200, code), status: 200 })),

  /** Status 200 and an empty body. */
  okAndEmpty: (): S3Behaviour => instead('200 without a word', () => answer(200)),

  /**
   * Status 200 with a web page: a login portal, or a web server where the endpoint should be. Measured: the AWS SDK
   * takes it for a put that succeeded, and for an empty listing. With `asFile` it has an ETag and a date as
   * well, as frameworks put on all they send.
   */
  webPage: ({ asFile = false, status = 200 } = {}): S3Behaviour =>
    instead(`${status} with a web page${asFile ? ' that has an ETag' : ''}`, () => webPage(status, asFile)),

  /** Sends the client elsewhere. S3 does it for the wrong region; Node's fetch would follow without the signature. */
  redirect: (status: 301 | 302 | 307, { location, region }: RedirectTarget = {}): S3Behaviour =>
    instead(`${status} redirect`, () => ({
      ...errorAnswer(status, status === 307 ? 'TemporaryRedirect' : 'PermanentRedirect', {
        message: 'The bucket must be addressed at another endpoint.',
        headers: {
          ...(location === undefined ? {} : { location }),
          ...(region === undefined ? {} : { 'x-amz-bucket-region': region }),
        },
      }),
    })),

  /** A web server's redirect to its login page. */
  redirectToPage: (location = 'https://login.invalid/'): S3Behaviour =>
    instead('302 to a login page', () => ({
      ...webPage(302, false),
      headers: { 'content-type': 'text/html', location },
    })),

  /** An error that goes on for so many bytes: a debug page with a stack trace. */
  hugeError: (sizeBytes: number, status = 500): S3Behaviour =>
    instead(`${status} of ${sizeBytes} bytes`, () =>
      errorAnswer(status, status < 500 ? 'InvalidArgument' : 'InternalError', {
        message: 'x'.repeat(sizeBytes),
      }),
    ),

  /** The clocks differ too much for the signature. The AWS SDK corrects its own clock from the answer's date. */
  timeTooSkewed: (): S3Behaviour =>
    instead('403 RequestTimeTooSkewed', () =>
      errorAnswer(403, 'RequestTimeTooSkewed', {
        message: 'The difference between the request time and the current time is too large.',
      }),
    ),

  /** An honest answer whose `Date` is off by `ms`: a proxy that stamps with its own clock. */
  skewedDate: (ms: number): S3Behaviour =>
    behaviour('a Date that is off', async (exchange) => {
      const given = await exchange.perform();
      const date = new Date(exchange.now() + ms).toUTCString();
      await exchange.send({ ...given, headers: { ...given.headers, date } });
    }),

  /** An honest answer without its ETag. Ceph's answer to CompleteMultipartUpload has an empty one. */
  withoutEtag: (): S3Behaviour =>
    afterwards('no ETag', (given) => ({ ...given, headers: { ...given.headers, etag: undefined } })),

  /** Header names in odd cases, headers that nobody knows, and lists: all that HTTP allows. No fault. */
  oddHeaders: (): S3Behaviour =>
    afterwards('odd headers', (given) => ({ ...given, headers: oddly(given.headers) })),

  /** 501 for a request that carries a checksum of the newer kind: R2, B2 and many others, once the SDK sent it. */
  refuseChecksums: (): S3Behaviour =>
    when(
      ({ request }) =>
        Object.keys(request.headers).some((name) => /^x-amz-(sdk-)?checksum-|^x-amz-trailer/.test(name)),
      instead('501 on checksum headers', () =>
        errorAnswer(501, 'NotImplemented', {
          message: 'A header you provided implies functionality not implemented.',
        }),
      ),
    ),

  /** 400 for a batch delete without `Content-MD5`. Older servers; the AWS SDK sends a CRC32 in its place. */
  demandMd5: (): S3Behaviour =>
    when(
      ({ request }) => request.headers['content-md5'] === undefined,
      instead('400 MissingContentMD5', () =>
        errorAnswer(400, 'MissingContentMD5', {
          message: 'Missing required header for this request: Content-MD5.',
        }),
      ),
    ),

  /** 400 for a put without a checksum: a bucket with Object Lock. */
  demandChecksum: (): S3Behaviour =>
    when(
      ({ request: { headers } }) =>
        headers['content-md5'] === undefined &&
        !Object.keys(headers).some((name) => name.startsWith('x-amz-checksum-')),
      instead('400, wants a checksum', () =>
        errorAnswer(400, 'InvalidRequest', {
          message:
            'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests ' +
            'with Object Lock parameters',
        }),
      ),
    ),

  /** Overwrites in spite of `If-None-Match: *`. Servers that do not know the header: a lock that everybody gets. */
  ignoreCondition: (): S3Behaviour =>
    behaviour('ignores If-None-Match', async (exchange) => {
      const headers = { ...exchange.request.headers };
      delete headers['if-none-match'];
      await exchange.send(exchange.performAs({ headers }, await exchange.readBody()));
    }),

  /** 501 for `If-None-Match`. Servers that know that they do not know it. */
  refuseCondition: (): S3Behaviour =>
    ifConditional('501 on If-None-Match', () => errorAnswer(501, 'NotImplemented')),

  /** 409 for `If-None-Match`: another writer is at it. S3 wants the put to be tried again. */
  conditionConflict: (): S3Behaviour =>
    ifConditional('409 on If-None-Match', () => errorAnswer(409, 'ConditionalRequestConflict')),

  /** Deletes nothing of a batch, with status 200 and an error for each key: the AWS SDK resolves. */
  deleteErrors: (code: string): S3Behaviour =>
    behaviour(`200 with ${code} for each key`, async (exchange) => {
      const text = new TextDecoder().decode(await exchange.readBody());
      const keys = [...text.matchAll(/<Key>[^<]*<\/Key>/g)].map(([key]) => key);
      const errors = keys.map((key) => `<Error>${key}<Code>${code}</Code><Message>no</Message></Error>`);
      await exchange.send(xmlAnswer(200, `<DeleteResult>${errors.join('')}</DeleteResult>`));
    }),

  /**
   * Says that an upload in parts is complete, and has made nothing. Measured of versitygw when it is killed over the
   * first try: the second is answered with 200 and an ETag, and the object is not there.
   */
  completeNothing: (): S3Behaviour =>
    behaviour('200 for an upload that is lost', async (exchange) => {
      if (exchange.request.operation !== 'CompleteMultipartUpload') return honest.act(exchange);
      await exchange.readBody();
      exchange.bucket.uploads.delete(exchange.request.query.get('uploadId') ?? '');
      const result = '<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>';
      await exchange.send(xmlAnswer(200, result));
    }),
};

/** Where a redirect points to. */
export interface RedirectTarget {
  readonly location?: string;
  /** The region that the bucket is in. */
  readonly region?: string;
}

function webPage(status: number, asFile: boolean): S3Answer {
  const file = { etag: 'W/"44-2a"', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' };
  const headers = { 'content-type': 'text/html; charset=utf-8', ...(asFile ? file : {}) };
  return answer(status, headers, new TextEncoder().encode(PAGE));
}

function ifConditional(name: string, make: () => S3Answer): S3Behaviour {
  return when(({ request }) => request.headers['if-none-match'] !== undefined, instead(name, make));
}

function oddly(headers: S3Answer['headers']): S3Answer['headers'] {
  const renamed = Object.entries(headers).map(([name, value]) => [
    [...name].map((letter, at) => (at % 2 === 0 ? letter : letter.toUpperCase())).join(''),
    value,
  ]);
  return {
    ...Object.fromEntries(renamed),
    'X-AMZ-UNHEARD-OF': 'a, b; c="d"',
    Vary: 'origin, Access-Control-Request-Method',
    'x-empty': '',
  };
}
