// Reads the id out of a request to trigger a backup: its body, or its query. Bad input is an answer that
// names the field, never a throw. Numbers are never read as doubles.
import { isLosslessNumber, parse } from 'lossless-json';
import { err, ok, type Result, type ResultAsync } from 'neverthrow';
import { InvalidInput } from '../core/errors.ts';
import type { CheckpointId } from '../core/ids.ts';
import { REQUEST_BODY_BYTES_MAX } from '../core/limits.ts';
import { parseCheckpointId } from '../core/parse-checkpoint-id.ts';
import { fromAsync } from '../core/result.ts';
import { queryValue } from './request-url.ts';

/** Why a request has no usable id: the status to answer with, and what to say. */
export interface Rejection {
  readonly status: 400 | 413 | 415;
  readonly text: string;
}

/** The id in the body of a POST, or in its query when there is no body. Undefined when it may be missing and is. */
export function requestedId(
  request: Request,
  url: URL,
  { mayBeMissing }: { readonly mayBeMissing: boolean },
): ResultAsync<CheckpointId | undefined, Rejection> {
  return fromAsync<CheckpointId | undefined, Rejection>(async () => {
    const body = await readBody(request);
    if (body.isErr()) return err(body.error);
    if (body.value.length === 0) return idInQuery(url, mayBeMissing);
    const type = request.headers.get('content-type') ?? 'none';
    if (!/^application\/([^;]+\+)?json\s*(;|$)/i.test(type)) {
      return err({ status: 415, text: `the body must be application/json, not ${type}` });
    }
    return idInBody(body.value, mayBeMissing);
  });
}

type FoundId = Result<CheckpointId | undefined, InvalidInput>;

function idInQuery(url: URL, mayBeMissing: boolean): Result<CheckpointId | undefined, Rejection> {
  const hint = 'it is missing; send {"backupId": <number>} as application/json';
  return queryValue(url, 'backupId')
    .andThen((text): FoundId => {
      if (text !== undefined) return parseCheckpointId(text);
      return mayBeMissing ? ok(undefined) : err(new InvalidInput('backupId', hint));
    })
    .mapErr(badRequest);
}

function idInBody(body: Uint8Array, mayBeMissing: boolean): Result<CheckpointId | undefined, Rejection> {
  return parseBody(body)
    .andThen((fields): FoundId => {
      const value = fields.backupId;
      if (value === undefined && mayBeMissing) return ok(undefined);
      if (isLosslessNumber(value)) return parseCheckpointId(value.value);
      if (typeof value === 'string') return parseCheckpointId(value);
      const found = value === undefined ? 'it is missing' : `it is ${kindOf(value)}`;
      return err(new InvalidInput('backupId', `${found}; expected a number, or a number as text`));
    })
    .mapErr(badRequest);
}

function parseBody(body: Uint8Array): Result<Readonly<Record<string, unknown>>, InvalidInput> {
  let value: unknown;
  let twice: string | undefined;
  try {
    value = parse(new TextDecoder('utf-8', { fatal: true }).decode(body), undefined, {
      onDuplicateKey: ({ key }) => {
        twice ??= key;
        return undefined;
      },
    });
  } catch (cause) {
    // Also a nesting too deep for the parser's recursion.
    const detail = cause instanceof SyntaxError || cause instanceof TypeError ? cause.message : 'unreadable';
    return err(new InvalidInput('body', `it is no JSON: ${detail}`));
  }
  if (twice !== undefined) return err(new InvalidInput(twice.slice(0, 40), 'it is given twice, differently'));
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isLosslessNumber(value)) {
    return err(new InvalidInput('body', `it is ${kindOf(value)}; expected an object with a backupId`));
  }
  return ok(value as Readonly<Record<string, unknown>>);
}

async function readBody(request: Request): Promise<Result<Uint8Array, Rejection>> {
  const tooLarge = err({
    status: 413,
    text: `the body is larger than ${REQUEST_BODY_BYTES_MAX} bytes`,
  } as const);
  if (Number(request.headers.get('content-length') ?? 0) > REQUEST_BODY_BYTES_MAX) return tooLarge;
  if (request.body === null) return ok(new Uint8Array());
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The rest of a body that is too large is not cancelled: that would cut the connection before the answer is
  // out.
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return ok(Buffer.concat(chunks));
      size += value.length;
      if (size > REQUEST_BODY_BYTES_MAX) return tooLarge;
      chunks.push(value);
    }
  } catch {
    return err({ status: 400, text: 'the body broke off' });
  }
}

function badRequest(error: InvalidInput): Rejection {
  return { status: 400, text: error.message };
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (isLosslessNumber(value)) return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
