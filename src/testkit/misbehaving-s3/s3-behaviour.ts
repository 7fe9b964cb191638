// What a behaviour is: a name for people, and what it does with one request. Write your own the same way.
import type { S3Answer } from './s3-answer.ts';
import type { S3Exchange } from './s3-exchange.ts';

/** How the server treats a request. */
export interface S3Behaviour {
  readonly name: string;
  /** Must end once the exchange is over. What it throws before that, `close` of the server throws. */
  act(exchange: S3Exchange): Promise<void>;
}

/** Does what was asked and says so. */
export const honest: S3Behaviour = {
  name: 'honest',
  act: async (exchange) => exchange.send(await exchange.perform()),
};

export function behaviour(name: string, act: S3Behaviour['act']): S3Behaviour {
  return { name, act };
}

/** Does what was asked, and sends another answer than the honest one. */
export function afterwards(
  name: string,
  change: (given: S3Answer, exchange: S3Exchange) => S3Answer,
): S3Behaviour {
  return behaviour(name, async (exchange) => exchange.send(change(await exchange.perform(), exchange)));
}

/** Reads the request, does nothing, and sends this answer. */
export function instead(name: string, make: (exchange: S3Exchange) => S3Answer): S3Behaviour {
  return behaviour(name, async (exchange) => {
    await exchange.readBody();
    await exchange.send(make(exchange));
  });
}

/** One behaviour for the requests that are so, and honesty for the others. */
export function when(isSo: (exchange: S3Exchange) => boolean, then: S3Behaviour): S3Behaviour {
  return behaviour(then.name, (exchange) => (isSo(exchange) ? then : honest).act(exchange));
}
