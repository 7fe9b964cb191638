// One HTTP call to a management API: sent once, never repeated, never redirected, ended at its limit.
import { parse } from 'lossless-json';
import type { ResultAsync } from 'neverthrow';
import { withDeadline } from '../core/deadline.ts';
import type { Aborted, DeadlineExceeded } from '../core/errors.ts';
import { ManagementUnreachable } from '../core/management-errors.ts';
import { fromForeign } from '../core/result.ts';
import type { Clock } from '../ports/environment.ts';

/** The part of `fetch` that the client needs; the global one fits. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ManagementCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  /** JSON text. */
  readonly body?: string;
  readonly token?: string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came back, whatever its status. */
export interface ManagementReply {
  /** The method and the URL, for errors. */
  readonly request: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text parsed as JSON, with integers as bigints; undefined when it is no JSON. */
  readonly body: unknown;
}

export type ManagementCallError = ManagementUnreachable | DeadlineExceeded | Aborted;

/** Sends a request and reads the whole answer. */
export function callManagement(
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: Pick<Clock, 'sleep'> },
  call: ManagementCall,
): ResultAsync<ManagementReply, ManagementCallError> {
  const request = `${call.method} ${call.url}`;
  const limit = { operation: request, timeoutMs: call.timeoutMs, signal: call.signal };
  return withDeadline(clock, limit, (signal) =>
    fromForeign(
      async () => {
        const { status, headers, ...response } = await send(fetch, call, signal);
        return { request, status, headers, text: response.text, body: parsed(response.text) };
      },
      (cause) => new ManagementUnreachable(call.url, `reason=${reasonOf(cause)}`, cause),
    ),
  );
}

async function send(fetch: Fetch, call: ManagementCall, signal: AbortSignal) {
  const headers = new Headers({ accept: 'application/json' });
  if (call.token !== undefined) headers.set('authorization', `Bearer ${call.token}`);
  if (call.body !== undefined) headers.set('content-type', 'application/json');
  const init = { method: call.method, headers, signal, redirect: 'manual' as const };
  const response = await fetch(call.url, call.body === undefined ? init : { ...init, body: call.body });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function parsed(text: string): unknown {
  try {
    return parse(text, undefined, (number) => (/^-?\d+$/.test(number) ? BigInt(number) : Number(number)));
  } catch {
    return undefined;
  }
}

/** undici hides the reason, ECONNREFUSED for one, in the cause of a bare 'fetch failed'. */
function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  if (!(inner instanceof Error)) return String(inner);
  return 'code' in inner && typeof inner.code === 'string' ? inner.code : inner.message;
}
