// Some servers answer before they have read the body. Holds such an answer back until the last byte has left the
// memory that it was lent in, and ends the connection of a failed request that still sends: never sends from memory
// that the caller has back.
import type { ClientRequest } from 'node:http';

type Step = (args: unknown) => Promise<{ readonly response: unknown }>;

/** The part of a command's steps that is used. The SDK has another type of them for each command. */
interface Steps {
  add(
    middleware: (next: Step) => Step,
    place: { readonly step: 'deserialize'; readonly priority: 'low'; readonly name: string },
  ): void;
}

/** The command's answer. Throws what `send` throws, or ECONNRESET when a connection ends in the midst of the body. */
export async function whenBodySent<Output>(
  { middlewareStack }: { readonly middlewareStack: object },
  send: () => Promise<Output>,
): Promise<Output> {
  let request: ClientRequest | undefined;
  let isSent = true;
  let ended = Promise.resolve();
  (middlewareStack as Steps).add(
    (next) => async (args) => {
      const result = await next(args);
      request = (result.response as { readonly body?: { readonly req?: ClientRequest } }).body?.req;
      // Asked now: later on the connection may be the next request's.
      isSent = request?.writableFinished ?? true;
      if (request !== undefined && !isSent) ended = untilEnded(request, () => (isSent = true));
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'seeBodySent' },
  );
  try {
    const output = await send();
    await ended;
    if (isSent) return output;
    const what = 'the connection ended before all of the body was sent';
    throw Object.assign(new Error(what), { code: 'ECONNRESET' });
  } finally {
    // Closes the socket at once, and what it had not written is dropped.
    if (!isSent) request?.destroy();
  }
}

/** Sent, or cut: the limits of the request end the connection of a server that reads no more. */
function untilEnded(request: ClientRequest, onSent: () => void): Promise<void> {
  return new Promise((resolve) => {
    if (request.destroyed) return resolve();
    request.once('finish', () => {
      onSent();
      resolve();
    });
    request.once('close', resolve);
  });
}
