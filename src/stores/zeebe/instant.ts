// Instants as Zeebe's manifests have them: seconds since 1970 as a JSON number with nine decimals, more digits than
// a double holds. Works on text alone, so that nothing is rounded. Pure.
import type { Timestamp } from '../../core/backup.ts';

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;
const DECIMAL = /^(\d{1,12})(?:\.(\d{1,9}))?$/;

/** `1700000005.120000000` for `2023-11-14T22:13:25.120Z`. The timestamp must be one. */
export function toDecimalSeconds(timestamp: Timestamp): string {
  const [, seconds, fraction = ''] = ISO.exec(timestamp) ?? [];
  return `${Date.parse(`${seconds}Z`) / 1_000}.${fraction.padEnd(9, '0')}`;
}

/** Undefined when the text is no number of seconds, or lies outside of the years that a timestamp can name. */
export function fromDecimalSeconds(text: string): Timestamp | undefined {
  const [, seconds, fraction = ''] = DECIMAL.exec(text) ?? [];
  if (seconds === undefined || Number(seconds) >= 253_402_300_800) return undefined;
  return withFraction(new Date(Number(seconds) * 1_000).toISOString().slice(0, 19), fraction);
}

/**
 * The instant written as ISO-8601 text in UTC, which some versions of Zeebe write. Undefined when it is none, or one
 * before 1970: as a number of seconds it could not be read back.
 */
export function fromIsoText(text: string): Timestamp | undefined {
  const [, seconds, fraction = ''] = ISO.exec(text) ?? [];
  const at = Date.parse(`${seconds}Z`);
  // Also brings into line what is no such day: the 30th of February is the 2nd of March.
  return at >= 0 ? withFraction(new Date(at).toISOString().slice(0, 19), fraction) : undefined;
}

/** Three, six or nine digits, as many as are needed. */
function withFraction(seconds: string, fraction: string): Timestamp {
  const digits = fraction.padEnd(9, '0').replace(/(?:000){1,2}$/, '');
  return `${seconds}.${digits}Z`;
}
