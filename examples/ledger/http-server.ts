// JSON over HTTP for a node: a table of routes, bounded bodies, and an answer for every mistake of a caller.
import { createServer, type IncomingMessage, type Server } from 'node:http';

/** What a route is called with. `parameters` are the groups of its path. */
export interface Call {
  readonly parameters: readonly string[];
  readonly query: URLSearchParams;
  /** The parsed body; undefined when there is none. */
  readonly body: unknown;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: RegExp;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Thrown by a route to end the request with this status. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const BODY_BYTES_MAX = 1024 * 1024;

/** Starts to listen on loopback. `onError` hears of failures that are nobody's mistake but ours; they answer 500. */
export function serve(
  routes: readonly Route[],
  port: number,
  onError: (cause: unknown) => void,
): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(routes, request).catch((cause: unknown) => {
      if (cause instanceof HttpError) return { status: cause.status, body: { error: cause.message } };
      onError(cause);
      return { status: 500, body: { error: 'internal error; the log of the node says more' } };
    });
    const bytes = body === undefined ? '' : JSON.stringify(body, withBigints);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(bytes),
    });
    response.end(bytes);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function answer(routes: readonly Route[], request: IncomingMessage): Promise<Answer> {
  return callRoute(routes, request.method ?? 'GET', request.url ?? '/', () => jsonBody(request));
}

/** Calls the route that a request is for. Throws an HttpError when there is none. */
export async function callRoute(
  routes: readonly Route[],
  verb: string,
  target: string,
  body: () => Promise<unknown>,
): Promise<Answer> {
  const url = new URL(target, 'http://node');
  const matching = routes.filter(({ path }) => path.test(url.pathname));
  if (matching.length === 0) throw new HttpError(404, `there is nothing at ${url.pathname}`);
  const route = matching.find(({ method }) => method === verb);
  if (route === undefined) {
    throw new HttpError(405, `${url.pathname} takes ${matching.map(({ method }) => method).join(', ')}`);
  }
  const parameters = route.path.exec(url.pathname)?.slice(1) ?? [];
  return route.handle({ parameters, query: url.searchParams, body: await body() });
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new HttpError(413, `a body has at most ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

/** 64-bit numbers travel as decimal text. */
export function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
