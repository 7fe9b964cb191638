// What goes wrong with the connection: silence, cuts, slowness. Each says which server or network does it.
import { behaviour, honest, type S3Behaviour } from './s3-behaviour.ts';

/** Faults of the connection, for any operation. */
export const connectionFaults = {
  /**
   * Reads the request and never answers. A paused server, or a firewall that forgot the connection. Measured: the AWS
   * SDK for JavaScript waits for ever unless `socketTimeout` is set; `requestTimeout` alone only warns.
   */
  hang: (): S3Behaviour =>
    behaviour('hangs before the answer', async (exchange) => {
      await exchange.readBody();
      await exchange.untilOver();
    }),

  /** Does not even read the request: a server whose threads are all taken. */
  hangUnread: (): S3Behaviour => behaviour('never reads the request', (exchange) => exchange.untilOver()),

  /** Sends the head and half of the body, and then nothing. A store that moves the object to another node. */
  hangInBody: (): S3Behaviour =>
    behaviour('hangs in the body', async (exchange) => {
      const given = await exchange.perform();
      exchange.sendHead(given);
      await exchange.sendPart(given.body.subarray(0, Math.floor(given.body.byteLength / 2)));
      await exchange.untilOver();
    }),

  /** Sends the body a byte at a time, so that no limit on silence ever fires. A line with heavy loss. */
  trickle: ({ intervalMs }: { readonly intervalMs: number }): S3Behaviour =>
    behaviour('trickles', async (exchange) => {
      const given = await exchange.perform();
      exchange.sendHead(given);
      for (const byte of given.body) {
        if (exchange.over.aborted) return;
        await exchange.sendPart(Uint8Array.of(byte));
        await exchange.pause(intervalMs);
      }
      await exchange.end();
    }),

  /** Cuts the connection before it has read the request. A load balancer without a server behind it. */
  resetUnread: (): S3Behaviour =>
    behaviour('resets before reading', async (exchange) => {
      exchange.reset();
      await exchange.untilOver();
    }),

  /** Reads the request, does nothing and cuts the connection. A server that is killed. */
  resetAfterRead: (): S3Behaviour =>
    behaviour('resets before acting', async (exchange) => {
      await exchange.readBody();
      exchange.reset();
      await exchange.untilOver();
    }),

  /** Does what was asked and cuts the connection: the answer that is lost. */
  resetAfterCommit: (): S3Behaviour =>
    behaviour('acts, then resets', async (exchange) => {
      await exchange.perform();
      exchange.reset();
      await exchange.untilOver();
    }),

  /**
   * Sends half of the body and cuts the connection. Stores close a GET whose reader is slow, and other SDKs have
   * taken the half for the whole.
   */
  resetInBody: (): S3Behaviour =>
    behaviour('resets in the body', async (exchange) => {
      const given = await exchange.perform();
      exchange.sendHead(given);
      await exchange.sendPart(given.body.subarray(0, Math.floor(given.body.byteLength / 2)));
      exchange.reset();
      await exchange.untilOver();
    }),

  /** `connection: close` on every answer, as some proxies do. Slow, and no fault. */
  closeAfterAnswer: (): S3Behaviour =>
    behaviour('closes after each answer', async (exchange) => {
      const given = await exchange.perform();
      await exchange.send({ ...given, headers: { ...given.headers, connection: 'close' } });
    }),

  /** Says that the connection stays, and closes it after the answer: an idle limit of a second. */
  closeSilently: (): S3Behaviour =>
    behaviour('closes the idle connection', async (exchange) => {
      await exchange.send(await exchange.perform());
      exchange.hangUp();
    }),

  /**
   * Cuts a connection when a second request comes on it. What a client sees when the server's idle limit and its
   * next request cross on the way.
   */
  resetReused: (): S3Behaviour =>
    behaviour('resets connections used again', async (exchange) => {
      if (exchange.request.turn === 1) return honest.act(exchange);
      exchange.reset();
      await exchange.untilOver();
    }),

  /** Never says `100 Continue` to who waits for it before he sends a body. Proxies that do not know the header. */
  neverContinue: (): S3Behaviour =>
    behaviour('never says 100 Continue', async (exchange) => {
      const body = await exchange.readBodyUnasked();
      await exchange.send(exchange.performAs({}, body));
    }),
};
