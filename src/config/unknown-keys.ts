// Warns of keys that are about backups and that nobody reads: most likely a typing error.

import { isFixedKey } from './fixed-partitioning.ts';
import { type GivenValue, looseKey } from './given-value.ts';
import { nearestKey } from './nearest-key.ts';
import {
  environmentVariable,
  FIXED_SETTINGS,
  FOREIGN_ROOTS,
  SETTINGS,
  WATCHED_ROOTS,
} from './setting-keys.ts';

const KEYS = Object.values({ ...SETTINGS, ...FIXED_SETTINGS }).map(({ key }) => key);
const KNOWN = new Set(KEYS.map(looseKey));
const WATCHED = WATCHED_ROOTS.map(looseKey);
const FOREIGN = FOREIGN_ROOTS.map(looseKey);

/** As the keys of lists are written in the table. */
function withoutIndexes(spelling: string): string {
  const names = ['i', 'j'];
  return spelling.replaceAll(/(?<=\[|_)\d+(?=\]|_)/g, (index) => names.shift() ?? index);
}

/** Nobody reads more than this many at once. */
const WARNINGS_MAX = 50;

/** One warning per unknown key among those that should all be ours; of many, the first. */
export function unknownKeyWarnings(given: readonly GivenValue[]): string[] {
  const unknown = given.filter(({ loose }) => isUnknown(loose));
  const warnings = unknown.slice(0, WARNINGS_MAX).map(({ spelling, origin }) => {
    const isVariable = origin === `environment ${spelling}`;
    const near = nearestKey(withoutIndexes(spelling), isVariable ? KEYS.map(environmentVariable) : KEYS);
    const advice = near === undefined ? '' : `; did you mean ${near}?`;
    return `unknown key ${spelling} has no effect${advice}${isVariable ? '' : ` (${origin})`}`;
  });
  const more = unknown.length - warnings.length;
  return more === 0 ? warnings : [...warnings, `${more} more unknown keys have no effect`];
}

function isUnknown(loose: string): boolean {
  if (!WATCHED.some((root) => loose.startsWith(root))) return false;
  return !KNOWN.has(loose) && !isFixedKey(loose) && !FOREIGN.some((root) => loose.startsWith(root));
}
