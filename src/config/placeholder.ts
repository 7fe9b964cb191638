// Resolves `${NAME}` and `${NAME:default}` in a value, from the environment alone. What a variable holds is
// taken as it is and not looked through again.
import { err, ok, type Result } from 'neverthrow';
import { looseKey } from './given-value.ts';

/** The environment: variables that are not set are absent or undefined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Defaults that hold placeholders that hold defaults: nobody writes more levels than this. */
const DEPTH_MAX = 20;

/** Fills the placeholders in; the error says which one could not be. */
export function resolvePlaceholders(text: string, env: Environment, depth = 0): Result<string, string> {
  if (depth > DEPTH_MAX) return err(`placeholders are nested deeper than ${DEPTH_MAX} levels`);
  let resolved = '';
  let rest = text;
  for (;;) {
    const start = rest.indexOf('${');
    if (start < 0) return ok(resolved + rest);
    const end = closingBrace(rest, start + 2);
    if (end === undefined) return err('a placeholder has no closing brace');
    resolved += rest.slice(0, start);
    const inner = rest.slice(start + 2, end);
    const colon = inner.indexOf(':');
    const name = colon < 0 ? inner : inner.slice(0, colon);
    const found = lookUp(name.trim(), env);
    if (found !== undefined) resolved += found;
    else if (colon < 0) return err(`the placeholder names '${name.slice(0, 60)}', which is not set`);
    else {
      const fallback = resolvePlaceholders(inner.slice(colon + 1), env, depth + 1);
      if (fallback.isErr()) return fallback;
      resolved += fallback.value;
    }
    rest = rest.slice(end + 1);
  }
}

function closingBrace(text: string, from: number): number | undefined {
  let depth = 1;
  for (let at = from; at < text.length; at += 1) {
    if (text.startsWith('${', at)) depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return undefined;
}

/** The variable of exactly this name, or the one that would set the key of this name. */
function lookUp(name: string, env: Environment): string | undefined {
  if (Object.hasOwn(env, name) && env[name] !== undefined) return env[name];
  if (!name.includes('.')) return undefined;
  const loose = looseKey(name);
  return Object.entries(env).find(([variable]) => looseKey(variable) === loose)?.[1];
}
