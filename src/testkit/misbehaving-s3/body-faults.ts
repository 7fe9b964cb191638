// Bodies that are not what was asked for, or not what was sent. Each says which server or proxy makes them.
import { gzipSync } from 'node:zlib';
import { answer, type S3Answer } from './s3-answer.ts';
import { afterwards, behaviour, honest, type S3Behaviour, when } from './s3-behaviour.ts';

/** Faults of what is sent back for a GET, and of what a PUT leaves behind. */
export const bodyFaults = {
  /** Announces more bytes than it sends, and closes the connection in good order. */
  announceMore: (bytes = 1): S3Behaviour =>
    behaviour('a Content-Length that is too long', async (exchange) => {
      const given = await exchange.perform();
      const length = String(given.body.byteLength + bytes);
      exchange.sendHead({ ...given, headers: { ...given.headers, 'content-length': length } });
      await exchange.sendPart(given.body);
      exchange.hangUp();
      await exchange.untilOver();
    }),

  /** Announces fewer bytes than it sends: the rest lies on the connection before the next answer. */
  announceLess: (bytes = 1): S3Behaviour =>
    behaviour('a Content-Length that is too short', async (exchange) => {
      const given = await exchange.perform();
      const length = String(Math.max(0, given.body.byteLength - bytes));
      await exchange.send({ ...given, headers: { ...given.headers, 'content-length': length } });
    }),

  /** An object that has lost its end, with a length that agrees: a half that was put is served as a whole. */
  cut: (bytes = 1): S3Behaviour =>
    changed('a shorter body', (body) => body.subarray(0, Math.max(0, body.byteLength - bytes))),

  /** An object that has grown, with a length that agrees. */
  padded: (bytes = 1): S3Behaviour =>
    changed('a longer body', (body) => Buffer.concat([body, new Uint8Array(bytes)])),

  /** One bit is another: a bad disk or memory. S3 itself stores checksums; the SDK does not check composite ones. */
  flippedBit: (): S3Behaviour =>
    changed('one bit changed', (body) => {
      const copy = Uint8Array.from(body);
      const at = Math.floor(copy.byteLength / 2);
      if (copy.byteLength > 0) copy[at] = (copy[at] ?? 0) ^ 1;
      return copy;
    }),

  /** The body of another object: a cache that mixes up its keys. */
  otherObject: (key: string): S3Behaviour =>
    behaviour("another object's body", async (exchange) => {
      await exchange.readBody();
      await exchange.send(exchange.performAs({ key }, new Uint8Array()));
    }),

  /**
   * No length and no chunks, half of the body, and the end of the connection. A proxy that speaks HTTP 1.0. Measured:
   * the AWS SDK resolves with what it has got.
   */
  unframed: (): S3Behaviour =>
    behaviour('no length, and cut', async (exchange) => {
      const given = await exchange.perform();
      exchange.frameByConnection();
      exchange.sendHead({ ...given, headers: { ...given.headers, 'content-length': undefined } });
      await exchange.sendPart(given.body.subarray(0, Math.floor(given.body.byteLength / 2)));
      await exchange.end();
    }),

  /** In chunks, without a length, and half of it: a proxy that ends in good order what its server has cut. */
  chunkedAndCut: (): S3Behaviour =>
    behaviour('in chunks, and cut', async (exchange) => {
      const given = await exchange.perform();
      exchange.sendHead({ ...given, headers: { ...given.headers, 'content-length': undefined } });
      await exchange.sendPart(given.body.subarray(0, Math.floor(given.body.byteLength / 2)));
      await exchange.end();
    }),

  /** Compressed, though nobody asked for it. A proxy that does it for every answer; the AWS SDK does not unpack. */
  gzip: (): S3Behaviour =>
    afterwards('gzip that nobody asked for', (given) =>
      given.body.byteLength === 0
        ? given
        : {
            ...given,
            headers: { ...given.headers, 'content-encoding': 'gzip' },
            body: gzipSync(given.body),
          },
    ),

  /** The whole object where a range was asked for, with status 200, as HTTP allows. No fault. */
  ignoreRange: (): S3Behaviour =>
    behaviour('ignores Range', async (exchange) => {
      const headers = { ...exchange.request.headers };
      delete headers.range;
      await exchange.send(exchange.performAs({ headers }, await exchange.readBody()));
    }),

  /** Another range than was asked for, and it says so. */
  otherRange: (): S3Behaviour =>
    when(
      ({ request }) => request.headers.range !== undefined,
      behaviour('another range', async (exchange) => {
        await exchange.readBody();
        const headers = { ...exchange.request.headers, range: 'bytes=0-0' };
        await exchange.send(exchange.performAs({ headers }, new Uint8Array()));
      }),
    ),

  /**
   * Cuts the connection in the midst of a PUT and keeps the half, in place of what was there. Measured of versitygw
   * for bodies that are not signed.
   */
  keepHalf: (): S3Behaviour =>
    behaviour('keeps half of a cut put', async (exchange) => {
      const { request, bucket } = exchange;
      const isRefused = request.headers['if-none-match'] === '*' && bucket.get(request.key) !== undefined;
      if (request.operation !== 'PutObject' || isRefused) return honest.act(exchange);
      const announced = Number(request.headers['content-length'] ?? 0);
      bucket.put(request.key, await exchange.readBody(Math.floor(announced / 2)));
      exchange.reset();
      await exchange.untilOver();
    }),
};

/** Changes the body of a success, and leaves errors as they are. */
function changed(name: string, change: (body: Uint8Array) => Uint8Array): S3Behaviour {
  return afterwards(name, (given) => (given.status < 300 ? withBody(given, change(given.body)) : given));
}

function withBody({ status, headers }: S3Answer, body: Uint8Array): S3Answer {
  return answer(status, headers, body);
}
