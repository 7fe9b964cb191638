// Just enough MsgPack to read the whole numbers of a map. Everything else in it is skipped; nothing is
// written.
import { err, ok, type Result } from 'neverthrow';
import { viewOf } from './sbe-header.ts';

/** The entries of a map whose values are whole numbers. Errors tell what is wrong with the bytes. */
export function readIntegers(bytes: Uint8Array): Result<ReadonlyMap<string, bigint>, string> {
  try {
    const cursor = { view: viewOf(bytes), bytes, at: 0 };
    const integers = new Map<string, bigint>();
    for (let left = mapSize(cursor); left > 0; left -= 1) {
      const key = readText(cursor);
      const value = readValue(cursor);
      if (value !== undefined) integers.set(key, value);
    }
    return ok(integers);
  } catch (cause) {
    // A DataView throws a RangeError where the bytes end.
    if (cause instanceof RangeError) return err(cause instanceof Unreadable ? cause.message : 'it is cut');
    throw cause;
  }
}

class Unreadable extends RangeError {}

const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;

interface Cursor {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  at: number;
}

function mapSize(cursor: Cursor): number {
  const type = uint(cursor, 1);
  if (type >> 4 === 0x8) return type & 0x0f;
  if (type === 0xde) return uint(cursor, 2);
  if (type === 0xdf) return uint(cursor, 4);
  throw new Unreadable(`no MsgPack map: byte ${type}`);
}

function readText(cursor: Cursor): string {
  const type = uint(cursor, 1);
  if (type >> 5 === 0b101) return text(cursor, type & 0x1f);
  if (type >= 0xd9 && type <= 0xdb) return text(cursor, uint(cursor, 2 ** (type - 0xd9)));
  throw new Unreadable(`no MsgPack text as a key: byte ${type}`);
}

function text(cursor: Cursor, length: number): string {
  const start = cursor.at;
  skip(cursor, length);
  return new TextDecoder().decode(cursor.bytes.subarray(start, cursor.at));
}

/** Reads one value of any type: a whole number comes back, anything else is skipped. */
function readValue(cursor: Cursor): bigint | undefined {
  const type = uint(cursor, 1);
  if (type <= 0x7f) return BigInt(type);
  if (type >= 0xe0) return BigInt(type - 0x100);
  if (type >= 0xcc && type <= 0xcf) return unsigned(cursor, 2 ** (type - 0xcc));
  if (type >= 0xd0 && type <= 0xd3) {
    const length = 2 ** (type - 0xd0);
    return BigInt.asIntN(length * 8, unsigned(cursor, length));
  }
  skipOther(cursor, type);
  return undefined;
}

function skipOther(cursor: Cursor, type: number): void {
  if (type <= 0x8f) skipValues(cursor, 2 * (type & 0x0f));
  else if (type <= 0x9f) skipValues(cursor, type & 0x0f);
  else if (type <= 0xbf) skip(cursor, type & 0x1f);
  else if (type >= 0xc4 && type <= 0xc6) skip(cursor, uint(cursor, 2 ** (type - 0xc4)));
  else if (type >= 0xc7 && type <= 0xc9) skip(cursor, uint(cursor, 2 ** (type - 0xc7)) + 1);
  else if (type === 0xca) skip(cursor, 4);
  else if (type === 0xcb) skip(cursor, 8);
  else if (type >= 0xd4 && type <= 0xd8) skip(cursor, 1 + 2 ** (type - 0xd4));
  else if (type >= 0xd9 && type <= 0xdb) skip(cursor, uint(cursor, 2 ** (type - 0xd9)));
  else if (type === 0xdc || type === 0xdd) skipValues(cursor, uint(cursor, type === 0xdc ? 2 : 4));
  else if (type === 0xde || type === 0xdf) skipValues(cursor, 2 * uint(cursor, type === 0xde ? 2 : 4));
  else if (type !== NIL && type !== FALSE && type !== TRUE)
    throw new Unreadable(`no MsgPack type: byte ${type}`);
}

/** A nesting so deep that the stack ends is a RangeError too, and so unreadable. */
function skipValues(cursor: Cursor, count: number): void {
  for (let left = count; left > 0; left -= 1) readValue(cursor);
}

function skip(cursor: Cursor, length: number): void {
  if (cursor.at + length > cursor.bytes.byteLength) throw new Unreadable('it is cut');
  cursor.at += length;
}

function uint(cursor: Cursor, length: number): number {
  return Number(unsigned(cursor, length));
}

/** MsgPack is big endian. */
function unsigned(cursor: Cursor, length: number): bigint {
  let value = 0n;
  for (let left = length; left > 0; left -= 1) {
    value = (value << 8n) | BigInt(cursor.view.getUint8(cursor.at));
    cursor.at += 1;
  }
  return value;
}
