// The network, as one process sees it: it knows leaders that may be so no more, and what it sends may be late, lost or
// delivered twice. At the other end stand the ledger's own routes.
import {
  type Answer,
  callRoute,
  HttpError,
  type Route,
  withBigints,
} from '../../examples/ledger/http-server.ts';
import { Peers, PeerUnavailable } from '../../examples/ledger/peers.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { Totals } from './totals.ts';
import type { Weather } from './weather.ts';

/** Where requests for a partition go. */
export interface Address {
  readonly process: SimulatedProcess;
  readonly routes: readonly Route[];
}

export interface NetworkParts {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly weather: Weather;
  readonly totals: Totals;
}

const ANSWER_WITHIN_MS = 12_000;

export class SimulatedPeers extends Peers {
  /** The leaders that this process knows of. */
  readonly known = new Map<number, Address>();
  readonly #parts: NetworkParts;
  readonly #process: SimulatedProcess;

  constructor(parts: NetworkParts, process: SimulatedProcess, partitions: number) {
    super(partitions, []);
    this.#parts = parts;
    this.#process = process;
  }

  override send(
    partitionId: number,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<{ status: number; body: unknown }> {
    const { scheduler, chance, weather, totals } = this.#parts;
    const label = `${method} ${path} from ${this.#process.name}`;
    const unreachable = (reason: string) => new PeerUnavailable(partitionId, 'simulated', reason);
    const address = this.known.get(partitionId);
    // Two nodes that take each other for the leader would send a client's request to and fro.
    const isForwarded = this.#process.name.startsWith('node') && !path.startsWith('/internal/');
    if (address === undefined || isForwarded) return Promise.reject(unreachable('no leader is known'));
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      let cancelTimeout = () => {};
      const end = (finish: () => void) => {
        cancelTimeout();
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onAbort = () => end(() => reject(unreachable('called off')));
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      cancelTimeout = scheduler.after(
        ANSWER_WITHIN_MS,
        `no answer to ${label}`,
        () => end(() => reject(unreachable('no answer'))),
        this.#process,
      );
      const deliver = async () => {
        if (!address.process.alive) {
          if (chance.is(0.7)) end(() => reject(unreachable('connection refused')));
          return;
        }
        const answer = await this.#answer(address, method, path, text);
        if (!address.process.alive) return;
        if (chance.is(weather.messagesLost)) {
          totals['messages lost'] += 1;
          return;
        }
        scheduler.after(
          weather.messageDelayMs(),
          `answer ${answer.status} to ${label}`,
          () => end(() => resolve(answer)),
          this.#process,
        );
      };
      const copies = chance.is(weather.messagesDoubled) ? 2 : 1;
      if (copies === 2) totals['messages doubled'] += 1;
      for (let copy = 0; copy < copies; copy += 1) {
        if (chance.is(weather.messagesLost)) {
          totals['messages lost'] += 1;
          continue;
        }
        scheduler.after(weather.messageDelayMs(), `arrive ${label}`, () => void deliver().catch(reject));
      }
    });
  }

  async #answer(
    { routes }: Address,
    method: string,
    path: string,
    text: string | undefined,
  ): Promise<{ status: number; body: unknown }> {
    let answer: Answer;
    try {
      answer = await callRoute(routes, method, path, async () =>
        text === undefined ? undefined : JSON.parse(text),
      );
    } catch (cause) {
      const status = cause instanceof HttpError ? cause.status : 500;
      answer = { status, body: { error: String(cause) } };
    }
    const bytes = answer.body === undefined ? '' : JSON.stringify(answer.body, withBigints);
    return { status: answer.status, body: bytes === '' ? undefined : JSON.parse(bytes) };
  }
}
