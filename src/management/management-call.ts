// One HTTP call to a management API: sent once, never repeated, never redirected, ended at its limit.
import { parse } from 'lossless-json';
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { withDeadline } from '../core/deadline.ts';
import type { Aborted, DeadlineExceeded } from '../core/errors.ts';
import { ANSWER_BODY_BYTES_MAX } from '../core/limits.ts';
import { ManagementApiError, ManagementUnreachable } from '../core/management-errors.ts';
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

export type ManagementCallError = ManagementUnreachable | ManagementApiError | DeadlineExceeded | Aborted;

/** Sends a request and reads the whole answer. One that is larger than any can be is a ManagementApiError. */
export function callManagement(
  { fetch, clock }: { readonly fetch: Fetch; readonly clock: Pick<Clock, 'sleep'> },
  call: ManagementCall,
): ResultAsync<ManagementReply, ManagementCallError> {
  const request = `${call.method} ${call.url}`;
  const limit = { operation: request, timeoutMs: call.timeoutMs, signal: call.signal };
  return withDeadline(clock, limit, (signal) =>
    fromForeign<Result<ManagementReply, ManagementApiError>, ManagementCallError>(
      async () => {
        const { status, headers, text } = await send(fetch, call, signal);
        if (text === undefined) {
          const detail = `the answer has more than ${ANSWER_BODY_BYTES_MAX} bytes; is it a gateway that answers there?`;
          return err(new ManagementApiError(request, status, detail));
        }
        const shown = withoutToken(text, call.token);
        return ok({ request, status, headers, text: shown, body: parsed(shown) });
      },
      (cause) => new ManagementUnreachable(call.url, `reason=${reasonOf(cause)}`, cause),
    ).andThen((reply) => reply),
  );
}

async function send(fetch: Fetch, call: ManagementCall, signal: AbortSignal) {
  const headers = new Headers({ accept: 'application/json' });
  if (call.token !== undefined) headers.set('authorization', `Bearer ${call.token}`);
  if (call.body !== undefined) headers.set('content-type', 'application/json');
  const init = { method: call.method, headers, signal, redirect: 'manual' as const };
  const response = await fetch(call.url, call.body === undefined ? init : { ...init, body: call.body });
  return { status: response.status, headers: response.headers, text: await boundedText(response) };
}

/** The body as text, or undefined as soon as it is too large: the rest is not read. */
async function boundedText({ body }: Response): Promise<string | undefined> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let sizeBytes = 0;
  // Leaving the loop early cancels the body, and with it the connection.
  for await (const part of body as AsyncIterable<Uint8Array>) {
    sizeBytes += part.byteLength;
    if (sizeBytes > ANSWER_BODY_BYTES_MAX) return undefined;
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
}

/** What a server says ends up in errors. One that repeats the request must not put the token there. */
function withoutToken(text: string, token: string | undefined): string {
  const secret = token?.trim();
  return secret ? text.replaceAll(secret, '***') : text;
}

function parsed(text: string): unknown {
  try {
    return parse(text, undefined, (number) =>
      // Longer ones are no 64-bit numbers either, and making bigints of them can take minutes.
      /^-?\d{1,1000}$/.test(number) ? BigInt(number) : Number(number),
    );
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
