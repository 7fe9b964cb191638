// An exchange over node:http. It decides nothing; a behaviour does.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../ports/environment.ts';
import { performHonestly } from './honest-s3.ts';
import type { S3Answer } from './s3-answer.ts';
import type { S3Bucket } from './s3-bucket.ts';
import type { S3Exchange } from './s3-exchange.ts';
import type { S3Request } from './s3-request.ts';

export interface HttpExchangeParts {
  readonly request: S3Request;
  readonly bucket: S3Bucket;
  readonly clock: Clock;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
}

export class HttpExchange implements S3Exchange {
  readonly request: S3Request;
  readonly bucket: S3Bucket;
  readonly over: AbortSignal;
  readonly #clock: Clock;
  readonly #incoming: IncomingMessage;
  readonly #response: ServerResponse;

  constructor({ request, bucket, clock, incoming, response }: HttpExchangeParts) {
    const over = new AbortController();
    this.request = request;
    this.bucket = bucket;
    this.over = over.signal;
    this.#clock = clock;
    this.#incoming = incoming;
    this.#response = response;
    response.once('close', () => over.abort());
  }

  async readBody(sizeBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    if (this.#incoming.headers.expect !== undefined) this.#response.writeContinue();
    return this.#read(sizeBytes);
  }

  readBodyUnasked(): Promise<Uint8Array> {
    return this.#read(Number.POSITIVE_INFINITY);
  }

  async perform(): Promise<S3Answer> {
    return performHonestly(this.bucket, this.request, await this.readBody());
  }

  performAs(change: Partial<S3Request>, body: Uint8Array): S3Answer {
    return performHonestly(this.bucket, { ...this.request, ...change }, body);
  }

  async send(whole: S3Answer): Promise<void> {
    this.sendHead(whole);
    this.#response.end(this.request.method === 'HEAD' ? undefined : whole.body);
    await this.untilOver();
  }

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

  async sendPart(bytes: Uint8Array): Promise<void> {
    const left = Promise.withResolvers<void>();
    this.#response.write(bytes, () => left.resolve());
    await Promise.race([left.promise, this.untilOver()]);
  }

  async end(): Promise<void> {
    this.#response.end();
    await this.untilOver();
  }

  frameByConnection(): void {
    this.#response.useChunkedEncodingByDefault = false;
    this.#response.shouldKeepAlive = false;
  }

  reset(): void {
    this.#incoming.socket.resetAndDestroy();
  }

  hangUp(): void {
    this.#incoming.socket.end();
  }

  now(): number {
    return this.#clock.now();
  }

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
