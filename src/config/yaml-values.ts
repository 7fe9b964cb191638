// Reads `application.yaml` into values with their lines. Every scalar stays the text that was written, so
// that `0123` is not 83. Messages never hold a value: it may be a secret.
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { type GivenValue, type GivenValues, looseKey } from './given-value.ts';
import { type Environment, resolvePlaceholders } from './placeholder.ts';
import { FIXED_ROOT } from './setting-keys.ts';

/** More values than any real configuration holds: bounds what aliases can blow up. */
const NODES_MAX = 10_000;
const DEPTH_MAX = 50;
/** Nobody reads more than this many at once. */
const PROBLEMS_MAX = 20;

/** The values in a YAML text. `source` names the file in messages. */
export function yamlValues(text: string, source: string, env: Environment): GivenValues {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    // Looked at below: the parser compares every key with every other one.
    uniqueKeys: false,
  });
  const origin = (at: number) => `${source} line ${lines.linePos(at).line}`;
  if (document.errors.length === 0) return new YamlReader(document, origin, env).read();
  // Of one line the first problem is told: those behind it follow from it, by the thousand if nested deeply.
  const problems = new Map<string, string>();
  for (const { code, message, pos } of document.errors) {
    const detail =
      code === 'MULTIPLE_DOCS'
        ? 'several documents in one file; keep one, and set the rest by environment variables'
        : message.split(':')[0];
    const place = origin(pos[0]);
    if (!problems.has(place)) problems.set(place, `not valid YAML: ${detail} (${place})`);
    if (problems.size === PROBLEMS_MAX) break;
  }
  return { values: [], problems: [...problems.values()] };
}

class YamlReader {
  readonly #document: Document.Parsed;
  readonly #origin: (at: number) => string;
  readonly #env: Environment;
  readonly #values: GivenValue[] = [];
  readonly #problems: string[] = [];
  #nodes = 0;

  constructor(document: Document.Parsed, origin: (at: number) => string, env: Environment) {
    this.#document = document;
    this.#origin = origin;
    this.#env = env;
  }

  read(): GivenValues {
    const root = this.#document.contents;
    if (isMap(root)) this.#visit(root, [], 0);
    else if (root !== null && !(isScalar(root) && isUnset(root))) {
      this.#problems.push(`expected keys and values, such as \`zeebe:\` (${this.#origin(root.range[0])})`);
    }
    if (this.#nodes > NODES_MAX) this.#problems.push(`the YAML holds more than ${NODES_MAX} values`);
    return { values: this.#values, problems: this.#problems };
  }

  #visit(node: unknown, path: readonly string[], at: number): void {
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX) return;
    if (path.length > DEPTH_MAX) {
      this.#problem(`nested deeper than ${DEPTH_MAX} levels`, at);
    } else if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) this.#problem(`${path.join('.')}: the alias names no anchor before it`, at);
      else this.#visit(target, path, at);
    } else if (isMap(node)) {
      const seen = new Set<string>();
      for (const { key, value } of node.items) {
        const start = isScalar(key) ? (key.range?.[0] ?? at) : at;
        if (!isScalar(key)) this.#problem('a key is no plain text', start);
        else if (seen.size === seen.add(String(key.value)).size) this.#problem('a key is there twice', start);
        else if (key.value === '<<') this.#problem('merge keys (<<) are not read; write the keys out', start);
        else this.#visit(value, [...path, String(key.value)], start);
      }
    } else if (isSeq(node)) {
      this.#list(node.items, path, at);
    } else if (isScalar(node) && !isUnset(node)) {
      this.#add(String(node.value), path, at);
    }
  }

  /**
   * A list of plain values is the same as these values with commas between them. Of the other lists one is read,
   * with an index in the path; the rest are nobody's setting.
   */
  #list(items: readonly unknown[], path: readonly string[], at: number): void {
    if (looseKey(path.join('.')).startsWith(FIXED_LOOSE)) {
      const [last = ''] = path.slice(-1);
      for (const [index, item] of items.entries()) {
        this.#visit(item, [...path.slice(0, -1), `${last}[${index}]`], startOf(item) ?? at);
      }
      return;
    }
    this.#nodes += items.length;
    if (items.every((item) => isScalar(item)))
      this.#add(items.map((item) => String(item.value)).join(','), path, at);
  }

  #add(text: string, path: readonly string[], at: number): void {
    const spelling = path.join('.');
    const resolved = resolvePlaceholders(text, this.#env);
    const place = { spelling, loose: looseKey(spelling), origin: this.#origin(at) };
    this.#values.push(
      resolved.isOk()
        ? { ...place, text: resolved.value }
        : { ...place, text: '', unreadable: resolved.error },
    );
  }

  #problem(text: string, at: number): void {
    this.#problems.push(`${text} (${this.#origin(at)})`);
  }
}

const FIXED_LOOSE = looseKey(FIXED_ROOT);

function startOf(item: unknown): number | undefined {
  return isNode(item) ? item.range?.[0] : undefined;
}

/** `key:`, `key: ~` and `key: null` say that there is no value. A quoted text is one, even the empty. */
function isUnset(scalar: { readonly value: unknown; readonly type?: string | undefined }): boolean {
  return scalar.value === null || (scalar.type === 'PLAIN' && /^(~|null|)$/i.test(String(scalar.value)));
}
