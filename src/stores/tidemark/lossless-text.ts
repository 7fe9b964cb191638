// JSON as the native layout writes it: 64-bit numbers as plain numbers, neither rounded on the way out nor
// in.
import { isInteger, parse, stringify } from 'lossless-json';

/** One line of JSON as UTF-8 bytes, without a line end. */
export function jsonBytes(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(stringify(value));
}

/**
 * Reads JSON. Whole numbers that a double cannot hold come as bigints. Throws a SyntaxError on what is no
 * JSON, on a name that stands twice in one object, and on bytes that are no UTF-8.
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  return parse(text, null, { parseNumber });
}

function parseNumber(text: string): number | bigint {
  const number = Number(text);
  return isInteger(text) && !Number.isSafeInteger(number) ? BigInt(text) : number;
}
