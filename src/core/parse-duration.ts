// Reads a time span as people and Zeebe's configuration write it. Never throws.

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const ISO = /^P(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$/i;

/** Milliseconds of `PT180S`, `P1DT2H`, `180s`, `500ms` or a bare number of milliseconds; undefined for other text. */
export function parseDuration(text: string): number | undefined {
  const simple = /^(\d{1,12})(ms|s|m|h|d)?$/i.exec(text);
  if (simple !== null) {
    return Number(simple[1]) * (UNIT_MS[(simple[2] ?? 'ms').toLowerCase()] ?? Number.NaN);
  }
  const iso = ISO.exec(text);
  if (iso === null || iso.slice(1).every((part) => part === undefined)) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = iso.slice(1).map((part) => Number(part ?? 0));
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000);
}
