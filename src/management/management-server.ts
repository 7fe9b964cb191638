// Serves a management handler over HTTP on Node. It owns its port and its connections, and lets go of all of
// them when it is closed; what to answer is the handler's business.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { err, ok, type ResultAsync } from 'neverthrow';
import { MANAGEMENT_IDLE_TIMEOUT_MS, MANAGEMENT_REQUEST_TIMEOUT_MS } from '../core/limits.ts';
import { ListenFailed } from '../core/management-errors.ts';
import { fromAsync } from '../core/result.ts';
import type { ManagementHandler } from './management-handler.ts';
import { nodeListener } from './node-listener.ts';

export interface ManagementServerOptions {
  /** Default 9600; 0 takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. The API has no users of its own: think before you listen on more. */
  readonly host?: string;
  /** A request must have arrived whole within this time, in milliseconds. Default 30,000. */
  readonly requestTimeoutMs?: number;
}

export interface ManagementServer {
  /** `http://host:port`, with the port that was really taken. */
  readonly url: string;
  readonly port: number;
  /**
   * Stops listening, lets the requests that have arrived be answered, and cuts all other connections. May be
   * called twice. Ends when the last handler has answered.
   */
  close(): Promise<void>;
}

/** Starts to listen. The handler sees each request once its headers are there. */
export function startManagementServer(
  handler: ManagementHandler,
  options: ManagementServerOptions = {},
): ResultAsync<ManagementServer, ListenFailed> {
  const { port = 9600, host = '127.0.0.1', requestTimeoutMs = MANAGEMENT_REQUEST_TIMEOUT_MS } = options;
  return fromAsync(async () => {
    const limits = {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      // Node looks for late requests every 30 s if not told: a short limit would be no limit.
      connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 10),
    };
    const server = createServer(limits, nodeListener(handler));
    // A client that does not read its answer is let go as well.
    server.timeout = MANAGEMENT_IDLE_TIMEOUT_MS;
    const connections = new Connections(server);
    const failure = await listen(server, port, host);
    if (failure !== undefined) return err(new ListenFailed(host, port, failure));
    const taken = (server.address() as AddressInfo).port;
    const shownHost = host.includes(':') ? `[${host}]` : host;
    return ok({
      url: `http://${shownHost}:${taken}`,
      port: taken,
      close: () => connections.close(),
    });
  });
}

function listen(server: Server, port: number, host: string): Promise<unknown> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    try {
      server.listen(port, host, () => {
        server.off('error', resolve);
        resolve(undefined);
      });
    } catch (cause) {
      // A port that is no port throws at once.
      resolve(cause);
    }
  });
}

/** The open connections of a server and the request that each is busy with. */
class Connections {
  readonly #server: Server;
  readonly #busyWith = new Map<Socket, IncomingMessage | undefined>();
  #closed: Promise<void> | undefined;

  constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#busyWith.set(socket, undefined);
      socket.once('close', () => this.#busyWith.delete(socket));
    });
    server.prependListener('request', (request, response) => {
      this.#busyWith.set(request.socket, request);
      response.once('close', () => {
        if (this.#closed !== undefined) request.socket.destroy();
        else if (this.#busyWith.has(request.socket)) this.#busyWith.set(request.socket, undefined);
      });
    });
  }

  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const [socket, request] of this.#busyWith) if (!request?.complete) socket.destroy();
    });
    return this.#closed;
  }
}
