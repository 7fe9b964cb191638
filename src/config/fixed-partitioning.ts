// Zeebe's FIXED partitioning: the list of partitions with their nodes, held against the numbers of the cluster as a
// broker does before it starts. One source gives the whole list, as in Spring: entries are not merged.
import type { PartitionId } from '../core/ids.ts';
import type { FixedPartition } from '../core/partition-distribution.ts';
import type { GivenValue } from './given-value.ts';
import { looseKey } from './given-value.ts';
import { type ReadValues, readValue } from './read-values.ts';
import { FIXED_ROOT, FIXED_SETTINGS, SETTINGS } from './setting-keys.ts';

const ENTRY = new RegExp(`^${looseKey(FIXED_ROOT)}(\\d{1,4})(partitionid|nodes(\\d{1,5})(nodeid|priority))$`);
/** Nobody reads more than this many at once. */
const PROBLEMS_MAX = 20;

type Field = keyof typeof FIXED_SETTINGS;
type Fields = Partial<Record<Field, GivenValue[]>>;

interface Entry {
  readonly fields: Fields;
  readonly nodes: Map<number, Fields>;
}

/** Whether a key, in its loose spelling, belongs to an entry of the list. */
export function isFixedKey(loose: string): boolean {
  return ENTRY.test(loose);
}

/** The list, where the scheme is FIXED. Each problem begins with the key that is wrong. */
export function readFixedPartitions(
  sources: readonly (readonly GivenValue[])[],
  values: ReadValues['values'],
): { readonly partitions?: readonly FixedPartition[]; readonly problems: readonly string[] } {
  if (values.partitioningScheme !== 'FIXED') return { problems: [] };
  const entries = sources.map(entriesOf).find(({ size }) => size > 0) ?? new Map<number, Entry>();
  const reader = new FixedReader(values);
  const partitions = reader.read(entries);
  const { problems } = reader;
  if (problems.length <= PROBLEMS_MAX) return problems.length === 0 ? { partitions, problems } : { problems };
  const more = `${FIXED_ROOT}: and ${problems.length - PROBLEMS_MAX} more problems`;
  return { problems: [...problems.slice(0, PROBLEMS_MAX), more] };
}

/** What a source gives, by the indexes of the entry and of the node. */
function entriesOf(source: readonly GivenValue[]): Map<number, Entry> {
  const entries = new Map<number, Entry>();
  for (const given of source) {
    const [, index, what, node, ofNode] = ENTRY.exec(given.loose) ?? [];
    if (index === undefined) continue;
    const entry = entries.get(Number(index)) ?? { fields: {}, nodes: new Map() };
    entries.set(Number(index), entry);
    if (what === 'partitionid') push(entry.fields, 'partitionId', given);
    else {
      const fields = entry.nodes.get(Number(node)) ?? {};
      entry.nodes.set(Number(node), fields);
      push(fields, ofNode === 'nodeid' ? 'nodeId' : 'priority', given);
    }
  }
  return entries;
}

function push(fields: Fields, field: Field, given: GivenValue): void {
  fields[field] = [...(fields[field] ?? []), given];
}

class FixedReader {
  readonly problems: string[] = [];
  readonly #values: ReadValues['values'];
  /** The key of the entry that named a partition first. */
  readonly #named = new Map<PartitionId, string>();

  constructor(values: ReadValues['values']) {
    this.#values = values;
  }

  read(entries: ReadonlyMap<number, Entry>): FixedPartition[] {
    const partitions: FixedPartition[] = [];
    for (const [key, { fields, nodes }] of this.#inOrder(FIXED_ROOT, entries)) {
      const partitionId = this.#needed('partitionId', `${key}.partitionId`, fields);
      if (partitionId !== undefined) this.#namesPartition(partitionId, key, fields);
      const nodeIds = this.#nodes(`${key}.nodes`, nodes);
      if (partitionId !== undefined) partitions.push({ partitionId, nodeIds });
    }
    const { partitionsCount = 0 } = this.#values;
    // An entry that cannot be read may be the one that is missing.
    for (let id = 1; id <= partitionsCount && partitions.length === entries.size; id += 1) {
      if (!this.#named.has(id)) this.problems.push(`${FIXED_ROOT}: there is no entry for partition ${id}`);
    }
    return partitions.sort((a, b) => a.partitionId - b.partitionId);
  }

  #namesPartition(partitionId: PartitionId, key: string, fields: Fields): void {
    const { partitionsCount } = this.#values;
    const first = this.#named.get(partitionId);
    const problem = (what: string) => this.#problem(`${key}.partitionId`, what, fields.partitionId);
    if (first === undefined) this.#named.set(partitionId, key);
    else problem(`partition ${partitionId} has an entry already, ${first}`);
    if (partitionsCount !== undefined && partitionId > partitionsCount) {
      problem(`${partitionId} is above ${SETTINGS.partitionsCount.key} (${partitionsCount})`);
    }
  }

  #nodes(list: string, nodes: ReadonlyMap<number, Fields>): number[] {
    const { clusterSize, replicationFactor } = this.#values;
    const nodeIds: number[] = [];
    for (const [key, fields] of this.#inOrder(list, nodes)) {
      this.#read('priority', `${key}.priority`, fields);
      const nodeId = this.#needed('nodeId', `${key}.nodeId`, fields);
      if (nodeId === undefined) continue;
      const problem = (what: string) => this.#problem(`${key}.nodeId`, what, fields.nodeId);
      if (nodeIds.includes(nodeId)) problem(`node ${nodeId} is in the list already`);
      if (clusterSize !== undefined && nodeId >= clusterSize) {
        problem(`${nodeId} is not below ${SETTINGS.clusterSize.key} (${clusterSize})`);
      }
      nodeIds.push(nodeId);
    }
    if (replicationFactor !== undefined && nodes.size !== replicationFactor) {
      const due = `${SETTINGS.replicationFactor.key} is ${replicationFactor}`;
      this.problems.push(`${list}: there are ${nodes.size} nodes, but ${due}`);
    }
    return nodeIds;
  }

  /** The items with their keys. A list has no gaps: Spring would drop what is behind one. */
  #inOrder<T>(list: string, items: ReadonlyMap<number, T>): [string, T][] {
    const sorted = [...items].sort(([a], [b]) => a - b);
    const gap = sorted.findIndex(([index], at) => index !== at);
    if (gap >= 0) {
      this.problems.push(`${list}[${gap}]: it is not set, but ${list}[${sorted[gap]?.[0]}] is; leave no gap`);
    }
    return sorted.map(([index, item]) => [`${list}[${index}]`, item]);
  }

  #needed(field: 'partitionId' | 'nodeId', key: string, fields: Fields): number | undefined {
    if (fields[field] === undefined) this.problems.push(`${key}: it is not set`);
    return this.#read(field, key, fields);
  }

  #read(field: Field, key: string, fields: Fields): number | undefined {
    const { value, problem } = readValue<number>(FIXED_SETTINGS[field], fields[field] ?? []);
    if (problem !== undefined) this.problems.push(`${key}: ${problem}`);
    return value;
  }

  #problem(key: string, what: string, given: readonly GivenValue[] = []): void {
    const [first] = given;
    this.problems.push(`${key}: ${what}${first === undefined ? '' : ` (${first.origin})`}`);
  }
}
