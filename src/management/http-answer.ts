// Responses of the management API. JSON keeps 64-bit numbers exact; nothing here decides what to answer.
import { stringify } from 'lossless-json';

/** A JSON answer. A bigint becomes a JSON number with all its digits. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(stringify(body), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** An answer or error of 8.2 and later. */
export function message(status: number, text: string, headers: Record<string, string> = {}): Response {
  return json(status, { message: text }, headers);
}

/** An error in the shape of 8.1. `id` is what the request named, when that is a number at all. */
export function legacyFailure(status: number, id: string, text: string): Response {
  return json(status, { id: /^-?\d{1,19}$/.test(id) ? BigInt(id) : null, failure: text });
}
