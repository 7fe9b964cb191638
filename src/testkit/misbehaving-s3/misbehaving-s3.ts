// An S3 server on loopback that misbehaves as it is told, for tests of S3 clients. It does what well-behaved servers
// do until then, and it never leaves this machine or this process's memory.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../ports/environment.ts';
import { HttpExchange } from './http-exchange.ts';
import { honest, type S3Behaviour } from './s3-behaviour.ts';
import { S3Bucket } from './s3-bucket.ts';
import { readS3Request, type S3Operation, type S3Request } from './s3-request.ts';

/** `clock` stamps objects and answers, and paces what is slow: `systemClock`, for a client that is real. */
export interface MisbehavingS3Components {
  readonly clock: Clock;
}

export interface MisbehavingS3Settings {
  /** The one bucket that there is. Default `bucket`. */
  readonly bucket?: string | undefined;
}

/** Which requests a behaviour is for. */
export type S3Match = S3Operation | readonly S3Operation[] | ((request: S3Request) => boolean) | '*';

/** What became of a behaviour. */
export interface S3Rule {
  /** How many requests met it. */
  readonly met: number;
}

interface Rule {
  readonly matches: (request: S3Request) => boolean;
  readonly behaviour: S3Behaviour;
  met: number;
  left: number;
}

/** Starts the server. `close` it at the end of the test. */
export async function startMisbehavingS3(
  components: MisbehavingS3Components,
  settings: MisbehavingS3Settings = {},
): Promise<MisbehavingS3> {
  const s3 = new MisbehavingS3(components, settings);
  await s3.listen();
  return s3;
}

/** A running server. Path style only, http only, and any credentials will do. */
export class MisbehavingS3 {
  /** What it has. Put objects here before a test, and look here for what really happened. */
  readonly bucket: S3Bucket;
  /** All requests, as they came. */
  readonly requests: S3Request[] = [];
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #rules: Rule[] = [];
  readonly #turns = new WeakMap<Socket, { readonly connection: number; turn: number }>();
  readonly #open = new Set<Socket>();
  #connections = 0;
  #inFlight = 0;
  #thrown: { readonly cause: unknown } | undefined;

  /** @internal */
  constructor({ clock }: MisbehavingS3Components, { bucket = 'bucket' }: MisbehavingS3Settings) {
    this.#clock = clock;
    this.bucket = new S3Bucket(bucket, clock);
    const handle = (incoming: IncomingMessage, response: ServerResponse) => this.#handle(incoming, response);
    this.#server = createServer(handle)
      .on('checkContinue', handle)
      .on('connection', (socket) => {
        this.#connections += 1;
        this.#turns.set(socket, { connection: this.#connections, turn: 0 });
        this.#open.add(socket);
        socket.once('close', () => this.#open.delete(socket));
      });
  }

  /** @internal */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
  }

  /** URL of the server, without a slash at its end. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that clients have made, and those of them that are open now. */
  get connections(): { readonly made: number; readonly open: number } {
    return { made: this.#connections, open: this.#open.size };
  }

  /** Requests that have no end yet: neither a whole answer nor a closed connection. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Treats the next requests that match so, all of them unless `times` is given. Of several behaviours that match a
   * request the first one that is left takes it.
   */
  behave(match: S3Match, behaviour: S3Behaviour, times = Number.POSITIVE_INFINITY): S3Rule {
    const rule = { matches: matcher(match), behaviour, met: 0, left: times };
    this.#rules.push(rule);
    return rule;
  }

  /** Forgets all behaviours. Requests that hang go on hanging. */
  behaveWell(): void {
    this.#rules.length = 0;
  }

  /** Cuts all connections and stops. Throws what a behaviour threw. May be called twice. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    if (this.#thrown !== undefined) throw this.#thrown.cause;
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const place = this.#turns.get(incoming.socket) ?? { connection: 0, turn: 0 };
    place.turn += 1;
    const request = readS3Request(incoming, { ...place });
    this.requests.push(request);
    this.#inFlight += 1;
    response.once('close', () => {
      this.#inFlight -= 1;
    });
    const exchange = new HttpExchange({
      request,
      bucket: this.bucket,
      clock: this.#clock,
      incoming,
      response,
    });
    try {
      await this.#behaviourFor(request).act(exchange);
    } catch (cause) {
      // A client that goes away in the midst of a request is no fault of the behaviour.
      if (!incoming.destroyed && !exchange.over.aborted) this.#thrown ??= { cause };
      response.destroy();
    }
  }

  #behaviourFor(request: S3Request): S3Behaviour {
    const rule = this.#rules.find(({ left, matches }) => left > 0 && matches(request));
    if (rule === undefined) return honest;
    rule.met += 1;
    rule.left -= 1;
    return rule.behaviour;
  }
}

function matcher(match: S3Match): (request: S3Request) => boolean {
  if (typeof match === 'function') return match;
  if (match === '*') return () => true;
  const operations: readonly S3Operation[] = typeof match === 'string' ? [match] : match;
  return ({ operation }) => operations.includes(operation);
}
