// Lets a handler of requests answer in what speaks node:http: Node's own server, Express, Fastify. It answers each
// request itself and to its end; nothing may have read its body before.
import type { ServerResponse } from 'node:http';
import { toNodeHandler } from 'srvx/node';
import type { ManagementHandler } from './management-handler.ts';

/** Takes an `IncomingMessage` and a `ServerResponse` of node:http, whose types not every user of these has. */
export type NodeListener = (request: object, response: object) => void;

/**
 * Makes a listener for the requests of node:http of a handler, to mount it in a server that you have. Mount it before
 * anything that reads bodies, and under its whole path.
 */
export function nodeListener(handler: ManagementHandler): NodeListener {
  // Its type asks for HTTP/1 and HTTP/2 requests at once.
  const answer = toNodeHandler(handler) as (request: object, response: object) => unknown;
  return (request, response) => {
    void Promise.resolve(answer(request, response)).catch(() => (response as ServerResponse).destroy());
  };
}
