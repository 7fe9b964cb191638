// The values that environment variables give. It sees every variable and keeps those that could be about us.
import type { GivenValue } from './given-value.ts';
import { looseKey } from './given-value.ts';
import type { Environment } from './placeholder.ts';
import { SETTINGS, WATCHED_ROOTS } from './setting-keys.ts';

const KNOWN = new Set(Object.values(SETTINGS).map(({ key }) => looseKey(key)));
const WATCHED = WATCHED_ROOTS.map((root) => `${root.replaceAll('.', '_')}_`.toUpperCase());

/** The variables that name a setting, and those whose name starts as only a setting's would. */
export function environmentValues(env: Environment): GivenValue[] {
  return Object.entries(env).flatMap(([name, text]) => {
    if (text === undefined) return [];
    const loose = looseKey(name);
    const ours = KNOWN.has(loose) || WATCHED.some((root) => name.toUpperCase().startsWith(root));
    return ours ? [{ spelling: name, loose, text, origin: `environment ${name}` }] : [];
  });
}
