// From what was given to a value for every setting: the environment wins over YAML, and YAML over the
// defaults. It checks each value by itself; what must fit together is checked in settings-rules.ts.
import type { GivenValue } from './given-value.ts';
import { looseKey } from './given-value.ts';
import { SETTINGS, type Setting, type SettingName, type SettingValues } from './setting-keys.ts';

/** The values that could be read, where each came from, and what is wrong with the others. */
export interface ReadValues {
  /** A setting whose value is wrong is undefined, and its problem is among the problems. */
  readonly values: Partial<SettingValues>;
  readonly origins: Readonly<Partial<Record<SettingName, string>>>;
  readonly problems: readonly string[];
}

/** Reads every setting. `sources` are in order: the first that gives a key wins. */
export function readValues(sources: readonly (readonly GivenValue[])[]): ReadValues {
  const values: Partial<Record<SettingName, unknown>> = {};
  const origins: Partial<Record<SettingName, string>> = {};
  const problems: string[] = [];
  const byKey = sources.map((source) => Map.groupBy(source, ({ loose }) => loose));
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting<unknown>][]) {
    const loose = looseKey(setting.key);
    const given = byKey.map((source) => source.get(loose)).find((found) => found !== undefined) ?? [];
    const [first] = given;
    if (first !== undefined) origins[name] = first.origin;
    const { value, problem } = readValue(setting, given);
    if (problem !== undefined) problems.push(`${setting.key}: ${problem}`);
    else if (value !== undefined) values[name] = value;
  }
  return { values: values as Partial<SettingValues>, origins, problems };
}

/** The value of one setting from all that one source gave for it; its default where that is nothing. */
export function readValue<T>(
  setting: Setting<T>,
  given: readonly GivenValue[],
): { readonly value?: T; readonly problem?: string } {
  const [first] = given;
  const problem = contradiction(given) ?? unreadable(first);
  if (problem !== undefined) return { problem };
  const text = first?.text ?? setting.fallback;
  if (text === null) return {};
  const read = setting.type.schema.safeParse(text);
  if (read.success) return { value: read.data };
  const why = read.error.issues.map((issue) => issue.message).join('; ');
  return { problem: `${why}${shown(text, setting)}${from(first)}` };
}

/** One key in two spellings is fine while they agree; otherwise it is not known which one was meant. */
function contradiction(given: readonly GivenValue[]): string | undefined {
  const [first, ...others] = given;
  const other = others.find((value) => value.text !== first?.text);
  return other && first ? `given twice, differently (${first.origin}; ${other.origin})` : undefined;
}

function unreadable(given: GivenValue | undefined): string | undefined {
  return given?.unreadable === undefined ? undefined : `${given.unreadable} (${given.origin})`;
}

/** A value that may hold a password or a signature in a URL is not shown either. */
function shown(text: string, setting: Setting<unknown>): string {
  if (setting.secret || text.trim() === '' || /@|:\/\/.*[?#]/s.test(text)) return '';
  return `, got '${text.length > 60 ? `${text.slice(0, 60)}...` : text}'`;
}

function from(given: GivenValue | undefined): string {
  return given === undefined ? '' : ` (${given.origin})`;
}
