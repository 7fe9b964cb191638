// How a node reaches the partitions, on other nodes and on itself alike. It retries nothing: who calls knows
// what may be repeated.
import { HttpError } from './http-server.ts';
import { nodeOf } from './sharding.ts';

/** The leader of the partition cannot be reached, or did not answer in time. */
export class PeerUnavailable extends HttpError {
  constructor(partitionId: number, url: string, cause: unknown) {
    const reason = cause instanceof Error ? (cause.cause ?? cause) : cause;
    super(503, `partition ${partitionId} is not reachable at ${url}: ${reason}; try again with the same id`);
  }
}

const TIMEOUT_MS = 10_000;

export class Peers {
  /** The number of partitions of the cluster. */
  readonly partitions: number;
  readonly #urls: readonly string[];

  /** `urls` has one entry per node, in the order of the node ids. */
  constructor(partitions: number, urls: readonly string[]) {
    this.partitions = partitions;
    this.#urls = urls;
  }

  /** Sends a request to the leader of a partition and gives its answer, whatever its status is. */
  async send(
    partitionId: number,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    signal: AbortSignal = AbortSignal.timeout(TIMEOUT_MS),
  ): Promise<{ status: number; body: unknown }> {
    const url = this.#urls[nodeOf(partitionId, this.#urls.length)] ?? '';
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        signal,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    } catch (cause) {
      throw new PeerUnavailable(partitionId, url, cause);
    }
  }

  /** As `send`, for what must succeed. `T` is what the route at the other end answers. */
  async ask<T>(
    partitionId: number,
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    const answer = await this.send(partitionId, method, path, body, signal);
    if (answer.status < 300) return answer.body as T;
    const { error = `status ${answer.status}` } = (answer.body ?? {}) as { error?: string };
    throw new HttpError(answer.status, `partition ${partitionId} answered ${method} ${path} with: ${error}`);
  }
}
