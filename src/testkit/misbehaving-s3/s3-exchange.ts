// One request and what becomes of it, on the level where a server can go wrong: bytes, silence and cuts.
// It decides nothing; a behaviour does.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../ports/environment.ts';
import { performHonestly } from './honest-s3.ts';
import type { S3Answer } from './s3-answer.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Request } from './s3-request.ts';

export interface S3ExchangeParts {
  readonly request: S3Request;
  readonly bucket: S3Bucket;
  readonly clock: Clock;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

/** A request that waits for its answer, and all that can be done to it. */
export class S3Exchange {
  readonly request: S3Request;
  /** What the server has. */
  readonly bucket: S3Bucket;
  /** Fires when the exchange is over: answered to the end, or its connection gone. */
  readonly over: AbortSignal;
  readonly #clock: Clock;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;

  constructor({ request, bucket, clock, incoming, response }: S3ExchangeParts) {
    const over = new AbortController();
    this.request = request;
    this.bucket = bucket;
    this.over = over.signal;
    this.#clock = clock;
    this.#incoming = incoming;
    this.#response = response;
    response.once('close', () => over.abort());
  }

  /** Reads the body: all of it, or, to stop in its midst, no more than `sizeBytes`. */
  async readBody(sizeBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    if (this.#incoming.headers.expect !== undefined) this.#response.writeContinue();
    return this.#read(sizeBytes);
  }

  /** Reads the body without having asked for it, whatever the client waits for. */
  readBodyUnasked(): Promise<Uint8Array> {
    return this.#read(Number.POSITIVE_INFINITY);
  }

  /** Reads the request and does what it asks. Gives the honest answer, which is not sent yet. */
  async perform(): Promise<S3Answer> {
    return performHonestly(this.bucket, this.request, await this.readBody());
  }

  /** The honest answer to the same request for another object, or to this request with another body. */
  performAs(change: Partial<S3Request>, body: Uint8Array): S3Answer {
    return performHonestly(this.bucket, { ...this.request, ...change }, body);
  }

  /** Sends an answer whole. Resolves when the exchange is over. */
  async send(whole: S3Answer): Promise<void> {
    this.sendHead(whole);
    this.#response.end(this.request.method === 'HEAD' ? undefined : whole.body);
    await this.untilOver();
  }

  /** Sends status and headers alone. Without `content-length` the body is sent in chunks. */
  sendHead({ status, headers, body }: S3Answer): void {
    const date = new Date(this.#clock.now()).toUTCString();
    const hasLength = status !== 204 && !(this.request.method === 'HEAD' && status >= 300);
    const length = hasLength ? { 'content-length': String(body.byteLength) } : {};
    const all = Object.entries({ date, 'x-amz-request-id': '0', ...length, ...headers });
    this.#response.sendDate = false;
    this.#response.writeHead(
      status,
      Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Record<string, string>,
    );
    this.#response.flushHeaders();
  }

  /** Sends some of a body. Resolves when they have left, or the exchange is over. */
  async sendPart(bytes: Uint8Array): Promise<void> {
    const left = Promise.withResolvers<void>();
    this.#response.write(bytes, () => left.resolve());
    await Promise.race([left.promise, this.untilOver()]);
  }

  /** Ends the body that was sent in parts. Resolves when the exchange is over. */
  async end(): Promise<void> {
    this.#response.end();
    await this.untilOver();
  }

  /** Lets the end of the connection be the end of the body, as before HTTP 1.1. To be called before `sendHead`. */
  frameByConnection(): void {
    this.#response.useChunkedEncodingByDefault = false;
    this.#response.shouldKeepAlive = false;
  }

  /** Cuts the connection as a crash does: the other end gets ECONNRESET. */
  reset(): void {
    this.#incoming.socket.resetAndDestroy();
  }

  /** Closes the connection in good order, whatever was announced. */
  hangUp(): void {
    this.#incoming.socket.end();
  }

  /** The server's clock: milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Waits. Ends early when the exchange is over. */
  pause(ms: number): Promise<void> {
    return this.#clock.sleep(ms, this.over);
  }

  async untilOver(): Promise<void> {
    if (this.over.aborted) return;
    await new Promise<void>((resolve) =>
      this.over.addEventListener('abort', () => resolve(), { once: true }),
    );
  }

  async #read(sizeBytes: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let taken = 0;
    for await (const part of this.#incoming.iterator({ destroyOnReturn: false })) {
      parts.push(part as Uint8Array);
      taken += (part as Uint8Array).byteLength;
      if (taken >= sizeBytes) break;
    }
    return Buffer.concat(parts).subarray(0, Math.min(taken, sizeBytes));
  }
}
