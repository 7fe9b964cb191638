// A manifest as one value, for tests that look at it or break it: the first line, with the chunks and files of the
// other lines in place of their numbers.
import { createHash } from 'node:crypto';
import { parse, stringify } from 'lossless-json';

// biome-ignore lint/suspicious/noExplicitAny: the tests break the shape on purpose
type Json = any;

/** Numbers of 64 bits keep their digits. */
export function manifestJson(bytes: Uint8Array): Json {
  const lines = new TextDecoder().decode(bytes).split('\n').slice(0, -2);
  const [head, ...others] = lines.map((line) => parse(line) as Json);
  const chunks = Number(head.chunks);
  return { ...head, chunks: others.slice(0, chunks), files: others.slice(chunks) };
}

/** The bytes of what `manifestJson` gave, with a digest that fits. */
export function manifestBytes(json: Json): Uint8Array {
  const { chunks = [], files = [] } = json;
  const head = { ...json, chunks: chunks.length, files: files.length };
  return sealedLines([head, ...chunks, ...files].map((line) => stringify(line) ?? ''));
}

/** Any lines, with a digest that fits. */
export function sealedLines(lines: readonly string[]): Uint8Array {
  const body = lines.map((line) => `${line}\n`).join('');
  const digest = createHash('sha256').update(body).digest('hex');
  return new TextEncoder().encode(`${body}{"sha256":"${digest}"}\n`);
}
