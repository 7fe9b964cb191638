// Holds the bytes of a GET against what its answer announced. Pure. A cut answer is never a short result.
import { err, ok, type Result } from 'neverthrow';

/** The part of a GetObject answer that is read. */
export interface S3Body {
  readonly bytes: Uint8Array;
  readonly ContentLength?: number | undefined;
  /** `bytes 0-9/100`. Absent when the server gives the whole object, asked or not. */
  readonly ContentRange?: string | undefined;
}

/** The asked bytes, or what is wrong with the answer. A server may answer a range with the whole object. */
export function readRangeAnswer(
  { bytes, ContentLength, ContentRange }: S3Body,
  range: { readonly start: number; readonly length: number } | undefined,
): Result<Uint8Array, string> {
  if (ContentLength !== undefined && ContentLength !== bytes.byteLength) {
    return err(`the answer was cut: announcedBytes=${ContentLength} receivedBytes=${bytes.byteLength}`);
  }
  if (range === undefined) return ok(bytes);
  if (ContentRange === undefined) return ok(bytes.slice(range.start, range.start + range.length));
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(ContentRange) ?? [];
  const isWhole = Number(last) - Number(first) + 1 === bytes.byteLength;
  const wanted = total === '*' ? bytes.byteLength : Math.min(range.length, Number(total) - range.start);
  if (Number(first) !== range.start || !isWhole || bytes.byteLength !== wanted) {
    const got = `answer='${ContentRange}' receivedBytes=${bytes.byteLength}`;
    return err(`the answer is another range: start=${range.start} length=${range.length} ${got}`);
  }
  return ok(bytes);
}
