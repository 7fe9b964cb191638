// JSON as the native layout writes it: 64-bit numbers as plain numbers, neither rounded on the way out nor
// in.
import { isInteger, isLosslessNumber, parse, stringify } from 'lossless-json';
import { JSON_DEPTH_MAX } from '../../core/limits.ts';

/** One line of JSON, without a line end. */
export function jsonLine(value: object): string {
  return stringify(value) ?? '';
}

/** The same as UTF-8 bytes. */
export function jsonBytes(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(jsonLine(value));
}

/**
 * Reads JSON. Whole numbers that a double cannot hold come as bigints. Throws on what is no JSON or is nested
 * too deeply, on a name that stands twice in one object, and on bytes that are no UTF-8.
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  return parse(jsonText(bytes), null, { parseNumber });
}

/**
 * The text of a JSON body. Throws on bytes that are no UTF-8, and on a nesting that no layout has: whoever walks
 * through it by recursion would run out of stack, now or when it is written again.
 */
export function jsonText(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  if (isDeeperThan(JSON_DEPTH_MAX, text))
    throw new SyntaxError(`nested deeper than ${JSON_DEPTH_MAX} levels`);
  return text;
}

/** Whether a text is a JSON object. */
export function isJsonObject(text: string): boolean {
  try {
    const value = parse(jsonText(new TextEncoder().encode(text)));
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
  } catch {
    return false;
  }
}

/** A run of digits longer than any 64-bit number stays a double: making it a bigint takes minutes. */
function parseNumber(text: string): number | bigint {
  const number = Number(text);
  const isLarge = isInteger(text) && !Number.isSafeInteger(number) && text.length <= INT64_DIGITS_MAX;
  return isLarge ? BigInt(text) : number;
}

const INT64_DIGITS_MAX = 20;
const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) isString = !isString;
    else if (isString) at += code === BACKSLASH ? 1 : 0;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) depth += 1;
    else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}
